//! The columns of dumps: `xxd`, `hexdump -C`, `od -c`, `curl --trace` and the like print a value in lines that begin
//! with an offset. Their digits are one track, the text beside them is another, and text that has a number alone before
//! it is a third.

mod dump;
mod lane;

use memchr::memchr;

use super::cover::Cover;
use super::masks::{Masks, SeedTable};
use super::matcher::Matcher;
use super::value::{LEAST, LONG};
use lane::{Column, Lane};

/// The longest line of a dump.
const LINE: usize = 1024;

/// So much other text may stand between two lines.
const BETWEEN: usize = 2048;

/// What belongs together in a line isn't further apart.
const APART: usize = 24;

/// The columns of a text that grows, and what was found in them.
pub(super) struct Columns {
    digits: Column,
    text: Column,
    numbered: Column,
    matchers: [Matcher; 3],
    /// Where the line begins that isn't looked at.
    line: usize,
    /// Whether the rest of a line is skipped.
    is_skipping: bool,
}

impl Columns {
    pub(super) fn new() -> Self {
        Self {
            digits: Column::new(LEAST),
            text: Column::new(LEAST),
            numbered: Column::new(LONG),
            matchers: [SeedTable::View; 3].map(Matcher::new),
            line: 0,
            is_skipping: false,
        }
    }

    /// Looks at what is new in a text.
    pub(super) fn advance(&mut self, masks: &Masks, text: &[u8], is_end: bool, cover: &mut Cover) {
        self.view(text, is_end);
        let Self { digits, text: column, numbered, line, matchers, .. } = self;
        for (matcher, column) in matchers.iter_mut().zip([digits, column, numbered]) {
            if !column.is_empty() {
                matcher.advance(masks, &column.track(text, *line), is_end, cover);
            }
        }
    }

    /// Looks at the lines.
    pub(super) fn view(&mut self, text: &[u8], is_end: bool) {
        self.lines(text, is_end);
        self.numbered.expire(self.line);
        if is_end {
            self.numbered.close();
        }
    }

    fn lines(&mut self, text: &[u8], is_end: bool) {
        while self.line < text.len() {
            let rest = &text[self.line..];
            let may_be = !self.is_skipping && dump::may_begin(&rest[..rest.len().min(LINE)]);
            let end = match memchr(b'\n', rest) {
                Some(end) => end + 1,
                None if may_be && rest.len() < LINE && !is_end => return,
                None => rest.len(),
            };
            // However it is cut, a line is one of a dump if its line break is near enough, or the text's end.
            let is_whole = rest[end - 1] == b'\n' || is_end && end < LINE;
            if may_be && is_whole && end <= LINE {
                self.dump(&rest[..end], self.line);
            }
            self.is_skipping = rest[end - 1] != b'\n';
            self.line += end;
        }
    }

    /// The columns as tracks.
    pub(super) fn lanes<'c>(&'c self, text: &'c [u8]) -> [Lane<'c>; 3] {
        [&self.digits, &self.text, &self.numbered].map(|column| column.track(text, self.line))
    }

    /// Takes a line of a dump, if it is one.
    fn dump(&mut self, line: &[u8], start: usize) {
        let Some((from, has_offset)) = dump::offset(line) else {
            if let Some(cells) = dump::cells(line) {
                self.text.add(cells.map(|(at, byte)| (byte, start + at)));
            }
            return;
        };
        let groups = dump::groups(line, from);
        let digits = line[from..groups].iter().filter(|byte| byte.is_ascii_hexdigit()).count();
        let letters = |range: std::ops::Range<usize>, is: fn(&u8) -> bool| {
            range.filter(move |at| is(&line[*at])).map(move |at| (line[at], start + at))
        };
        if digits >= 4 || digits > 0 && has_offset {
            self.digits.add(letters(from..groups, u8::is_ascii_hexdigit));
            self.text.add(letters(groups..line.len(), u8::is_ascii_alphanumeric));
            return;
        }
        if !has_offset {
            return;
        }
        if let Some(cells) = dump::cells(&line[groups..]) {
            self.text.add(cells.map(|(at, byte)| (byte, start + groups + at)));
        } else {
            let body = line.strip_suffix(b"\n").unwrap_or(line);
            let from = groups + usize::from(line[groups..].starts_with(b" "));
            self.numbered.add_units(&body[from.min(body.len())..], start + from, start);
        }
    }

    /// From where on the text is still needed.
    pub(super) fn needed(&self, text: &[u8]) -> usize {
        let columns = self.matchers.iter().zip(self.lanes(text));
        columns.fold(self.numbered.needed(self.line), |needed, (matcher, lane)| needed.min(matcher.needed(&lane)))
    }

    /// Up to where the text may be shown when the input has paused.
    pub(super) fn paused(&self, masks: &Masks, text: &[u8]) -> usize {
        let paused = self.matchers.iter().zip(self.lanes(text));
        paused.fold(text.len(), |limit, (matcher, lane)| limit.min(matcher.paused(masks, &lane)))
    }

    /// Counts from a later place on.
    pub(super) fn forget(&mut self, bytes: usize) {
        let columns = [&mut self.digits, &mut self.text, &mut self.numbered];
        for (matcher, column) in self.matchers.iter_mut().zip(columns) {
            matcher.forget(column.forget(bytes), bytes);
        }
        self.line -= bytes;
    }
}

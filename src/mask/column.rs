//! The columns of dumps: `xxd`, `hexdump -C`, `od -c`, `curl --trace` and the like print a value in lines that begin
//! with an offset. Their digits are one track, the text beside them is another, and text that has a number alone before
//! it is a third.

mod content;
mod dump;
mod lane;

use std::ops::Range;

use memchr::memchr;
use zeroize::Zeroizing;

use super::cover::Cover;
use super::masks::{Masks, SeedTable};
use super::matcher::Matcher;
use super::value::{LEAST, LONG};
use content::{Content, Place};
use lane::{Column, Lane};

/// The longest line of a dump.
const LINE: usize = 1024;

/// So much other text may stand between two lines.
const BETWEEN: usize = 2048;

/// What belongs together in a line isn't further apart.
const APART: usize = 24;

/// The fewest digits of a line that has nothing else, unless it follows another line of a dump.
const PLAIN: usize = 12;

/// The bytes of a line of `curl --trace`, whose text stands one blank beside them.
const TRACED: usize = 16;

/// The columns of a text that grows, and what was found in them.
pub(super) struct Columns {
    digits: Column,
    text: Column,
    numbered: Column,
    matchers: [Matcher; 3],
    /// What the digits stand for, and what cells show.
    contents: [Content; 2],
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
            contents: [Content::new(), Content::new()],
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
        self.contents.iter_mut().for_each(|content| content.advance(masks, is_end, cover));
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
            let before = self.contents.each_ref().map(Content::end);
            if may_be && is_whole && end <= LINE {
                self.dump(&rest[..end], self.line);
            }
            for (content, before) in self.contents.iter_mut().zip(before) {
                content.pass(end, before, self.line + end);
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
        let is_adjacent = self.contents[0].is_adjacent();
        if dump::is_plain(line) {
            if line.len() > PLAIN || is_adjacent {
                self.pairs(line, 0..line.len(), start);
            }
            return;
        }
        let Some((from, has_offset)) = dump::offset(line) else {
            self.cells(line, start);
            return;
        };
        let groups = dump::groups(line, from);
        let digits = line[from..groups].iter().filter(|byte| byte.is_ascii_hexdigit()).count();
        // The last line may have a single byte.
        let is_last = is_adjacent && line[groups..].trim_ascii().is_empty();
        if digits >= 4 || digits > 0 && (has_offset || is_last) {
            let groups = self.pairs(line, from..groups, start);
            let letters = |range: Range<usize>, is: fn(&u8) -> bool| {
                range.filter(move |at| is(&line[*at])).map(move |at| (line[at], start + at))
            };
            self.digits.add(letters(from..groups, u8::is_ascii_hexdigit));
            self.text.add(letters(groups..line.len(), u8::is_ascii_alphanumeric));
            return;
        }
        if has_offset && !self.cells(&line[groups..], start + groups) {
            let body = line.strip_suffix(b"\n").unwrap_or(line);
            let from = groups + usize::from(line[groups..].starts_with(b" "));
            self.numbered.add_units(&body[from.min(body.len())..], start + from, start);
        }
    }

    /// Takes the bytes that digits stand for, and tells where they end.
    fn pairs(&mut self, line: &[u8], Range { start: from, mut end }: Range<usize>, start: usize) -> usize {
        let (places, mut bytes): (Vec<usize>, Zeroizing<Vec<u8>>) = {
            let (places, bytes) = dump::pairs(&line[from..end]).unzip();
            (places, Zeroizing::new(bytes))
        };
        let body = line.trim_ascii_end();
        if let Some(last) = places.get(TRACED - 1).map(|last| from + last + 2)
            && bytes.len() > TRACED
            && dump::beside(line.strip_suffix(b"\n").unwrap_or(line), last, &bytes[..TRACED]) == Some(last + 1)
        {
            // What follows are no digits but text.
            bytes.truncate(TRACED);
            end = last;
        }
        let beside = dump::beside(body, end, &bytes).or_else(|| dump::beside(line, end, &bytes));
        self.contents[0].add(bytes.iter().zip(&places).enumerate().map(|(number, (byte, at))| {
            let at = start + from + at;
            (
                *byte,
                Place {
                    range: at..at + 2,
                    beside: beside.map(|beside| start + beside + number),
                    is_first: number == 0,
                },
            )
        }));
        end
    }

    /// Takes the bytes of a line of cells, if it is one.
    fn cells(&mut self, line: &[u8], start: usize) -> bool {
        let Some(cells) = dump::cells(line) else { return false };
        self.contents[1].add(cells.enumerate().map(|(number, (range, byte))| {
            let range = start + range.start..start + range.end;
            (byte, Place { range, beside: None, is_first: number == 0 })
        }));
        true
    }

    /// The texts that dumps have.
    #[cfg(test)]
    pub(super) fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// From where on the text is still needed.
    pub(super) fn needed(&self, text: &[u8]) -> usize {
        let columns = self.matchers.iter().zip(self.lanes(text));
        let needed =
            columns.fold(self.numbered.needed(self.line), |needed, (matcher, lane)| needed.min(matcher.needed(&lane)));
        self.contents.iter().fold(needed, |needed, content| needed.min(content.needed(self.line)))
    }

    /// Up to where the text may be shown when the input has paused.
    pub(super) fn paused(&self, masks: &Masks, text: &[u8]) -> usize {
        let paused = self.matchers.iter().zip(self.lanes(text));
        let limit = paused.fold(text.len(), |limit, (matcher, lane)| limit.min(matcher.paused(masks, &lane)));
        self.contents.iter().fold(limit, |limit, content| limit.min(content.paused(masks, text.len())))
    }

    /// Counts from a later place on.
    pub(super) fn forget(&mut self, bytes: usize) {
        let columns = [&mut self.digits, &mut self.text, &mut self.numbered];
        for (matcher, column) in self.matchers.iter_mut().zip(columns) {
            matcher.forget(column.forget(bytes), bytes);
        }
        self.contents.iter_mut().for_each(|content| content.forget(bytes));
        self.line -= bytes;
    }
}

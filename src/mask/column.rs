//! The columns of dumps: `xxd`, `hexdump -C`, `od -c`, `curl --trace` and the like print a value in lines that begin
//! with an offset. Their digits are one track, the text beside them is another, and text that has a number alone before
//! it is a third.

use memchr::memchr;

use super::buffer::Buffer;
use super::cover::Cover;
use super::masks::{Masks, SeedTable};
use super::matcher::Matcher;
use super::pattern::LEAST;
use super::track::{Track, units};
use super::value::LONG;

/// The longest line of a dump.
const LINE: usize = 1024;

/// So much other text may stand between two lines.
const BETWEEN: usize = 2048;

/// What belongs together in a line isn't further apart.
const APART: usize = 24;

/// The fewest digits of an offset, and the most.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

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

/// A column: characters, and where they stand.
struct Column {
    chars: Buffer<u8>,
    starts: Vec<u32>,
    /// Characters before which there is too much other text.
    breaks: Vec<usize>,
    /// Where the last line of it ended, and whether that is known.
    last: Option<usize>,
    /// The shortest pattern that is looked for.
    least: usize,
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
            if column.last.is_some() {
                matcher.advance(masks, &column.track(text, *line), is_end, cover);
            }
        }
    }

    /// Looks at the lines.
    pub(super) fn view(&mut self, text: &[u8], is_end: bool) {
        while self.line < text.len() {
            let rest = &text[self.line..];
            let may_be = !self.is_skipping && begins_dump(&rest[..rest.len().min(LINE)]);
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
        let Some((from, has_offset)) = offset(line) else { return };
        let groups = groups(line, from);
        let digits = line[from..groups].iter().filter(|byte| byte.is_ascii_hexdigit()).count();
        if digits == 0 && !has_offset || digits > 0 && digits < 4 && !has_offset {
            return;
        }
        if digits > 0 {
            let places = (from..groups).filter(|at| line[*at].is_ascii_hexdigit());
            self.digits.add(places.map(|at| (line[at], start + at)), start, start + line.len());
        }
        let end = start + line.len();
        if digits > 0 {
            let places = (groups..line.len()).filter(|at| line[*at].is_ascii_alphanumeric());
            self.text.add(places.map(|at| (line[at], start + at)), start, end);
        } else if let Some(cells) = cells(&line[groups..]) {
            self.numbered.add(cells.map(|(at, byte)| (byte, start + groups + at)), start, end);
        } else {
            let mut at = groups;
            let found = units(line, groups, line.len()).filter_map(|(end, character)| {
                let place = start + std::mem::replace(&mut at, end);
                let byte = u8::try_from(character?).ok().filter(u8::is_ascii_alphanumeric)?;
                Some((byte, place))
            });
            self.numbered.add(found, start, end);
        }
    }

    /// From where on the text is still needed.
    pub(super) fn needed(&self, text: &[u8]) -> usize {
        let needed = self.matchers.iter().zip(self.lanes(text)).filter(|(_, lane)| lane.column.last.is_some());
        needed.fold(self.line, |needed, (matcher, lane)| needed.min(matcher.needed(&lane)))
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

/// Whether a line may be one of a dump, by what there is of it.
fn begins_dump(line: &[u8]) -> bool {
    // Most lines are ruled out by their first bytes.
    let Some(first) = line.first() else { return true };
    if !(first.is_ascii_hexdigit() || b" \t|".contains(first)) {
        return false;
    }
    let blanks = line.iter().take_while(|byte| b" \t|".contains(byte)).count();
    let rest = &line[blanks..];
    let rest = rest.strip_prefix(b"0x").unwrap_or(rest);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match rest.get(digits) {
        _ if blanks > APART => false,
        None => digits <= *OFFSET.end(),
        Some(b'\t' | b'|') => digits > 0,
        Some(b':') if OFFSET.contains(&digits) => true,
        Some(b':') => digits > 0 && rest.get(digits + 1).is_none_or(|next| *next == b' '),
        Some(b' ') => OFFSET.contains(&digits) || digits == 2,
        Some(_) => false,
    }
}

/// Where the columns of a line begin, and whether there is an offset before them.
fn offset(line: &[u8]) -> Option<(usize, bool)> {
    let blanks = line.iter().take_while(|byte| b" \t|".contains(byte)).count();
    let prefix = blanks + if line[blanks..].starts_with(b"0x") { 2 } else { 0 };
    let digits = line[prefix..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end = prefix + digits;
    if digits == 2 && prefix == blanks {
        return Some((blanks, false));
    }
    let colon = usize::from(line.get(end) == Some(&b':'));
    if digits > 0
        && line[prefix..end].iter().all(u8::is_ascii_digit)
        && (matches!(line.get(end), Some(b'\t' | b'|')) || digits < *OFFSET.start() && line[end..].starts_with(b": "))
    {
        return Some((end + 1, true));
    }
    (OFFSET.contains(&digits) && line.get(end + colon) == Some(&b' ')).then_some((end + colon, true))
}

/// Where the groups of digits end that begin at a place of a line.
fn groups(line: &[u8], from: usize) -> usize {
    let (mut size, mut count, mut end) = (0, 0, from);
    loop {
        let blanks = line[end..].iter().take_while(|byte| **byte == b' ').count();
        // A wider gap is before the first group, or in the middle.
        if count > 0 && blanks > 1 && !(blanks == 2 && count == 8) || count > 0 && blanks == 0 {
            return end;
        }
        let group = &line[end + blanks..];
        let digits = group.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let is_last = matches!(group.get(digits), None | Some(b'\n' | b'\r')) || group[digits..].starts_with(b"  ");
        let is_group = if size == 0 { [2, 4, 8].contains(&digits) } else { digits == size || is_last && digits < size };
        if digits == 0
            || digits % 2 != 0
            || !is_group
            || !matches!(group.get(digits), None | Some(b' ' | b'\n' | b'\r'))
        {
            return end;
        }
        size = size.max(digits);
        count += digits / 2;
        end += blanks + digits;
    }
}

/// The single characters of a line in which each has a cell of four bytes, as in `od -c`.
fn cells(rest: &[u8]) -> Option<impl Iterator<Item = (usize, u8)> + '_> {
    let line = rest.strip_suffix(b"\n").unwrap_or(rest);
    let is_cell = |cell: &[u8]| cell.len() == 4 && cell[0] == b' ' && cell[1..].trim_ascii_start().len() <= 3;
    let are_cells = !line.is_empty() && line.chunks(4).all(is_cell) && line.starts_with(b" ");
    are_cells.then(|| {
        let cells = line.chunks(4).enumerate();
        cells
            .filter(|(_, cell)| cell[1] == b' ' && cell[2] == b' ' && cell[3].is_ascii_alphanumeric())
            .map(|(at, cell)| (4 * at + 3, cell[3]))
    })
}

impl Column {
    fn new(least: usize) -> Self {
        Self { chars: Buffer::new(), starts: Vec::new(), breaks: Vec::new(), last: None, least }
    }

    /// Adds the characters of a line.
    fn add(&mut self, chars: impl Iterator<Item = (u8, usize)>, from: usize, to: usize) {
        if self.last.is_some_and(|last| from - last > BETWEEN) {
            self.breaks.push(self.chars.len());
        }
        for (byte, start) in chars {
            self.chars.push(byte);
            self.starts.push(u32::try_from(start).expect("internal error: less than 4 GiB are held"));
        }
        self.last = Some(to);
    }

    fn track<'c>(&'c self, text: &'c [u8], viewed: usize) -> Lane<'c> {
        Lane { column: self, text, viewed }
    }

    fn forget(&mut self, bytes: usize) -> usize {
        let gone = self.starts.partition_point(|start| (*start as usize) < bytes);
        let count = self.chars.len();
        self.chars.keep(gone..count);
        self.starts.drain(..gone);
        let by = u32::try_from(bytes).expect("internal error: less than 4 GiB are held");
        self.starts.iter_mut().for_each(|start| *start -= by);
        self.breaks.retain_mut(|at| {
            let is_kept = *at > gone;
            *at = at.saturating_sub(gone);
            is_kept
        });
        self.last = self.last.and_then(|last| last.checked_sub(bytes));
        gone
    }
}

/// A column as a track through its text.
pub(super) struct Lane<'c> {
    column: &'c Column,
    text: &'c [u8],
    viewed: usize,
}

impl Track for Lane<'_> {
    fn chars(&self) -> &[u8] {
        &self.column.chars
    }

    fn text(&self) -> &[u8] {
        self.text
    }

    fn start(&self, at: usize) -> usize {
        self.column.starts[at] as usize
    }

    fn end(&self, at: usize) -> usize {
        self.start(at) + 1
    }

    fn next_break(&self, at: usize) -> usize {
        let breaks = &self.column.breaks;
        breaks.get(breaks.partition_point(|one| *one <= at)).copied().unwrap_or(usize::MAX)
    }

    fn frontier(&self) -> usize {
        self.viewed
    }

    fn is_broken(&self) -> bool {
        self.column.last.is_none_or(|last| self.viewed - last > BETWEEN)
    }

    fn gap_before(&self, at: usize) -> usize {
        self.start(at)
    }

    fn column(&self) -> Option<usize> {
        Some(self.column.least)
    }

    fn cover(&self, from: usize, to: usize, cover: &mut Cover) {
        let mut first = from;
        for at in from + 1..=to {
            if at == to || self.start(at) - self.start(at - 1) > APART {
                cover.add(self.start(first)..self.end(at - 1));
                first = at;
            }
        }
    }
}

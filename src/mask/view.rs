//! The skeleton of a text: its ASCII letters and digits, units decoded, and where in the text they stand.
//!
//! What tools put between and around the characters of a value is no letter or digit, or is a unit, so that a value
//! keeps its skeleton however it is quoted, escaped, folded or coloured.

use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::escape::{Unit, is_special, last_unit, unit};
use super::track::Track;

/// The widest gap between two characters of a value, in bytes of the text.
pub(super) const GAP: usize = 256;

/// So many bytes are looked at together.
const BLOCK: usize = 32;

/// Which bytes are kept.
#[expect(clippy::cast_possible_truncation, reason = "there are 128")]
static KEPT: [bool; 256] = {
    let mut kept = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        kept[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    kept
};

/// The view of a text that grows at its end and is forgotten from its beginning.
pub(super) struct View {
    /// The characters; more memory than there are.
    chars: Buffer<u8>,
    /// Where the unit of each stands in the text.
    starts: Vec<u32>,
    /// How many there are.
    count: usize,
    /// Characters before which there is a gap that is too wide.
    breaks: Vec<usize>,
    /// Up to where the text is viewed.
    viewed: usize,
    /// Whether something was forgotten, so that what lies before the first character isn't known.
    is_cut: bool,
}

impl View {
    pub(super) fn new() -> Self {
        Self { chars: Buffer::new(), starts: Vec::new(), count: 0, breaks: Vec::new(), viewed: 0, is_cut: false }
    }

    /// How many characters there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Views what is new in a text. A unit at its end that isn't complete waits, unless this is the end.
    pub(super) fn advance(&mut self, text: &[u8], is_end: bool) {
        let room = self.count + text.len() - self.viewed + BLOCK;
        if self.starts.len() < room {
            self.chars.resize(room);
            self.starts.resize(room, 0);
        }
        while self.viewed < text.len() {
            while let Some(block) = text[self.viewed..].first_chunk()
                && self.block(block)
            {}
            if !self.units(text, is_end) {
                break;
            }
        }
    }

    /// Views a block and the byte behind it, if it has no units.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a text that is held has less than 4 GiB")]
    #[expect(clippy::needless_bitwise_bool, reason = "many are looked at together")]
    fn block(&mut self, block: &[u8; BLOCK + 1]) -> bool {
        let mut has_units = false;
        for at in 0..BLOCK {
            has_units |= is_special(block[at]) | ((block[at] == b'0') & (block[at + 1] | 0x20 == b'x'));
        }
        if has_units {
            return false;
        }
        let room = self.count..self.count + BLOCK;
        let chars: &mut [u8; BLOCK] = (&mut self.chars[room.clone()]).try_into().expect("internal error: room");
        let starts: &mut [u32; BLOCK] = (&mut self.starts[room]).try_into().expect("internal error: room");
        let mut kept = 0;
        for at in 0..BLOCK {
            chars[kept % BLOCK] = block[at];
            starts[kept % BLOCK] = (self.viewed + at) as u32;
            kept += usize::from(KEPT[usize::from(block[at])]);
        }
        if kept > 0 {
            self.note_gap();
        }
        self.count += kept;
        self.viewed += BLOCK;
        true
    }

    /// Views about a block, unit by unit; whether there is more to view.
    fn units(&mut self, text: &[u8], is_end: bool) -> bool {
        let stop = text.len().min(self.viewed + BLOCK);
        while self.viewed < stop {
            let rest = &text[self.viewed..stop];
            let plain = rest.iter().position(|byte| is_special(*byte) || *byte == b'0').unwrap_or(rest.len());
            self.plain(&rest[..plain]);
            if plain == rest.len() {
                break;
            }
            let (length, character) = match unit(text, self.viewed) {
                Unit::Coded(length, character) => (length, character),
                Unit::More if !is_end => return false,
                Unit::More => last_unit(text, self.viewed),
                Unit::Plain => (1, Some(u32::from(text[self.viewed]))),
            };
            let end = self.viewed + length;
            if let Some(character) = character.and_then(|character| u8::try_from(character).ok()) {
                self.plain(&[character]);
            }
            self.viewed = end;
        }
        true
    }

    /// Views bytes that stand for themselves.
    #[expect(clippy::cast_possible_truncation, reason = "a text that is held has less than 4 GiB")]
    fn plain(&mut self, bytes: &[u8]) {
        let mut count = self.count;
        for (at, byte) in bytes.iter().enumerate() {
            self.chars[count] = *byte;
            self.starts[count] = (self.viewed + at) as u32;
            count += usize::from(KEPT[usize::from(*byte)]);
        }
        if count > self.count {
            self.note_gap();
        }
        self.count = count;
        self.viewed += bytes.len();
    }

    /// Notes the gap before the character that comes next.
    #[inline]
    fn note_gap(&mut self) {
        if self.count > 0 && (self.starts[self.count] - self.starts[self.count - 1]) as usize > GAP {
            self.breaks.push(self.count);
        }
    }

    /// How many characters begin before a place of the text.
    pub(super) fn before(&self, place: usize) -> usize {
        self.starts[..self.count].partition_point(|start| (*start as usize) < place)
    }

    /// Forgets the beginning of the text, and its characters; tells how many. The first byte before what is viewed next
    /// must stay.
    pub(super) fn forget(&mut self, bytes: usize) -> usize {
        let gone = self.before(bytes);
        let by = u32::try_from(bytes).expect("internal error: less than 4 GiB are held");
        self.chars.copy_within(gone..self.count, 0);
        self.starts.copy_within(gone..self.count, 0);
        self.count -= gone;
        self.starts[..self.count].iter_mut().for_each(|start| *start -= by);
        self.breaks.retain_mut(|at| {
            let is_kept = *at > gone;
            *at = at.saturating_sub(gone);
            is_kept
        });
        self.viewed -= bytes;
        self.is_cut |= bytes > 0;
        gone
    }

    /// The view as a track through its text.
    pub(super) fn track<'v>(&'v self, text: &'v [u8]) -> Viewed<'v> {
        Viewed { view: self, text }
    }
}

/// A view and its text.
pub(super) struct Viewed<'v> {
    view: &'v View,
    text: &'v [u8],
}

impl Track for Viewed<'_> {
    fn chars(&self) -> &[u8] {
        &self.view.chars[..self.view.count]
    }

    fn text(&self) -> &[u8] {
        self.text
    }

    fn start(&self, at: usize) -> usize {
        self.view.starts[at] as usize
    }

    fn end(&self, at: usize) -> usize {
        let start = self.start(at);
        let byte = self.text[start];
        // A character that stands for itself may begin what looks like a unit that isn't complete.
        if byte == self.view.chars[at] && byte != b'0' { start + 1 } else { start + last_unit(self.text, start).0 }
    }

    fn next_break(&self, at: usize) -> usize {
        let breaks = &self.view.breaks;
        breaks.get(breaks.partition_point(|one| *one <= at)).copied().unwrap_or(usize::MAX)
    }

    fn frontier(&self) -> usize {
        self.view.viewed
    }

    fn is_broken(&self) -> bool {
        let last = self.view.starts[..self.view.count].last();
        self.view.viewed - last.map_or(0, |last| *last as usize) > GAP || self.view.is_cut && self.view.count == 0
    }

    fn gap_before(&self, at: usize) -> usize {
        match at.checked_sub(1) {
            Some(before) if self.next_break(before) != at => self.end(before),
            None if !self.view.is_cut && self.start(at) <= GAP => 0,
            _ => self.start(at),
        }
    }
}

/// The skeleton of a text, but for a unit that isn't complete at its end.
pub(super) fn skeleton(text: &[u8], is_end: bool) -> Zeroizing<Vec<u8>> {
    let mut view = View::new();
    view.advance(text, is_end);
    Zeroizing::new(view.chars[..view.count].to_vec())
}

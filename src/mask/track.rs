//! A track: characters in a row, each of which stands somewhere in a text.

use super::cover::Cover;
use super::escape::last_unit;

/// What patterns are looked for in: a text itself, or a view of it.
pub(super) trait Track {
    /// The characters.
    fn chars(&self) -> &[u8];

    /// The text.
    fn text(&self) -> &[u8];

    /// Where a character begins in the text.
    fn start(&self, at: usize) -> usize;

    /// Where it ends.
    fn end(&self, at: usize) -> usize;

    /// The first character behind `at` before which the gap is too wide.
    fn next_break(&self, at: usize) -> usize;

    /// How long a pattern must be in a column of a dump, where what stands between the characters tells nothing.
    fn column(&self) -> Option<usize> {
        None
    }

    /// The first place where the next character can begin.
    fn frontier(&self) -> usize;

    /// Whether the gap before the next character is too wide.
    fn is_broken(&self) -> bool;

    /// Covers the characters `from..to` in the text, and what stands between them.
    fn cover(&self, from: usize, to: usize, cover: &mut Cover) {
        cover.add(self.start(from)..self.end(to - 1));
    }

    /// Where what lies before a character begins: behind the character before it, if that isn't too far away.
    fn gap_before(&self, at: usize) -> usize;
}

/// A text as it is.
pub(super) struct Raw<'t>(pub(super) &'t [u8]);

impl Track for Raw<'_> {
    fn chars(&self) -> &[u8] {
        self.0
    }

    fn text(&self) -> &[u8] {
        self.0
    }

    fn start(&self, at: usize) -> usize {
        at
    }

    fn end(&self, at: usize) -> usize {
        at + 1
    }

    fn next_break(&self, _: usize) -> usize {
        usize::MAX
    }

    fn frontier(&self) -> usize {
        self.0.len()
    }

    fn is_broken(&self) -> bool {
        false
    }

    fn gap_before(&self, at: usize) -> usize {
        at
    }
}

/// The units of a text between two places: where each ends, and its character.
pub(super) fn units(text: &[u8], mut from: usize, to: usize) -> impl Iterator<Item = (usize, Option<u32>)> {
    std::iter::from_fn(move || {
        (from < to).then(|| {
            let (length, character) = last_unit(text, from);
            from += length;
            (from, character)
        })
    })
}

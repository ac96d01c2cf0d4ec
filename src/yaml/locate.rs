//! From a place in a scalar's text back to the place in the file.

use std::cell::Cell;
use std::ops::Range;

use super::tree::{NodeId, Tree};
use crate::source::Span;

/// Finds pieces of one scalar's text in the file. Ask in the order of the text: each search goes on where the last
/// one ended, so that all of them together read the scalar once.
pub struct Locator<'t> {
    text: &'t str,
    raw: &'t str,
    base: usize,
    verbatim: bool,
    whole: Span,
    cursor: Cell<(usize, Range<usize>)>,
    /// How many pieces weren't found.
    missed: Cell<usize>,
}

/// So many searches may go through the rest of a scalar in vain.
const MOST_MISSED: usize = 16;

impl Tree {
    /// A locator for the text of a scalar.
    pub fn locator(&self, id: NodeId) -> Locator<'_> {
        let whole = self.span(id);
        let verbatim = self.verbatim(id);
        let raw = verbatim.unwrap_or(whole);
        Locator {
            text: self.text(id).unwrap_or_default(),
            raw: self.source().slice(raw),
            base: raw.start as usize,
            verbatim: verbatim.is_some(),
            whole,
            cursor: Cell::new((0, 0..0)),
            missed: Cell::new(0),
        }
    }
}

impl Locator<'_> {
    /// Where `part` of `piece` stands, both as ranges of the text. A piece that the file spells otherwise (with
    /// escapes, or folded) is placed at the whole scalar.
    pub fn place(&self, piece: Range<usize>, part: Range<usize>) -> Span {
        if self.verbatim {
            return Span::new(self.base + part.start, self.base + part.end);
        }
        let (done, last) = self.cursor.take();
        if last == piece && done > 0 {
            self.cursor.set((done, last));
            return self.within(done - piece.len(), &piece, &part);
        }
        let rest = if self.missed.get() < MOST_MISSED { &self.raw.as_bytes()[done..] } else { &[] };
        let Some(found) = memchr::memmem::find(rest, self.text[piece.clone()].as_bytes()) else {
            self.cursor.set((done, 0..0));
            self.missed.set(self.missed.get() + 1);
            return self.whole;
        };
        let start = done + found;
        self.cursor.set((start + piece.len(), piece.clone()));
        self.within(start, &piece, &part)
    }

    fn within(&self, start: usize, piece: &Range<usize>, part: &Range<usize>) -> Span {
        // The text may be longer than the file up to here, where escapes stand for more than they take.
        let (start, within) = (self.base + start, part.start - piece.start);
        Span::new(start + within, start + within + part.len())
    }
}

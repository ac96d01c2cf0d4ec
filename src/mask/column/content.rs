//! The content of dumps: the bytes that their lines stand for are a text of their own, in which values are looked for as
//! in any other, and each byte has places in the lines.

use std::ops::Range;

use super::super::buffer::Buffer;
use super::super::cover::Cover;
use super::super::masks::{Masks, SeedTable};
use super::super::matcher::Matcher;
use super::super::track::Raw;
use super::super::view::{GAP, View, Viewed};
use super::BETWEEN;

/// A byte makes up for so many of the other text around it, so that what is held of that is bounded.
const SHARE: usize = 32;

/// What separates two dumps. No unit, match or gap goes on behind it.
const SEPARATOR: [u8; GAP + 2] = {
    let mut separator = [b'\n'; GAP + 2];
    separator[0] = 7;
    separator
};

/// Where a byte stands.
pub(super) struct Place {
    /// Its digits, or its cell.
    pub(super) range: Range<usize>,
    /// Its character in the column beside them.
    pub(super) beside: Option<usize>,
    /// Whether it is the first one of its line.
    pub(super) is_first: bool,
}

/// The bytes of dumps, and what was found in them.
pub(in super::super) struct Content {
    bytes: Buffer<u8>,
    places: Vec<Place>,
    /// How many bytes there are before the last separator, if nothing follows it.
    count: usize,
    /// How much other text stands around the last dump.
    other: usize,
    /// Whether the last line was one of a dump.
    is_adjacent: bool,
    view: View,
    skeleton: Matcher,
    raw: Matcher,
    /// What was found in what is left of the bytes.
    found: Cover,
}

impl Content {
    pub(super) fn new() -> Self {
        Self {
            bytes: Buffer::new(),
            places: Vec::new(),
            count: 0,
            other: 0,
            is_adjacent: false,
            view: View::new(),
            skeleton: Matcher::new(SeedTable::View),
            raw: Matcher::new(SeedTable::Raw),
            found: Cover::default(),
        }
    }

    /// Whether the last line was one of a dump.
    pub(super) fn is_adjacent(&self) -> bool {
        self.is_adjacent
    }

    /// Adds the bytes of a line.
    pub(super) fn add(&mut self, bytes: impl Iterator<Item = (u8, Place)>) {
        let before = self.bytes.len();
        for (byte, place) in bytes {
            self.bytes.push(byte);
            self.places.push(place);
        }
        let added = self.bytes.len() - before;
        if added > 0 {
            self.count = self.bytes.len();
            self.other = self.other.saturating_sub(SHARE * added);
        }
    }

    /// How many bytes there are.
    pub(super) fn end(&self) -> usize {
        self.bytes.len()
    }

    /// Ends a line, or a part of one, of so many bytes, before a place. There were so many bytes before it.
    pub(super) fn pass(&mut self, length: usize, before: usize, place: usize) {
        self.is_adjacent = before < self.bytes.len();
        self.other = self.other.saturating_add(length);
        if self.other > BETWEEN && self.count == self.bytes.len() && self.count > 0 {
            self.bytes.extend(&SEPARATOR);
            self.places.extend(SEPARATOR.map(|_| Place { range: place..place, beside: None, is_first: true }));
        }
        if self.count < self.bytes.len() || self.bytes.is_empty() {
            self.other = 0;
        }
    }

    /// Looks at what is new, and covers what is found where it stands.
    pub(super) fn advance(&mut self, masks: &Masks, is_end: bool, cover: &mut Cover) {
        if self.bytes.is_empty() {
            return;
        }
        self.view.advance(&self.bytes, is_end);
        self.skeleton.advance(masks, &self.view.track(&self.bytes), is_end, &mut self.found);
        self.raw.advance(masks, &Raw(&self.bytes), is_end, &mut self.found);
        self.cover(&self.found, cover);
    }

    /// Covers where bytes stand, and what stands between them in a line. All that was found is covered again, so that
    /// matches that touch are one, whenever they are found.
    pub(in super::super) fn cover(&self, found: &Cover, cover: &mut Cover) {
        for range in found.ranges() {
            for places in self.places[range.clone()].chunk_by(|_, next| !next.is_first) {
                cover.add(places[0].range.start..places[places.len() - 1].range.end);
                places.iter().filter_map(|place| place.beside).for_each(|at| cover.add(at..at + 1));
            }
        }
    }

    /// The bytes.
    #[cfg(test)]
    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn track(&self) -> Viewed<'_> {
        self.view.track(&self.bytes)
    }

    /// The first byte that is still needed.
    fn first(&self) -> usize {
        self.skeleton.needed(&self.track()).min(self.raw.needed(&Raw(&self.bytes)))
    }

    /// From where on the text is still needed, if the lines before a place are viewed.
    pub(super) fn needed(&self, viewed: usize) -> usize {
        if self.bytes.is_empty() { viewed } else { self.place(self.first(), viewed) }
    }

    /// Up to where the text may be shown when the input has paused: all of it, or the place of a byte.
    pub(super) fn paused(&self, masks: &Masks, all: usize) -> usize {
        if self.bytes.is_empty() {
            return all;
        }
        let paused = self.skeleton.paused(masks, &self.track()).min(self.raw.paused(masks, &Raw(&self.bytes)));
        self.place(paused, all)
    }

    /// Where a byte stands, or another place behind the last one.
    fn place(&self, at: usize, behind: usize) -> usize {
        self.places[..self.count].get(at).map_or(behind, |place| place.range.start)
    }

    /// Counts from a later place on.
    pub(super) fn forget(&mut self, bytes: usize) {
        if !self.bytes.is_empty() {
            // A unit depends on the byte before it.
            let before = self.places.partition_point(|place| place.range.start < bytes);
            let (gone, length) = (before.min(self.first()).saturating_sub(1), self.bytes.len());
            self.bytes.keep(gone..length);
            self.places.drain(..gone);
            self.count = self.count.saturating_sub(gone);
            let chars = self.view.forget(gone);
            self.skeleton.forget(chars, gone);
            self.raw.forget(gone, gone);
            self.found.forget(gone);
        }
        for place in &mut self.places {
            place.range = place.range.start.saturating_sub(bytes)..place.range.end.saturating_sub(bytes);
            place.beside = place.beside.and_then(|at| at.checked_sub(bytes));
        }
    }
}

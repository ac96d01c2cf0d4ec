//! A column of a dump: a track through its characters.

use super::super::buffer::Buffer;
use super::super::cover::Cover;
use super::super::escape::{Unit, last_unit, unit};
use super::super::track::Track;
use super::{APART, BETWEEN};

/// A column: characters, and where they stand.
pub(super) struct Column {
    chars: Buffer<u8>,
    starts: Vec<usize>,
    /// Characters before which there is too much other text.
    breaks: Vec<usize>,
    /// The shortest pattern that is looked for.
    least: usize,
    /// A unit that goes on in the next line, and where its bytes stand.
    open: Buffer<u8>,
    places: Vec<usize>,
    /// Where its line begins.
    line: usize,
}

impl Column {
    pub(super) fn new(least: usize) -> Self {
        Self {
            chars: Buffer::new(),
            starts: Vec::new(),
            breaks: Vec::new(),
            least,
            open: Buffer::new(),
            places: Vec::new(),
            line: 0,
        }
    }

    /// Adds the characters of a line, and where they stand.
    pub(super) fn add(&mut self, chars: impl Iterator<Item = (u8, usize)>) {
        chars.for_each(|(byte, start)| self.push(byte, start));
    }

    fn push(&mut self, byte: u8, start: usize) {
        if self.starts.last().is_some_and(|last| start - last > BETWEEN) {
            self.breaks.push(self.chars.len());
        }
        self.chars.push(byte);
        self.starts.push(start);
    }

    /// Adds what the units of a line's text stand for. The last one may go on in the next line.
    pub(super) fn add_units(&mut self, text: &[u8], place: usize, line: usize) {
        self.expire(line);
        self.open.extend(text);
        self.places.extend(place..place + text.len());
        self.decode(unit);
        if self.frontier(place) >= place {
            self.line = line;
        }
    }

    /// Nothing more of a unit follows if it is too far away from a place.
    pub(super) fn expire(&mut self, place: usize) {
        if place - self.frontier(place) > BETWEEN {
            self.close();
        }
    }

    /// Nothing more of a unit follows.
    pub(super) fn close(&mut self) {
        self.decode(|text, at| {
            let (length, character) = last_unit(text, at);
            Unit::Coded(length, character)
        });
    }

    /// Adds the units that are complete.
    fn decode(&mut self, unit: fn(&[u8], usize) -> Unit) {
        let mut at = 0;
        while at < self.open.len() {
            let (length, character) = match unit(&self.open, at) {
                Unit::Coded(length, character) => (length, character),
                Unit::Plain => (1, Some(u32::from(self.open[at]))),
                Unit::More => break,
            };
            let byte = character.and_then(|character| u8::try_from(character).ok());
            if let Some(byte) = byte.filter(u8::is_ascii_alphanumeric) {
                self.push(byte, self.places[at]);
            }
            at += length;
        }
        let count = self.open.len();
        self.open.keep(at..count);
        self.places.drain(..at);
    }

    /// Whether there are no characters.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// From where on the text is needed for its units, if the lines before a place are viewed.
    pub(super) fn needed(&self, viewed: usize) -> usize {
        if self.places.is_empty() { viewed } else { self.line }
    }

    /// Where the next character can begin, if the lines before a place are viewed.
    pub(super) fn frontier(&self, viewed: usize) -> usize {
        self.places.first().copied().unwrap_or(viewed)
    }

    pub(super) fn track<'c>(&'c self, text: &'c [u8], viewed: usize) -> Lane<'c> {
        Lane { column: self, text, viewed }
    }

    pub(super) fn forget(&mut self, bytes: usize) -> usize {
        let gone = self.starts.partition_point(|start| *start < bytes);
        let count = self.chars.len();
        self.chars.keep(gone..count);
        self.starts.drain(..gone);
        self.starts.iter_mut().for_each(|start| *start -= bytes);
        self.breaks.retain_mut(|at| {
            let is_kept = *at > gone;
            *at = at.saturating_sub(gone);
            is_kept
        });
        self.line = self.line.saturating_sub(bytes);
        self.places.iter_mut().for_each(|place| *place -= bytes);
        gone
    }
}

/// A column as a track through its text.
pub(in super::super) struct Lane<'c> {
    pub(super) column: &'c Column,
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
        self.column.starts[at]
    }

    fn end(&self, at: usize) -> usize {
        self.start(at) + 1
    }

    fn next_break(&self, at: usize) -> usize {
        let breaks = &self.column.breaks;
        breaks.get(breaks.partition_point(|one| *one <= at)).copied().unwrap_or(usize::MAX)
    }

    fn frontier(&self) -> usize {
        self.column.frontier(self.viewed)
    }

    fn is_broken(&self) -> bool {
        self.column.starts.last().is_none_or(|last| self.frontier() - last > BETWEEN)
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

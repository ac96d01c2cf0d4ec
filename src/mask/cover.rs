//! Which bytes of a text are covered.

use std::ops::Range;

/// Ranges in order that neither touch nor overlap.
#[derive(Default)]
pub(super) struct Cover(Vec<Range<usize>>);

impl Cover {
    /// Covers a range as well.
    pub(super) fn add(&mut self, mut range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        // Mostly the last one.
        let end = match self.0.last() {
            None => 0,
            Some(last) if last.start <= range.start => self.0.len(),
            Some(_) => self.0.partition_point(|other| other.start <= range.end),
        };
        let mut start = end;
        while start > 0 && self.0[start - 1].end >= range.start {
            start -= 1;
        }
        for other in &self.0[start..end] {
            range = range.start.min(other.start)..range.end.max(other.end);
        }
        self.0.splice(start..end, [range]);
    }

    /// Takes the ranges that begin before a place.
    pub(super) fn take(&mut self, place: usize) -> impl Iterator<Item = Range<usize>> {
        let ready = self.0.partition_point(|range| range.start < place);
        self.0.drain(..ready)
    }

    /// The ranges.
    pub(super) fn ranges(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter()
    }

    /// Counts from another place on.
    pub(super) fn forget(&mut self, bytes: usize) {
        for range in &mut self.0 {
            *range = range.start.saturating_sub(bytes)..range.end.saturating_sub(bytes);
        }
        self.0.retain(|range| !range.is_empty());
    }
}

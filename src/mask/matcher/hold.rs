//! Up to where the text may be shown, and from where on it is still needed.

use super::super::masks::{Beginnings, Masks, SeedTable};
use super::super::pattern::EATEN;
use super::super::track::Track;
use super::compare::{APART, begin, may_be_swallowed, may_be_swallowed_next};
use super::{Candidate, Matcher};

/// Candidates with fewer characters aren't held when the input pauses.
const FEW: usize = 3;

impl Matcher {
    /// From where on the text is still needed. Nothing that is found later reaches back beyond it.
    pub(in super::super) fn needed(&self, track: &impl Track) -> usize {
        let count = track.chars().len();
        let needed = match count {
            _ if track.is_broken() => may_be_swallowed_next(track),
            0 => 0,
            _ => before(track, self.unseen(track).min(count - 1)),
        };
        self.kept(track, needed)
    }

    /// The first character of a pattern whose first seed isn't looked up yet.
    fn unseen(&self, track: &impl Track) -> usize {
        let count = track.chars().len();
        let mut first = (self.next + 1).saturating_sub(self.step);
        while track.next_break(first) < count {
            first = track.next_break(first);
        }
        first
    }

    /// Up to where the text may be shown while more is ready: whatever may become a value is held.
    pub(in super::super) fn live(&self, masks: &Masks, track: &impl Track) -> usize {
        let (chars, seeds) = (track.chars(), masks.seeds(self.table));
        if track.is_broken() || chars.is_empty() {
            return self.needed(track);
        }
        let mut first = self.unseen(track);
        // What a unit before it has swallowed isn't known here.
        while first < chars.len()
            && !seeds.may_begin(&chars[first..])
            && (self.table == SeedTable::Raw || may_be_swallowed(track, first).is_none())
        {
            first += 1;
        }
        let begins = |at: usize| match self.table {
            SeedTable::Raw => at,
            SeedTable::View if at < chars.len() && may_be_swallowed(track, at).is_some() => before(track, at),
            SeedTable::View => {
                let (from, to) = if at < chars.len() {
                    (track.gap_before(at), track.start(at))
                } else {
                    // The last character may be what a unit has made of the first ones of a pattern.
                    let (start, end) = (track.start(at - 1), track.end(at - 1));
                    (if end > start + 1 { start } else { end }, track.frontier())
                };
                let gap = &track.text()[from..to.max(from)];
                let free = match masks.beginnings {
                    Beginnings::Letters => gap.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1),
                    Beginnings::Signs => gap.iter().take_while(|byte| byte.is_ascii_whitespace()).count(),
                    Beginnings::Blanks => 0,
                };
                // Units may have swallowed the first characters of what comes next.
                let next = if at < chars.len() { to } else { may_be_swallowed_next(track) };
                next.min(from + free)
            }
        };
        let candidates = self.candidates.iter().map(|candidate| begins(candidate.at));
        let live = candidates.fold(begins(first).min(track.frontier()), usize::min);
        self.followed(track, live)
    }

    /// The same with what goes on, or may.
    fn kept(&self, track: &impl Track, mut needed: usize) -> usize {
        for candidate in &self.candidates {
            needed = needed.min(before(track, candidate.at));
        }
        self.followed(track, needed)
    }

    /// The same with matches that go on.
    fn followed(&self, track: &impl Track, mut needed: usize) -> usize {
        for run in &self.runs {
            needed = needed.min(track.start(run.covered - 1));
        }
        self.edges.iter().fold(needed, |needed, edge| needed.min(edge.place))
    }

    /// Up to where the text may be shown when the input has paused: what can become a value by few characters isn't held.
    pub(in super::super) fn paused(&self, masks: &Masks, track: &impl Track) -> usize {
        let chars = track.chars();
        let mut limit = track.text().len();
        let begin = |number: usize, at: usize, late: usize| {
            let pattern = &masks.patterns[number];
            begin(track, pattern, &masks.values[pattern.value], at, late)
        };
        for candidate in &self.candidates {
            let Candidate { pattern, at, late } = *candidate;
            limit = limit.min(begin(pattern, at, late));
        }
        for run in &self.runs {
            // What is complete waits for nothing.
            if run.matched < masks.patterns[run.pattern].length {
                limit = limit.min(track.end(run.covered - 1));
            }
        }
        if track.is_broken() {
            return limit;
        }
        for at in (self.next + 1).saturating_sub(self.step)..(chars.len() + 1).saturating_sub(FEW) {
            let tail = &chars[at..];
            let begins = |number: &usize| {
                let pattern = &masks.patterns[*number];
                let value = &masks.values[pattern.value];
                pattern.length > tail.len()
                    && masks.may_begin(*number, tail)
                    && tail.iter().copied().eq(pattern.form.chars(value).take(tail.len()))
            };
            if track.next_break(at) == usize::MAX {
                let patterns = masks.seeds(self.table).beginning(tail).filter(begins);
                limit = patterns.fold(limit, |limit, number| limit.min(begin(number, at, 0)));
            }
        }
        limit
    }
}

/// Where the character before a character begins, which tells what lies between, and bytes that it may have swallowed.
fn before(track: &impl Track, at: usize) -> usize {
    let start = track.start(at).saturating_sub(EATEN + APART).min(track.gap_before(at));
    match at.checked_sub(1) {
        Some(last) if track.next_break(last) != at => start.min(track.start(last)),
        _ => start,
    }
}

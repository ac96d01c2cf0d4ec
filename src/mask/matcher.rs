//! Follows the patterns along a track that grows at its end.

mod compare;
mod hold;
mod run;

use super::cover::Cover;
use super::edge;
use super::fit::fit;
use super::masks::{Masks, SeedTable};
use super::pattern::{EATEN, Pattern};
use super::seed::SEED;
use super::track::Track;
use super::value::LONG;
#[cfg(test)]
pub(super) use compare::swallowed;
use compare::{Verdict, begin, compare};
use run::{Edge, Run};

/// Where the patterns are in a track.
pub(super) struct Matcher {
    table: SeedTable,
    /// The next character that is looked up.
    next: usize,
    /// Characters from one that is looked up to the next.
    step: usize,
    /// How many patterns were known when the track was last looked at.
    known: usize,
    candidates: Vec<Candidate>,
    runs: Vec<Run>,
    edges: Vec<Edge>,
}

/// A pattern that the track ends within, or has to be compared with.
#[derive(Clone, Copy)]
struct Candidate {
    pattern: usize,
    /// The first character that is compared.
    at: usize,
    /// How many characters before it are taken from the text itself: a unit has swallowed them.
    late: usize,
}

impl Matcher {
    pub(super) fn new(table: SeedTable) -> Self {
        Self { table, next: 0, step: usize::MAX, known: 0, candidates: Vec::new(), runs: Vec::new(), edges: Vec::new() }
    }

    /// Looks at what is new in a track, and covers what is found in the text.
    pub(super) fn advance(&mut self, masks: &Masks, track: &impl Track, is_end: bool, cover: &mut Cover) {
        let count = track.chars().len();
        self.extend_edges(masks, track, is_end, cover);
        for mut run in std::mem::take(&mut self.runs) {
            self.follow(masks, track, &mut run, cover);
            self.runs.push(run);
        }
        for candidate in std::mem::take(&mut self.candidates) {
            self.consider(masks, track, candidate, is_end, cover);
        }
        self.learn(masks, track, is_end, cover);
        let seeds = masks.seeds(self.table);
        loop {
            self.next = seeds.next(track.chars(), self.next, self.step);
            if self.next + SEED > count {
                break;
            }
            self.look_up(masks, track, self.next, 0, is_end, cover);
            self.next += self.step;
        }
        self.runs.retain(|run| !run.is_over);
        if is_end {
            for run in &self.runs {
                Self::cut_off(masks, track, run, cover);
            }
            self.extend_edges(masks, track, is_end, cover);
        }
    }

    /// Looks for patterns that were added, in what is left of the track.
    fn learn(&mut self, masks: &Masks, track: &impl Track, is_end: bool, cover: &mut Cover) {
        let (step, known) = (masks.step(self.table), masks.patterns.len());
        if step < self.step {
            // What begins before this is found, or would be looked up now.
            self.next = (self.next + 1).saturating_sub(self.step);
            self.step = step;
        }
        if known > self.known && self.next > 0 {
            let (seeds, first) = (masks.seeds(self.table), self.known);
            let mut at = 0;
            while at < self.next {
                at = seeds.next(track.chars(), at, 1);
                if at < self.next {
                    self.look_up_all(masks, track, at, first, is_end, cover);
                }
                at += 1;
            }
        }
        self.known = known;
    }

    /// Looks for new patterns that begin exactly at a character.
    fn look_up_all(
        &mut self,
        masks: &Masks,
        track: &impl Track,
        at: usize,
        first: usize,
        is_end: bool,
        cover: &mut Cover,
    ) {
        let step = std::mem::replace(&mut self.step, 1);
        self.look_up(masks, track, at, first, is_end, cover);
        self.step = step;
    }

    /// Looks up the seed at a character.
    fn look_up(&mut self, masks: &Masks, track: &impl Track, at: usize, first: usize, is_end: bool, cover: &mut Cover) {
        let chars = track.chars();
        for (number, offset) in masks.seeds(self.table).at(chars, at) {
            let pattern = &masks.patterns[number];
            if number < first {
                continue;
            }
            if offset < self.step
                && let Some(at) = at.checked_sub(offset)
                && masks.may_begin(number, &chars[at..])
            {
                self.consider(masks, track, Candidate { pattern: number, at, late: 0 }, is_end, cover);
            }
            for late in 1..=EATEN.min(offset) {
                if pattern.eaten & 1 << late != 0
                    && offset - late < self.step
                    && let Some(at) = at.checked_sub(offset - late)
                {
                    self.consider(masks, track, Candidate { pattern: number, at, late }, is_end, cover);
                }
            }
        }
    }

    /// Compares a candidate, and covers it or keeps it.
    fn consider(&mut self, masks: &Masks, track: &impl Track, candidate: Candidate, is_end: bool, cover: &mut Cover) {
        let Candidate { pattern: number, at, late } = candidate;
        let pattern = &masks.patterns[number];
        let value = &masks.values[pattern.value];
        if self.repeats(pattern, candidate, track.chars().len()) {
            return;
        }
        match compare(track, pattern, value, at, late, is_end) {
            Verdict::Differs => {}
            Verdict::CutOff(count) => {
                cover.add(edge::before(track, value, pattern.form, at)..track.start(at));
                track.cover(at, at + count, cover);
            }
            Verdict::TooShort => self.candidates.push(candidate),
            Verdict::Is => {
                let end = at + pattern.head() - late;
                if !fit(track, pattern, value, at, end, late) {
                    return;
                }
                let start = begin(track, pattern, value, at, late);
                track.cover(at, end, cover);
                cover.add(start..track.start(at));
                if pattern.length > pattern.head() || pattern.period.is_some() && pattern.length >= LONG {
                    self.run(masks, track, candidate, end, cover);
                } else {
                    self.end(masks, track, number, end, cover);
                }
            }
        }
    }

    /// Whether a candidate stands in a match that repeats itself, so that it covers nothing more.
    fn repeats(&self, pattern: &Pattern, candidate: Candidate, count: usize) -> bool {
        let Some(period) = &pattern.period else { return false };
        candidate.late == 0
            && self.runs.iter().any(|run| {
                run.pattern == candidate.pattern
                    && candidate.at.wrapping_sub(run.start).is_multiple_of(period.length)
                    && candidate.at < run.repeats
                    && (candidate.at + pattern.head() <= run.repeats || run.repeats == count && !run.is_over)
            })
    }

    /// Counts from later places on, of the characters and of the text.
    pub(super) fn forget(&mut self, chars: usize, bytes: usize) {
        self.next = self.next.saturating_sub(chars);
        self.candidates.iter_mut().for_each(|candidate| candidate.at -= chars);
        for run in &mut self.runs {
            run.at -= chars;
            run.covered -= chars;
            run.start = run.start.wrapping_sub(chars);
            run.repeats = run.repeats.saturating_sub(chars);
        }
        self.edges.iter_mut().for_each(|edge| edge.place -= bytes);
    }
}

//! Matches beyond their heads, and where they end.

use super::super::cover::Cover;
use super::super::edge;
use super::super::masks::Masks;
use super::super::pattern::{Form, Pattern, Period, common};
use super::super::track::Track;
use super::compare::{CUT_OFF, is_cut_off};
use super::{Candidate, Matcher};

/// So many matches of one pattern are followed beyond its head at once.
const MOST: usize = 64;

/// A match beyond its head.
pub(super) struct Run {
    pub(super) pattern: usize,
    /// The next character.
    pub(super) at: usize,
    /// Up to where the characters are covered.
    pub(super) covered: usize,
    /// How many characters agree.
    pub(super) matched: usize,
    /// The place of the next one in the value.
    pub(super) place: usize,
    /// The first character, which may be forgotten: where the match would begin again, but for whole periods.
    pub(super) start: usize,
    /// Up to where the track repeats itself as the pattern does.
    pub(super) repeats: usize,
    pub(super) is_over: bool,
}

/// Where a match has ended, and the value's end may follow.
pub(super) struct Edge {
    pub(super) value: usize,
    pub(super) form: Form,
    pub(super) place: usize,
}

impl Run {
    /// So many characters agree.
    fn agree(&mut self, pattern: &Pattern, count: usize) {
        let before = self.matched;
        self.matched += count;
        self.at += count;
        // A match that began a period later counts once it has a head.
        if self.matched >= pattern.head() {
            self.covered = self.at;
        }
        if let Some(period) = &pattern.period
            && before <= period.run
        {
            self.repeats = self.at - self.matched.saturating_sub(period.run);
        }
    }

    /// So many characters repeat those a period before them, and all that do so in the pattern agreed.
    fn repeat(&mut self, pattern: &Pattern, period: &Period, count: usize) {
        let (least, behind) = (period.run + 1 - period.length, (count - 1) % period.length);
        self.matched = least + behind;
        self.at += count;
        if self.matched >= pattern.head() {
            self.covered = self.at;
        } else if count > period.length {
            // The last one that was as long as it can be.
            self.covered = self.at - behind - 1;
        }
        self.repeats = self.at;
    }
}

impl Matcher {
    /// Begins to follow a match beyond its head.
    pub(super) fn run(
        &mut self,
        masks: &Masks,
        track: &impl Track,
        candidate: Candidate,
        end: usize,
        cover: &mut Cover,
    ) {
        let number = candidate.pattern;
        if self.runs.iter().filter(|run| run.pattern == number && !run.is_over).count() >= MOST {
            return;
        }
        let pattern = &masks.patterns[number];
        let mut place = 0;
        for _ in 0..pattern.head() {
            pattern.form.next(&masks.values[pattern.value], &mut place);
        }
        let mut run = Run {
            pattern: number,
            at: end,
            covered: end,
            matched: pattern.head(),
            place,
            start: candidate.at.wrapping_sub(candidate.late),
            repeats: end,
            is_over: false,
        };
        if run.matched == pattern.length {
            self.end(masks, track, number, end, cover);
        }
        self.follow(masks, track, &mut run, cover);
        self.runs.push(run);
    }

    /// Follows a match for as long as the track agrees.
    pub(super) fn follow(&mut self, masks: &Masks, track: &impl Track, run: &mut Run, cover: &mut Cover) {
        let pattern = &masks.patterns[run.pattern];
        let value = &masks.values[pattern.value];
        let chars = track.chars();
        let (from, stop) = (run.covered, chars.len().min(track.next_break(run.at - 1)));
        let period = pattern.period.as_deref();
        while run.at < stop {
            let count = pattern.form.agreeing(value, &mut run.place, &chars[run.at..stop]);
            run.agree(pattern, count);
            if count > 0 && run.matched == pattern.length {
                self.end(masks, track, run.pattern, run.at, cover);
                run.is_over |= period.is_none_or(|period| period.run < pattern.length);
            }
            let Some(period) = period.filter(|period| run.at < stop && run.matched == period.run) else { break };
            if chars[run.at] != period.next {
                break;
            }
            // The track goes on repeating itself: the match began some periods later.
            let count = match run.at.checked_sub(period.length) {
                Some(before) if !edge::has_end(value, pattern.form) => {
                    common(&chars[before..stop - period.length], &chars[run.at..stop])
                }
                _ => 1,
            };
            run.repeat(pattern, period, count);
            run.place = period.resume;
            for _ in 0..(count - 1) % period.length {
                pattern.form.next(value, &mut run.place);
            }
            if run.matched == pattern.length {
                self.end(masks, track, run.pattern, run.at, cover);
            }
        }
        run.is_over |= run.at < chars.len() || track.is_broken();
        if run.covered > from {
            track.cover(from - 1, run.covered, cover);
        }
        if run.is_over {
            Self::cut_off(masks, track, run, cover);
        }
    }

    /// Covers the last period of a match that is over where it is cut off.
    pub(super) fn cut_off(masks: &Masks, track: &impl Track, run: &Run, cover: &mut Cover) {
        if run.covered < run.at
            && run.matched >= CUT_OFF
            && masks.patterns[run.pattern].form == Form::Text
            && is_cut_off(track, run.at - 1)
        {
            track.cover(run.covered - 1, run.at, cover);
        }
    }

    /// Takes down that a match has ended before a character.
    pub(super) fn end(&mut self, masks: &Masks, track: &impl Track, number: usize, end: usize, cover: &mut Cover) {
        let Pattern { value, form, .. } = masks.patterns[number];
        if track.column().is_some() || !edge::has_end(&masks.values[value], form) {
            return;
        }
        let place = track.end(end - 1);
        match edge::after(track, &masks.values[value], form, place, false) {
            Some(end) => cover.add(place..end),
            None => self.edges.push(Edge { value, form, place }),
        }
    }

    pub(super) fn extend_edges(&mut self, masks: &Masks, track: &impl Track, is_end: bool, cover: &mut Cover) {
        self.edges.retain(|edge| {
            let end = edge::after(track, &masks.values[edge.value], edge.form, edge.place, is_end);
            if let Some(end) = end {
                cover.add(edge.place..end);
            }
            end.is_none()
        });
    }
}

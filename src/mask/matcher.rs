//! Follows the patterns along a track that grows at its end.

use std::ops::Range;

use super::cover::Cover;
use super::edge;
use super::fit::fit;
use super::masks::{Beginnings, Masks, SeedTable};
use super::pattern::{EATEN, Form, Pattern};
use super::seed::SEED;
use super::track::Track;
use super::value::{LONG, Value};

/// So many matches of one pattern are followed beyond its head at once.
const MOST: usize = 64;

/// A value of which so many characters are there may be cut off behind them.
const CUT_OFF: usize = 8;

/// So many bytes may stand between what a unit has swallowed and the next character.
const APART: usize = 8;

/// Candidates with fewer characters aren't held when the input pauses.
const FEW: usize = 3;

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

/// A match beyond its head.
struct Run {
    pattern: usize,
    /// The next character.
    at: usize,
    /// Up to where the characters are covered.
    covered: usize,
    /// How many characters agree.
    matched: usize,
    /// The place of the next one in the value.
    place: usize,
    /// The first character, which may be forgotten: where the match would begin again, but for whole periods.
    start: usize,
    /// Up to where the track repeats itself as the pattern does.
    repeats: usize,
    is_over: bool,
}

/// Where a match has ended, and the value's end may follow.
struct Edge {
    value: usize,
    form: Form,
    place: usize,
}

/// What comparing gave.
enum Verdict {
    Differs,
    TooShort,
    /// It is cut off behind so many characters.
    CutOff(usize),
    Is,
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
                && pattern.begins_with(&chars[at..])
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
        match Self::compare(track, pattern, value, at, late, is_end) {
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
                let start = match swallowed(track, at, late) {
                    Some(swallowed) if late > 0 => swallowed.start,
                    _ => edge::before(track, value, pattern.form, at),
                };
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

    /// Compares the head of a pattern, but for its first characters that come `late`.
    fn compare(track: &impl Track, pattern: &Pattern, value: &Value, at: usize, late: usize, is_end: bool) -> Verdict {
        let chars = track.chars();
        let wanted = pattern.head() - late;
        let there = wanted.min(chars.len() - at);
        let mut place = 0;
        if late > 0 {
            let Some(swallowed) = swallowed(track, at, late) else { return Verdict::Differs };
            if !track.text()[swallowed].iter().all(|byte| pattern.form.next(value, &mut place) == Some(*byte)) {
                return Verdict::Differs;
            }
        }
        let chars = &chars[at..(at + there).min(track.next_break(at))];
        let agreeing = match pattern.form {
            Form::Text => common(&value.text[late..], chars),
            Form::Literal => common(&value.literal[late..], chars),
            Form::Raw => common(&value.bytes, chars),
            form => chars.iter().take_while(|byte| form.next(value, &mut place) == Some(**byte)).count(),
        };
        if agreeing == wanted {
            Verdict::Is
        } else if agreeing == there && !is_end && !track.is_broken() {
            Verdict::TooShort
        } else if agreeing >= CUT_OFF && late == 0 && pattern.form == Form::Text && is_cut_off(track, at + agreeing - 1)
        {
            Verdict::CutOff(agreeing)
        } else {
            Verdict::Differs
        }
    }

    /// Begins to follow a match beyond its head.
    fn run(&mut self, masks: &Masks, track: &impl Track, candidate: Candidate, end: usize, cover: &mut Cover) {
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
    fn follow(&mut self, masks: &Masks, track: &impl Track, run: &mut Run, cover: &mut Cover) {
        let pattern = &masks.patterns[run.pattern];
        let value = &masks.values[pattern.value];
        let chars = track.chars();
        let (from, stop) = (run.covered, chars.len().min(track.next_break(run.at - 1)));
        let period = pattern.period.as_deref();
        while run.at < stop {
            let byte = chars[run.at];
            let mut place = run.place;
            if pattern.form.next(value, &mut place) == Some(byte) {
                run.place = place;
                run.matched += 1;
            } else if let Some(period) = period
                && run.matched == period.run
                && byte == period.next
            {
                // The track goes on repeating itself: the match began a period later.
                run.matched -= period.length - 1;
                run.place = period.resume;
            } else {
                break;
            }
            run.at += 1;
            // A match that began a period later counts once it has a head.
            if run.matched >= pattern.head() {
                run.covered = run.at;
            }
            if period.is_some_and(|period| run.matched <= period.run) {
                run.repeats = run.at;
            }
            if run.matched == pattern.length {
                self.end(masks, track, run.pattern, run.at, cover);
                if period.is_none_or(|period| period.run < pattern.length) {
                    run.is_over = true;
                    break;
                }
            }
        }
        run.is_over |= run.at < chars.len() || track.is_broken();
        if run.covered > from {
            track.cover(from - 1, run.covered, cover);
        }
    }

    /// Takes down that a match has ended before a character.
    fn end(&mut self, masks: &Masks, track: &impl Track, number: usize, end: usize, cover: &mut Cover) {
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

    fn extend_edges(&mut self, masks: &Masks, track: &impl Track, is_end: bool, cover: &mut Cover) {
        self.edges.retain(|edge| {
            let end = edge::after(track, &masks.values[edge.value], edge.form, edge.place, is_end);
            if let Some(end) = end {
                cover.add(edge.place..end);
            }
            end.is_none()
        });
    }

    /// From where on the text is still needed. Nothing that is found later reaches back beyond it.
    pub(super) fn needed(&self, track: &impl Track) -> usize {
        let count = track.chars().len();
        let mut needed = track.frontier();
        if !track.is_broken() {
            needed = if count > 0 { before(track, self.unseen(track).min(count - 1)) } else { 0 };
        }
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
    pub(super) fn live(&self, masks: &Masks, track: &impl Track) -> usize {
        let (chars, seeds) = (track.chars(), masks.seeds(self.table));
        if track.is_broken() || chars.is_empty() {
            return self.needed(track);
        }
        let mut first = self.unseen(track);
        // What a unit before it has swallowed isn't known here.
        while first < chars.len()
            && !seeds.may_begin(&chars[first..])
            && (self.table == SeedTable::Raw || swallowed(track, first, 1).is_none())
        {
            first += 1;
        }
        let begin = |at: usize| match self.table {
            SeedTable::Raw => at,
            SeedTable::View if at < chars.len() && swallowed(track, at, 1).is_some() => before(track, at),
            SeedTable::View => {
                let (from, to) = if at < chars.len() {
                    (track.gap_before(at), track.start(at))
                } else {
                    (track.end(at - 1), track.frontier())
                };
                let gap = &track.text()[from..to.max(from)];
                let free = match masks.beginnings {
                    Beginnings::Letters => gap.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1),
                    Beginnings::Signs => gap.iter().take_while(|byte| byte.is_ascii_whitespace()).count(),
                    Beginnings::Blanks => 0,
                };
                from + free
            }
        };
        let candidates = self.candidates.iter().map(|candidate| begin(candidate.at));
        let live = candidates.fold(begin(first).min(track.frontier()), usize::min);
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
    pub(super) fn paused(&self, masks: &Masks, track: &impl Track) -> usize {
        let chars = track.chars();
        let mut limit = track.text().len();
        let begin = |number: usize, at: usize| {
            let pattern = &masks.patterns[number];
            edge::before(track, &masks.values[pattern.value], pattern.form, at)
        };
        for candidate in &self.candidates {
            let Candidate { pattern, at, late } = *candidate;
            let swallowed = swallowed(track, at, late).filter(|_| late > 0);
            limit = limit.min(swallowed.map_or_else(|| begin(pattern, at), |swallowed| swallowed.start));
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
                    && pattern.begins_with(tail)
                    && tail.iter().copied().eq(pattern.form.chars(value).take(tail.len()))
            };
            if track.next_break(at) == usize::MAX {
                let patterns = masks.seeds(self.table).beginning(tail).filter(begins);
                limit = patterns.fold(limit, |limit, number| limit.min(begin(number, at)));
            }
        }
        limit
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

/// Where the character before a character begins, which tells what lies between, and bytes that it may have swallowed.
fn before(track: &impl Track, at: usize) -> usize {
    let start = track.start(at).saturating_sub(EATEN + APART).min(track.gap_before(at));
    match at.checked_sub(1) {
        Some(last) if track.next_break(last) != at => start.min(track.start(last)),
        _ => start,
    }
}

/// Where the bytes before a character are that a unit may have swallowed; nothing if they are characters themselves.
pub(super) fn swallowed(track: &impl Track, at: usize, late: usize) -> Option<Range<usize>> {
    let (text, mut end) = (track.text(), track.start(at));
    let nearest = end.saturating_sub(APART);
    while end > nearest && !text[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let is_plain = at > 0 && track.start(at - 1) + 1 == end;
    (!is_plain && end >= late).then(|| end - late..end)
}

/// How many characters agree.
fn common(pattern: &[u8], chars: &[u8]) -> usize {
    if pattern.starts_with(chars) {
        return chars.len();
    }
    pattern.iter().zip(chars).take_while(|(a, b)| a == b).count()
}

/// Whether an ellipsis follows a character.
fn is_cut_off(track: &impl Track, at: usize) -> bool {
    let rest = &track.text()[track.end(at)..];
    track.column().is_none() && (rest.starts_with(b"...") || rest.starts_with("\u{2026}".as_bytes()))
}

//! One stream of bytes on its way through the masks.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Masks;
use super::automaton::{ROOT, State};
use super::filter::WINDOW;
use super::pattern::in_word;
use super::wrap::{self, Break, Lines, Wrap};

/// What stands in a masked value's place.
const STARS: &[u8] = b"***";

/// What is remembered from one piece of input to the next.
///
/// Places count from the beginning of `recent`; the input follows it.
pub(super) struct Stream {
    /// The last bytes: all that can become part of a pattern, and one before them.
    recent: Zeroizing<Vec<u8>>,
    /// Up to where the output is given out.
    settled: usize,
    /// Whether the output ends in stars, so that a value that follows at once shows no others.
    starred: bool,
    /// Where values were found beyond `settled`: in order, and neither touching nor overlapping.
    found: Vec<Range<usize>>,
    state: State,
    /// The length of the word that ends the text so far, if the next byte doesn't continue it; 0 for none.
    word: usize,
    /// The line so far, as far as it matters to tell whether an encoder broke it.
    lines: Lines,
    /// What may be a pattern that goes on behind such a break.
    wrap: Option<Wrap>,
}

impl Stream {
    pub(super) fn new(masks: &Masks) -> Self {
        Self {
            // Never grows, which would leave copies behind.
            recent: Zeroizing::new(Vec::with_capacity(wrap::with_breaks(masks.automaton.longest()) + 1)),
            settled: 0,
            starred: false,
            found: Vec::new(),
            state: ROOT,
            word: 0,
            lines: Lines::default(),
            wrap: None,
        }
    }

    pub(super) fn push(&mut self, masks: &Masks, mut input: &[u8], out: &mut Vec<u8>) {
        while let Some(Break { place, goes_on }) = self.lines.next_break(input) {
            self.feed(masks, &input[..place.start], out);
            let held = self.recent.len();
            self.wrap = match self.wrap.take() {
                Some(wrap) if goes_on => Some(wrap.broken_further(place.len())),
                // What begins with a part of a break isn't broken by the rest of it.
                None if goes_on => None,
                wrap => {
                    wrap.or_else(|| Wrap::new(masks, self.state)).map(|wrap| wrap.broken_at(held..held + place.len()))
                }
            };
            self.feed(masks, &input[place.clone()], out);
            input = &input[place.end..];
        }
        self.feed(masks, input, out);
    }

    /// Goes on with other masks, among which are those so far, and adds to `out` what they let through.
    pub(super) fn renew(&mut self, masks: &Masks, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.recent);
        let seen = std::mem::take(&mut self.lines);
        let lines = Lines::before(self.wrap.is_some());
        let (settled, starred) = (self.settled, self.starred);
        *self = Self { settled, starred, lines, ..Self::new(masks) };
        self.push(masks, &held, out);
        // The line may have begun before what was held back.
        self.lines = seen;
    }

    /// Takes bytes without a break that an encoder made, or one such break.
    fn feed(&mut self, masks: &Masks, input: &[u8], out: &mut Vec<u8>) {
        let Some(&next) = input.first() else { return };
        if !in_word(next) {
            self.end_word();
        }
        self.word = 0;
        self.scan(masks, input);
        self.follow(masks, input);
        let end = self.recent.len() + input.len();
        let growing = masks.automaton.growing(self.state, |length| self.word_may_start(end - length, input));
        let wrapped = self.wrap.as_ref().map_or(end, |wrap| wrap.growing_from(masks, end));
        self.settle((end - growing.max(self.word)).min(wrapped), input, out);
        self.forget(masks, input);
    }

    pub(super) fn finish(&mut self, masks: &Masks, out: &mut Vec<u8>) {
        self.end_word();
        self.settle(self.recent.len(), &[], out);
        *self = Self::new(masks);
    }

    /// Follows the automaton through the input, and skips what begins no pattern.
    fn scan(&mut self, masks: &Masks, input: &[u8]) {
        let Masks { automaton, filter, .. } = masks;
        let (mut at, mut seen, mut entry) = (0, 0, 0);
        while at < input.len() {
            if self.state == ROOT {
                at = filter.next(input, at);
                entry = at;
                // With fewer bytes than a window left there is still one.
                if at == input.len() {
                    break;
                }
            }
            self.state = automaton.step(self.state, input[at]);
            at += 1;
            if at > seen {
                self.note(masks, input, at);
            }
            // Hardly into a pattern, and at another place than the filter's last: it can tell whether that one is worth
            // following. Some bytes are seen twice, but each time from a later beginning.
            let depth = automaton.depth(self.state);
            if depth < WINDOW && at > entry + depth && at - depth + WINDOW <= input.len() {
                seen = seen.max(at);
                at -= depth;
                self.state = ROOT;
            }
        }
    }

    /// Follows what goes on behind a break, for as long as it is a part of a pattern.
    fn follow(&mut self, masks: &Masks, input: &[u8]) {
        let Some(mut wrap) = self.wrap.take() else { return };
        let held = self.recent.len();
        for (at, &byte) in input.iter().enumerate() {
            let Some(place) = wrap.step(masks, byte, held + at) else { return };
            if !place.is_empty() {
                self.cover(place);
            }
        }
        self.wrap = Some(wrap);
    }

    /// Takes down what ends before the input's byte `at`.
    #[inline]
    fn note(&mut self, masks: &Masks, input: &[u8], at: usize) {
        let end = self.recent.len() + at;
        let ending = masks.automaton.ending(self.state);
        if ending > 0 {
            self.cover(end - ending..end);
        }
        // The longest that starts like a word; the shorter ones lie within it.
        let mut words = masks.automaton.words(self.state);
        if let Some(length) = words.find(|length| self.word_may_start(end - length, input)) {
            match input.get(at) {
                Some(&next) if in_word(next) => {}
                Some(_) => self.cover(end - length..end),
                None => self.word = length,
            }
        }
    }

    /// Whether nothing before this place makes it the middle of a word.
    fn word_may_start(&self, at: usize, input: &[u8]) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        let held = self.recent.len();
        let byte = if before < held { self.recent[before] } else { input[before - held] };
        !in_word(byte)
    }

    /// Covers the word at the end of the text so far, now that it is known to be one.
    fn end_word(&mut self) {
        let end = self.recent.len();
        if self.word > 0 {
            self.cover(end - self.word..end);
        }
    }

    /// Adds a value's place.
    fn cover(&mut self, mut place: Range<usize>) {
        let mut at = self.found.len();
        while at > 0 && self.found[at - 1].end >= place.start {
            at -= 1;
        }
        // Mostly the last, as places come in the order of their ends but for those that go on behind a break.
        let end = at + self.found[at..].partition_point(|other| other.start <= place.end);
        for other in self.found.drain(at..end) {
            place = place.start.min(other.start)..place.end.max(other.end);
        }
        self.found.insert(at, place);
    }

    /// Gives out everything up to a place that no pattern can reach back over, and the stars of what was found there.
    fn settle(&mut self, limit: usize, input: &[u8], out: &mut Vec<u8>) {
        let ready = self.found.partition_point(|place| place.start <= limit);
        let later = self.found.split_off(ready);
        for place in std::mem::replace(&mut self.found, later) {
            self.give(place.start, input, out);
            if !self.starred {
                out.extend_from_slice(STARS);
            }
            self.starred = true;
            self.settled = place.end;
        }
        self.give(limit, input, out);
    }

    /// Gives out what lies between what is settled and a place.
    fn give(&mut self, end: usize, input: &[u8], out: &mut Vec<u8>) {
        if end <= self.settled {
            return;
        }
        let held = self.recent.len();
        let (start, middle) = (self.settled.min(held), end.min(held));
        out.extend_from_slice(&self.recent[start..middle]);
        out.extend_from_slice(&input[self.settled.max(held) - held..end.max(held) - held]);
        self.settled = end;
        self.starred = false;
    }

    /// Drops what no pattern can reach back to.
    fn forget(&mut self, masks: &Masks, input: &[u8]) {
        let held = self.recent.len();
        let end = held + input.len();
        let needed = (end - masks.automaton.depth(self.state))
            .min(self.wrap.as_ref().map_or(end, |wrap| wrap.start(masks, end)));
        let gone = needed.saturating_sub(1);
        self.recent.drain(..gone.min(held));
        debug_assert!(end - gone <= self.recent.capacity(), "what is remembered must not outgrow its memory");
        self.recent.extend_from_slice(&input[gone.saturating_sub(held)..]);
        self.settled -= gone;
        for place in &mut self.found {
            *place = place.start - gone..place.end - gone;
        }
        if let Some(wrap) = &mut self.wrap {
            wrap.forget(gone);
        }
    }
}

//! Encoded text that is broken into lines, as `base64` and `xxd -p` do it: a value may stand on both sides of a break.

use std::ops::Range;

use super::Masks;
use super::automaton::State;

/// So many characters of an encoding before a line's end make it a line that an encoder broke. Those that do so have 60
/// characters a line or more; ordinary text has no such words.
const RUN: usize = 40;

/// A break has at most so many bytes: `\r\n`.
const BREAK: usize = 2;

/// What of the line so far matters.
#[derive(Default)]
pub(super) struct Lines {
    /// How many characters of an encoding end the text so far, and no more than matter.
    run: usize,
    /// How many bytes of an encoder's break end the text so far.
    broken: usize,
}

/// What may be a pattern with breaks in it. It has a break in it always, or it is none.
pub(super) struct Wrap {
    /// The state of the text without its breaks.
    state: State,
    /// The breaks' places, in order.
    breaks: Vec<usize>,
}

/// How long a pattern of that length can be with breaks in it.
pub(super) fn with_breaks(length: usize) -> usize {
    length + BREAK * (length / RUN + 2)
}

impl Lines {
    /// Where an encoder's break has its next byte in these bytes. What comes before it counts as seen, and so does it;
    /// all of them where there is none.
    pub(super) fn next_break(&mut self, input: &[u8]) -> Option<usize> {
        for at in memchr::memchr2_iter(b'\r', b'\n', input) {
            let run = self.run_before(&input[..at]);
            let broken = if at == 0 { self.broken } else { 0 };
            if run >= RUN || (1..BREAK).contains(&broken) {
                *self = Self { run: 0, broken: broken + 1 };
                return Some(at);
            }
        }
        if !input.is_empty() {
            *self = Self { run: self.run_before(input), broken: 0 };
        }
        None
    }

    fn run_before(&self, input: &[u8]) -> usize {
        let run = input.iter().rev().take(RUN).take_while(|byte| is_digit(**byte)).count();
        if run == input.len() { (run + self.run).min(RUN) } else { run }
    }

    /// What comes before bytes that were held back: an encoder's line where a pattern with a break in it was.
    pub(super) fn before(wrapped: bool) -> Self {
        Self { run: if wrapped { RUN } else { 0 }, broken: 0 }
    }
}

/// Whether a byte is a digit of base64 or hexadecimal numbers.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

impl Wrap {
    /// A pattern that has begun before a break, if one has.
    pub(super) fn new(masks: &Masks, state: State) -> Option<Self> {
        (masks.automaton.depth(state) > 0).then(|| Self { state, breaks: Vec::new() })
    }

    /// The same with a break here.
    pub(super) fn broken_at(mut self, place: usize) -> Self {
        self.breaks.push(place);
        self
    }

    /// Takes the byte at a place, and gives the place of the pattern that ends with it, which is empty for none.
    /// Nothing once what goes on begins behind the break: it isn't broken any more.
    pub(super) fn step(&mut self, masks: &Masks, byte: u8, place: usize) -> Option<Range<usize>> {
        if self.breaks.binary_search(&place).is_ok() {
            return Some(place..place);
        }
        self.state = masks.automaton.step(self.state, byte);
        let end = place + 1;
        let ending = masks.automaton.ending(self.state);
        let found = self.from(end, ending)..end;
        self.breaks.last().is_some_and(|last| self.start(masks, end) <= *last).then_some(found)
    }

    /// Where the text of the state begins.
    pub(super) fn start(&self, masks: &Masks, end: usize) -> usize {
        self.from(end, masks.automaton.depth(self.state))
    }

    /// Where what can still become a pattern begins.
    pub(super) fn growing_from(&self, masks: &Masks, end: usize) -> usize {
        self.from(end, masks.automaton.growing(self.state, |_| false))
    }

    /// Where so many bytes before a place begin, the breaks among them not counted.
    fn from(&self, end: usize, length: usize) -> usize {
        let mut start = end - length;
        if length > 0 {
            for &at in self.breaks.iter().rev() {
                if at < start {
                    break;
                }
                start -= 1;
            }
        }
        start
    }

    /// Counts places from a later beginning.
    pub(super) fn forget(&mut self, gone: usize) {
        self.breaks.retain(|at| *at >= gone);
        self.breaks.iter_mut().for_each(|at| *at -= gone);
    }
}

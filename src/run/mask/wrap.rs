//! Encoded text that is broken into lines, as `base64` and `xxd -p` do it: a value may stand on both sides of a break.

use std::ops::Range;

use super::Masks;
use super::automaton::State;

/// So many characters of an encoding before a line's end make it a line that an encoder broke. Ordinary text seldom has
/// such words, and hardly ever a value's digits on both sides of what follows one.
const RUN: usize = 24;

/// A break has at most so many bytes that end a line: `\r\n`.
const ENDS: usize = 2;

/// Behind them so many spaces and tabs belong to it at most: the indentation of a block in YAML, say.
const BLANKS: usize = 16;

/// What of the line so far matters.
#[derive(Default)]
pub(super) struct Lines {
    /// How many characters of an encoding end the text so far, and no more than matter.
    run: usize,
    /// How many line ends of an encoder's break end the text so far, but for the blanks behind them.
    ends: usize,
    /// How many blanks of an encoder's break end the text so far.
    blanks: usize,
}

/// What may be a pattern with breaks in it. It has a break in it always, or it is none.
pub(super) struct Wrap {
    /// The state of the text without its breaks.
    state: State,
    /// The breaks' places, in order.
    breaks: Vec<Range<usize>>,
}

/// A break, or what of it is there.
pub(super) struct Break {
    /// Its place in the input.
    pub(super) place: Range<usize>,
    /// Whether it goes on with one whose beginning was seen before.
    pub(super) goes_on: bool,
}

/// How long a pattern of that length can be with breaks in it.
pub(super) fn with_breaks(length: usize) -> usize {
    length + (ENDS + BLANKS) * (length / RUN + 2)
}

impl Lines {
    /// The next break of an encoder in these bytes. What comes before it counts as seen, and so does it; all of them
    /// where there is none.
    pub(super) fn next_break(&mut self, input: &[u8]) -> Option<Break> {
        let more = self.more_of_break(input);
        if more > 0 {
            return Some(Break { place: 0..more, goes_on: true });
        }
        for at in memchr::memchr2_iter(b'\r', b'\n', input) {
            if self.run_before(&input[..at]) >= RUN {
                *self = Self { run: 0, ends: 1, blanks: 0 };
                let more = self.more_of_break(&input[at + 1..]);
                return Some(Break { place: at..at + 1 + more, goes_on: false });
            }
        }
        if !input.is_empty() {
            *self = Self { run: self.run_before(input), ..Self::default() };
        }
        None
    }

    /// How many bytes at the beginning of the input belong to the break that ends the text so far. They count as seen.
    fn more_of_break(&mut self, input: &[u8]) -> usize {
        let belongs = |byte: &&u8| match **byte {
            b'\r' | b'\n' if self.blanks == 0 && (1..ENDS).contains(&self.ends) => {
                self.ends += 1;
                true
            }
            b' ' | b'\t' if self.ends > 0 && self.blanks < BLANKS => {
                self.blanks += 1;
                true
            }
            _ => false,
        };
        input.iter().take_while(belongs).count()
    }

    fn run_before(&self, input: &[u8]) -> usize {
        let run = input.iter().rev().take(RUN).take_while(|byte| is_digit(**byte)).count();
        if run == input.len() { (run + self.run).min(RUN) } else { run }
    }

    /// What comes before bytes that were held back: an encoder's line where a pattern with a break in it was.
    pub(super) fn before(wrapped: bool) -> Self {
        Self { run: if wrapped { RUN } else { 0 }, ..Self::default() }
    }
}

/// Whether a byte is a digit of base64 or hexadecimal numbers.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

impl Wrap {
    /// A pattern that has begun before a break, if one has.
    pub(super) fn new(masks: &Masks, state: State) -> Option<Self> {
        // What has line breaks of its own is no encoding.
        let state = masks.automaton.unbroken(state);
        (masks.automaton.depth(state) > 0).then(|| Self { state, breaks: Vec::new() })
    }

    /// The same with a break here.
    pub(super) fn broken_at(mut self, place: Range<usize>) -> Self {
        self.breaks.push(place);
        self
    }

    /// The same where the last break has so many bytes more.
    pub(super) fn broken_further(mut self, more: usize) -> Self {
        if let Some(last) = self.breaks.last_mut() {
            last.end += more;
        }
        self
    }

    /// Takes the byte at a place, and gives the place of the pattern that ends with it, which is empty for none.
    /// Nothing once what goes on begins behind the break: it isn't broken any more.
    pub(super) fn step(&mut self, masks: &Masks, byte: u8, place: usize) -> Option<Range<usize>> {
        if self.breaks.last().is_some_and(|last| last.contains(&place)) {
            return Some(place..place);
        }
        self.state = masks.automaton.unbroken(masks.automaton.step(self.state, byte));
        let end = place + 1;
        let ending = masks.automaton.ending(self.state);
        let found = self.from(end, ending)..end;
        self.breaks.last().is_some_and(|last| self.start(masks, end) < last.start).then_some(found)
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
            for place in self.breaks.iter().rev() {
                if place.end <= start {
                    break;
                }
                start -= place.len();
            }
        }
        start
    }

    /// Counts places from a later beginning.
    pub(super) fn forget(&mut self, gone: usize) {
        self.breaks.retain(|place| place.start >= gone);
        self.breaks.iter_mut().for_each(|place| *place = place.start - gone..place.end - gone);
    }
}

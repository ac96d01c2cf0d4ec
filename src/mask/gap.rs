//! What stands between the characters of a short value: it tells the value from other text with the same letters.

use zeroize::Zeroize;

use super::pattern::{Form, Pattern};
use super::track::{Track, units};
use super::value::{LONG, Value};

/// What stands between two characters.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// Punctuation that no quoting adds.
    hard: Vec<u8>,
    /// Whether there is a blank, as it is.
    has_blank: bool,
    /// Whether there is one that is encoded.
    has_encoded: bool,
    /// Whether there is a line break, as it is.
    has_break: bool,
}

/// Punctuation that quoting adds.
const SOFT: &[u8] = b"'\"`\\$%^+";

/// A value with fewer characters is never taken for folded.
const FOLDED: usize = 8;

/// The widest gap between two digits of a short value.
const NARROW: usize = 40;

/// What may stand between the digits of a short value.
const BETWEEN_DIGITS: &[u8] = b"+/-_=\r\n \t\\'\"%:,n\x1b";

impl Gap {
    fn new(text: &[u8], from: usize, to: usize) -> Self {
        let mut gap = Self::default();
        let mut at = from;
        for (end, character) in units(text, from, to) {
            let is_plain = end == at + 1;
            match character.and_then(|character| u8::try_from(character).ok()) {
                Some(b' ' | b'\t' | b'\n') if is_plain => gap.has_blank = true,
                // A blank that is taken back.
                Some(8) if is_plain && at > from && text[at - 1] == b' ' => gap.has_blank = false,
                Some(b' ' | b'\t' | b'\n' | b'\r' | b'+') if !is_plain || text[at] != b'\r' => gap.has_encoded = true,
                Some(byte) if byte.is_ascii_punctuation() && !SOFT.contains(&byte) => gap.hard.push(byte),
                _ => {}
            }
            gap.has_break |= text[at] == b'\n';
            at = end;
        }
        gap
    }

    fn of_literal(text: &[u8]) -> Self {
        let hard = text.iter().copied().filter(|byte| byte.is_ascii_punctuation() && !SOFT.contains(byte)).collect();
        Self { hard, has_blank: text.iter().any(u8::is_ascii_whitespace), ..Self::default() }
    }
}

/// These are parts of values.
impl Drop for Gap {
    fn drop(&mut self) {
        self.hard.zeroize();
    }
}

/// The gaps between the first characters of a value.
pub(super) fn gaps(track: &impl Track, count: usize) -> Vec<Gap> {
    (1..count).map(|at| Gap::new(track.text(), track.end(at - 1), track.start(at))).collect()
}

/// The gaps between the letters and digits of a value.
pub(super) fn literal_gaps(bytes: &[u8]) -> Vec<Gap> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_alphanumeric()).collect();
    places.windows(2).map(|pair| Gap::of_literal(&bytes[pair[0] + 1..pair[1]])).collect()
}

/// Whether what stands between the characters `from..to` of a track lets them be a pattern, of which they are all but
/// the first `late`.
pub(super) fn fit(track: &impl Track, pattern: &Pattern, value: &Value, from: usize, to: usize, late: usize) -> bool {
    if track.next_break(from) < to {
        return false;
    }
    if let Some(least) = track.column() {
        return pattern.length >= least;
    }
    let places = |at: usize| (track.end(at - 1), track.start(at));
    let text = track.text();
    match pattern.form {
        Form::Raw => true,
        Form::Escaped => (from..to).all(|at| text[..track.start(at)].ends_with(b"\\")),
        Form::Hex(_) if !(from + 1..to).all(|at| is_even(text, places(at), (at - from + late).is_multiple_of(2))) => {
            false
        }
        _ if pattern.length >= LONG => true,
        Form::Split(_) => false,
        Form::Text => fit_text(track, &value.text_gaps, from, to, late),
        Form::Literal => fit_text(track, &value.literal_gaps, from, to, late),
        Form::Hex(_) | Form::Base64(_) => (from + 1..to).all(|at| {
            let (start, end) = places(at);
            end - start <= NARROW
                && units(text, start, end)
                    .all(|(end, _)| end > start + 1 && text[end - 1] != b';' || BETWEEN_DIGITS.contains(&text[end - 1]))
        }),
    }
}

/// Whether a gap between digits of two a byte has separators only where a byte ends.
fn is_even(text: &[u8], (from, to): (usize, usize), is_end: bool) -> bool {
    is_end || from == to || !text[from..to].iter().any(|byte| b" ,:".contains(byte))
}

/// Whether the gaps are the value's own, up to what quoting does with them.
fn fit_text(track: &impl Track, own: &[Gap], from: usize, to: usize, late: usize) -> bool {
    let text = track.text();
    let gap = |at: usize| Gap::new(text, track.end(at - 1), track.start(at));
    let count = to - from + late;
    let mut is_separated = true;
    let mut fits = true;
    for at in from + 1..to {
        let gap = gap(at);
        let own = own.get(at - from + late - 1);
        let (hard, blank) = own.map_or((&[][..], false), |own| (&own.hard[..], own.has_blank || own.has_encoded));
        let rest = |hard: &[u8]| hard.iter().copied().filter(|byte| *byte != b',').collect::<Vec<u8>>();
        if gap.hard != hard && rest(&gap.hard) != rest(hard) {
            return false;
        }
        is_separated &= gap.has_blank || gap.hard.contains(&b',');
        fits &= gap.hard == hard
            && if blank {
                gap.has_blank || gap.has_encoded
            } else {
                !gap.has_blank || (gap.has_break && count >= FOLDED)
            };
    }
    fits || is_separated
}

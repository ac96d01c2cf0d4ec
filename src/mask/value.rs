//! A value that must not be seen, and what of it is compared with.

use std::ops::Range;

use zeroize::Zeroizing;

use super::gap::{Gap, gaps, literal_gaps};
use super::track::{Track, units};
use super::view::{View, skeleton};

/// The bytes of a value without the white space around it, and its skeletons. All of it is wiped.
pub(super) struct Value {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The value as a view shows it, but for what could be a unit with what follows it, if there is enough without it.
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Whether there isn't.
    pub(super) is_open: bool,
    /// Its letters and digits undecoded, where they are others.
    pub(super) literal: Zeroizing<Vec<u8>>,
    /// Between the characters of `text`, if it is short.
    pub(super) text_gaps: Vec<Gap>,
    /// Between those of `literal`.
    pub(super) literal_gaps: Vec<Gap>,
    /// Units of its own that are no characters undecoded.
    pub(super) units: Vec<OwnUnit>,
    /// Where the first character of `text` begins, and the last one ends.
    pub(super) text_place: Range<usize>,
    /// The same for `literal`.
    pub(super) literal_place: Range<usize>,
}

/// A text with fewer characters is taken for the value only if what stands between them fits.
pub(super) const LONG: usize = 16;

/// Patterns with fewer characters aren't looked for in views.
pub(super) const LEAST: usize = 6;

/// Patterns with fewer different characters aren't, either.
const DISTINCT: usize = 4;

/// Whether characters are worth looking for in views.
pub(super) fn is_pattern(chars: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in chars {
        seen[usize::from(*byte)] = true;
    }
    chars.len() >= LEAST && seen.iter().filter(|seen| **seen).count() >= DISTINCT
}

/// In so many ways a value's own units can be split, one at a time.
const UNITS: usize = 16;

/// A unit in a value, and what it is to a view where something stands within it.
pub(super) struct OwnUnit {
    /// How many characters stand before it.
    pub(super) at: usize,
    /// How many it is.
    pub(super) decoded: usize,
    /// Where in the value something stands.
    cut: usize,
    /// The letters and digits that the view has then.
    pub(super) literal: Zeroizing<Vec<u8>>,
}

/// What stands within a unit: it is nothing, and ends what isn't complete.
const BETWEEN: &[u8] = b"\x1b[m";

/// A text with something in it.
fn cut(text: &[u8], at: usize) -> Zeroizing<Vec<u8>> {
    let mut cut = Zeroizing::new(Vec::with_capacity(text.len() + BETWEEN.len()));
    for part in [&text[..at], BETWEEN, &text[at..]] {
        cut.extend_from_slice(part);
    }
    cut
}

/// The first units of a value that have letters or digits, up to so many characters, for each way to split them.
fn own_units(bytes: &[u8], count: usize) -> Vec<OwnUnit> {
    let (mut found, mut at, mut from) = (Vec::<OwnUnit>::new(), 0, 0);
    for (end, character) in units(bytes, 0, bytes.len()) {
        let is_kept = character.and_then(|character| u8::try_from(character).ok());
        let kept = is_kept.filter(u8::is_ascii_alphanumeric);
        let (unit, decoded, first) = (&bytes[from..end], usize::from(kept.is_some()), found.len());
        if unit.len() <= OPEN && at + decoded <= count && found.len() < UNITS {
            for place in 1..unit.len() {
                let literal = skeleton(&cut(unit, place), true);
                let is_known = found[first..].iter().any(|other| other.literal == literal);
                if found.len() < UNITS && literal[..] != *kept.as_slice() && !is_known {
                    found.push(OwnUnit { at, decoded, cut: from + place, literal });
                }
            }
        }
        at += decoded;
        from = end;
    }
    found
}

/// The longest end of a value that is left to the comparison of what surrounds a match.
const OPEN: usize = 12;

impl Value {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut view = View::new();
        view.advance(bytes, false);
        let closed = view.count();
        view.advance(bytes, true);
        let track = view.track(bytes);
        let is_open = !is_pattern(&track.chars()[..closed]);
        // An incomplete unit is short, unless it is a string for a terminal.
        let count = if view.count() - closed <= OPEN && !is_open { closed } else { view.count() };
        let text = Zeroizing::new(track.chars()[..count].to_vec());
        let text_place = if count == 0 { 0..0 } else { track.start(0)..track.end(count - 1) };
        let mut literal = Zeroizing::new(Vec::with_capacity(bytes.len()));
        literal.extend(bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()));
        if literal == text {
            literal = Zeroizing::new(Vec::new());
        }
        let (mut text_gaps, mut own_gaps) = (Vec::new(), Vec::new());
        if text.len() < LONG {
            text_gaps = gaps(&track, count);
        }
        if (1..LONG).contains(&literal.len()) {
            own_gaps = literal_gaps(bytes);
        }
        let first = bytes.iter().position(u8::is_ascii_alphanumeric).unwrap_or_default();
        let last = bytes.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
        Self {
            units: own_units(bytes, text.len()),
            text_place,
            bytes: Zeroizing::new(bytes.to_vec()),
            text,
            is_open,
            literal,
            text_gaps,
            literal_gaps: own_gaps,
            literal_place: first..last,
        }
    }

    /// The value with one of its units split.
    pub(super) fn split(&self, unit: u8) -> Zeroizing<Vec<u8>> {
        cut(&self.bytes, self.units[usize::from(unit)].cut)
    }
}

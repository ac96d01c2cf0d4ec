//! A value that must not be seen, and what of it is compared with.

use std::ops::Range;

use zeroize::Zeroizing;

use super::gap::{Gap, gaps, literal_gaps};
use super::track::{Track, units};
use super::view::View;

/// The bytes of a value without the white space around it, and its skeletons. All of it is wiped.
pub(super) struct Value {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The value as a view shows it, but for what could be a unit with what follows it.
    pub(super) text: Zeroizing<Vec<u8>>,
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

/// So many of a value's own units can be split, one at a time.
const UNITS: usize = 16;

/// A unit in a value.
pub(super) struct OwnUnit {
    /// How many characters stand before it.
    pub(super) at: usize,
    /// How many it is.
    pub(super) decoded: usize,
    /// Its letters and digits.
    pub(super) literal: Zeroizing<Vec<u8>>,
}

/// The first units of a value that have letters or digits, up to so many characters.
fn own_units(bytes: &[u8], count: usize) -> Vec<OwnUnit> {
    let (mut found, mut at, mut from) = (Vec::new(), 0, 0);
    for (end, character) in units(bytes, 0, bytes.len()) {
        let is_kept = character.and_then(|character| u8::try_from(character).ok());
        let decoded = usize::from(is_kept.is_some_and(|byte| byte.is_ascii_alphanumeric()));
        let unit = &bytes[from..end];
        if unit.len() > 1 && unit.len() <= OPEN && at + decoded <= count && found.len() < UNITS {
            let literal: Vec<u8> = unit.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
            if !literal.is_empty() {
                found.push(OwnUnit { at, decoded, literal: Zeroizing::new(literal) });
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
        // An incomplete unit is short, unless it is a string for a terminal.
        let count = if view.count() - closed <= OPEN { closed } else { view.count() };
        let track = view.track(bytes);
        let text = Zeroizing::new(track.chars()[..count].to_vec());
        let text_place = if count == 0 { 0..0 } else { track.start(0)..track.end(count - 1) };
        let mut literal = Zeroizing::new(Vec::with_capacity(bytes.len()));
        literal.extend(bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()));
        if literal.starts_with(&text) && literal.len() <= text.len() + OPEN {
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
            literal,
            text_gaps,
            literal_gaps: own_gaps,
            literal_place: first..last,
        }
    }
}

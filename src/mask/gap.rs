//! What stands between the characters of a short value: it tells the value from other text with the same letters.

use super::buffer::Buffer;
use super::track::{Track, units};

/// What stands between two characters.
pub(super) struct Gap {
    /// Punctuation that no quoting adds.
    pub(super) hard: Buffer<u8>,
    /// Whether there is a blank, as it is.
    pub(super) has_blank: bool,
    /// Whether there is one that is encoded.
    pub(super) has_encoded: bool,
    /// Whether there is a line break, as it is.
    pub(super) has_break: bool,
}

/// Punctuation that quoting adds.
const SOFT: &[u8] = b"'\"`\\$%^+";

impl Gap {
    fn nothing() -> Self {
        Self { hard: Buffer::new(), has_blank: false, has_encoded: false, has_break: false }
    }

    pub(super) fn new(text: &[u8], from: usize, to: usize) -> Self {
        let mut gap = Self::nothing();
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
        let mut gap = Self::nothing();
        for byte in text.iter().filter(|byte| byte.is_ascii_punctuation() && !SOFT.contains(byte)) {
            gap.hard.push(*byte);
        }
        gap.has_blank = text.iter().any(u8::is_ascii_whitespace);
        gap
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

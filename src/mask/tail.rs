//! The last digits of a value in base64 that a pattern leaves out: signs, the one whose last bits are none of the value's
//! where it is encoded alone or at the end, and the padding.

use zeroize::Zeroizing;

use super::track::{Track, units};
use super::value::Value;

/// The widest gap before one of them.
const NARROW: usize = 40;

/// A digit, and what is written for it in one alphabet or the other.
fn is_digit(digit: u8, byte: u8) -> bool {
    match digit {
        0..26 => byte == b'A' + digit,
        26..52 => byte == b'a' + digit - 26,
        52..62 => byte == b'0' + digit - 52,
        62 => b"+-".contains(&byte),
        _ => b"/_".contains(&byte),
    }
}

/// The digit at a place of what begins with so many other bytes; bits beyond the value are zeros.
fn digit(value: &Value, before: usize, at: usize) -> u8 {
    let bit = 6 * at - 8 * before;
    let byte = |at: usize| u16::from(value.bytes.get(at).copied().unwrap_or_default());
    let word = byte(bit / 8) << 8 | byte(bit / 8 + 1);
    u8::try_from(word >> (10 - bit % 8) & 63).expect("internal error: six bits")
}

/// The digits behind the last letter or digit of a pattern, and how many of them are the value's own. Where there is
/// one more, padding follows it.
fn digits(value: &Value, before: u8) -> (Zeroizing<Vec<u8>>, usize) {
    let before = usize::from(before);
    let bits = 8 * (before + value.bytes.len());
    let (own, all) = (bits / 6, bits.div_ceil(6));
    let first = (8 * before).div_ceil(6);
    let signs = (first..own).rev().take_while(|at| digit(value, before, *at) >= 62).count();
    let mut digits = Zeroizing::new(Vec::with_capacity(all - own + signs));
    digits.extend((own - signs..all).map(|at| digit(value, before, at)));
    (digits, signs)
}

/// Whether there are such digits.
pub(super) fn has_more(value: &Value, before: u8) -> bool {
    !digits(value, before).0.is_empty()
}

/// Where the digits end behind a match; nothing if too little is there to tell.
pub(super) fn after(track: &impl Track, value: &Value, before: u8, place: usize, is_end: bool) -> Option<usize> {
    let (digits, own) = digits(value, before);
    let padding = (3 - (usize::from(before) + value.bytes.len()) % 3) % 3;
    let (mut at, mut found, mut last, mut is_apart) = (0, place, place, false);
    for (end, character) in units(track.text(), place, track.frontier()) {
        let byte = character.and_then(|character| u8::try_from(character).ok());
        match (byte, digits.get(at)) {
            (None | Some(b' ' | b'\t' | b'\r' | b'\n'), Some(_)) if end - last <= NARROW => is_apart = true,
            (Some(byte), Some(digit)) if is_digit(*digit, byte) => {
                (at, last) = (at + 1, end);
                if at <= own {
                    (found, is_apart) = (end, false);
                }
            }
            (Some(b'='), None) if at > own => {
                (at, found) = (at + 1, end);
                if at - own > padding {
                    return Some(found);
                }
            }
            // Without padding it is the last digit only where no other follows.
            (byte, None) if at == own + 1 && !is_apart => {
                let is_last = !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
                return Some(if is_last { last } else { found });
            }
            _ => return Some(found),
        }
    }
    if is_end && at == own + 1 && !is_apart {
        return Some(last);
    }
    (is_end || digits.len() == own && at == own).then_some(found)
}

//! Units: the pieces that tools write for one character, and the control sequences of terminals.

mod control;
mod reference;

use zeroize::Zeroizing;

use control::control;
use reference::reference;

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// One byte that means itself.
    Plain,
    /// So many bytes for a character, or for nothing at all.
    Coded(usize, Option<u32>),
    /// Too little is there to tell.
    More,
}

/// The longest run of backslashes that is one unit.
const RUN: usize = 64;

/// The most digits between braces.
const BRACED: usize = 8;

/// How often a `%` or an `&` may be encoded again.
const DEPTH: usize = 16;

/// Whether a byte can begin a unit of several bytes; `0` can as well.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "many are looked at together")]
pub(super) fn is_special(byte: u8) -> bool {
    (byte == b'\\') | (byte == b'%') | (byte == b'&') | (byte == 0x1b)
}

/// The unit at a place. It depends on the bytes from there on and the one before.
pub(super) fn unit(text: &[u8], at: usize) -> Unit {
    let rest = &text[at..];
    match rest[0] {
        b'\\' => backslash(rest),
        b'%' => percent(rest),
        b'&' => reference(rest),
        0x1b => control(rest),
        b'0' if at == 0 || !text[at - 1].is_ascii_alphanumeric() => zero_x(rest),
        _ => Unit::Plain,
    }
}

/// The bytes of a unit, and its character, where nothing follows the text.
pub(super) fn last_unit(text: &[u8], at: usize) -> (usize, Option<u32>) {
    let found = match unit(text, at) {
        Unit::More => {
            // Whatever could follow is no part of it.
            let from = at.saturating_sub(1);
            let mut closed = Zeroizing::new(Vec::with_capacity(text.len() - from + 1));
            closed.extend_from_slice(&text[from..]);
            closed.push(b'\n');
            unit(&closed, at - from)
        }
        found => found,
    };
    match found {
        Unit::Coded(length, character) if at + length <= text.len() => (length, character),
        _ => (1, Some(u32::from(text[at]))),
    }
}

/// The value of a digit.
pub(super) fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// What some digits are.
enum Digits {
    More,
    No,
    Are(u32),
}

fn digits(text: &[u8], count: usize) -> Digits {
    let mut number = 0;
    for at in 0..count {
        match text.get(at).map(|byte| digit(*byte)) {
            None => return Digits::More,
            Some(None) => return Digits::No,
            Some(Some(digit)) => number = number << 4 | digit,
        }
    }
    Digits::Are(number)
}

/// A run of backslashes and what it escapes: each of the quotings that were laid over each other doubles it.
fn backslash(text: &[u8]) -> Unit {
    let run = text.iter().take(RUN).take_while(|byte| **byte == b'\\').count();
    let dropped = Unit::Coded(run, None);
    if run == RUN {
        return dropped;
    }
    let Some(&escaped) = text.get(run) else { return Unit::More };
    let fixed = |count| match digits(&text[run + 1..], count) {
        Digits::More => Unit::More,
        Digits::No => dropped,
        Digits::Are(number) => Unit::Coded(run + 1 + count, Some(number)),
    };
    let short = |byte: u8| Unit::Coded(run + 1, Some(u32::from(byte)));
    match escaped {
        b'u' | b'x' if text.get(run + 1) == Some(&b'{') => braced(text, run),
        b'x' => fixed(2),
        b'u' => fixed(4),
        b'U' => fixed(8),
        b'0'..=b'7' => octal(text, run),
        b'a' => short(7),
        b'b' => short(8),
        b't' => short(b'\t'),
        b'n' => short(b'\n'),
        b'v' => short(0xb),
        b'f' => short(0xc),
        b'r' => short(b'\r'),
        b'e' | b'E' => short(0x1b),
        _ => dropped,
    }
}

/// `\u{41}`, `\x{41}`.
fn braced(text: &[u8], run: usize) -> Unit {
    let number = &text[run + 2..];
    let count = number.iter().take(BRACED).take_while(|byte| byte.is_ascii_hexdigit()).count();
    match (number.get(count), digits(number, count)) {
        (None, _) => Unit::More,
        (Some(b'}'), Digits::Are(number)) if count > 0 => Unit::Coded(run + 3 + count, Some(number)),
        _ => Unit::Coded(run, None),
    }
}

/// `\101`.
fn octal(text: &[u8], run: usize) -> Unit {
    let number = &text[run..text.len().min(run + 3)];
    let count = number.iter().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    if count == number.len() && count < 3 {
        return Unit::More;
    }
    let number = number[..count].iter().fold(0, |number, byte| number << 3 | u32::from(byte - b'0'));
    Unit::Coded(run + count, Some(number))
}

/// `%41`, `%u0041`, and `%2541`, where the `%` was encoded again.
fn percent(text: &[u8]) -> Unit {
    for depth in 0..DEPTH {
        // Behind `%25` the last digit stands for the `%`.
        let behind = 2 * depth + 1;
        let (at, count) = if text.get(behind) == Some(&b'u') { (behind + 1, 4) } else { (behind, 2) };
        match digits(&text[at..], count) {
            Digits::More => return Unit::More,
            Digits::No if depth == 0 => return Unit::Plain,
            Digits::No => return Unit::Coded(behind, Some(u32::from(b'%'))),
            Digits::Are(0x25) if count == 2 => {}
            Digits::Are(number) => return Unit::Coded(at + count, Some(number)),
        }
    }
    Unit::Coded(2 * DEPTH + 1, None)
}

/// `0x41` on its own, with one digit or two.
fn zero_x(text: &[u8]) -> Unit {
    match text.get(1) {
        None => return Unit::More,
        Some(b'x' | b'X') => {}
        Some(_) => return Unit::Plain,
    }
    let count = text[2..].iter().take(3).take_while(|byte| byte.is_ascii_hexdigit()).count();
    match (text.get(2 + count), digits(&text[2..], count)) {
        _ if count > 2 => Unit::Plain,
        (None, _) => Unit::More,
        (Some(next), Digits::Are(number)) if count > 0 && !next.is_ascii_alphanumeric() => {
            Unit::Coded(2 + count, Some(number))
        }
        _ => Unit::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::{Unit, unit};

    #[test]
    fn units_stand_for_characters() {
        for (text, length, character) in [
            (r"\x41.", 4, Some('A')),
            (r"\\\\u0041", 9, Some('A')),
            (r"\u{41}", 6, Some('A')),
            (r"\U00000041", 10, Some('A')),
            (r"\1012", 4, Some('A')),
            (r"\\\n", 4, Some('\n')),
            (r"\$", 1, None),
            (r"\xg1", 1, None),
            ("%41", 3, Some('A')),
            ("%252541", 7, Some('A')),
            ("%25zz", 3, Some('%')),
            ("%u0041", 6, Some('A')),
            ("%2525u0041", 10, Some('A')),
            ("%25u00zz", 3, Some('%')),
            ("&amp;amp;#x41;", 14, Some('A')),
            ("&amp;lt;", 8, Some('<')),
            ("&amp;lt ", 5, Some('&')),
            ("\x1b[1;31mA", 7, None),
            ("\x1b]0;title\x1b\\A", 11, None),
            ("\x1b]0;title\x07A", 10, None),
            ("0x41,", 4, Some('A')),
        ] {
            let expected = Unit::Coded(length, character.map(u32::from));
            assert_eq!(unit(text.as_bytes(), 0), expected, "{text:?}");
            // What isn't complete is never guessed.
            for cut in 1..length {
                let is_octal = text.starts_with(r"\1");
                assert!(unit(&text.as_bytes()[..cut], 0) == Unit::More || is_octal && cut == 3, "{text:?} {cut}");
            }
        }
        for text in ["%4g", "&abc;", "&;", "&#;", "0x414", "0y", "\x1b[1\n"] {
            assert_eq!(unit(text.as_bytes(), 0), Unit::Plain, "{text:?}");
        }
    }
}

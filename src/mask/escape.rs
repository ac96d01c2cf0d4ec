//! Units: the pieces that tools write for one character, and the control sequences of terminals.

use zeroize::Zeroizing;

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

/// How often a `%` or an `&` may be encoded again.
const DEPTH: usize = 16;

/// The longest sequence of a terminal with parameters.
const CONTROL: usize = 64;

/// The longest string that a terminal is sent, as for a window's title or a link.
const STRING: usize = 2048;

/// The longest name or number of a reference.
const NAME: usize = 8;

/// Names of references, and what they stand for.
const NAMES: [(&[u8], u8); 38] = [
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"amp", b'&'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"nbsp", b' '),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"midast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"equals", b'='),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"verbar", b'|'),
    (b"rcub", b'}'),
    (b"rbrace", b'}'),
];

/// How the names of letters end that are no ASCII.
const ACCENTS: [&[u8]; 10] =
    [b"acute", b"caron", b"cedil", b"circ", b"grave", b"lig", b"ring", b"slash", b"tilde", b"uml"];

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
    let count = number.iter().take(NAME).take_while(|byte| byte.is_ascii_hexdigit()).count();
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
    if text.get(1) == Some(&b'u') {
        return match digits(&text[2..], 4) {
            Digits::More => Unit::More,
            Digits::No => Unit::Plain,
            Digits::Are(number) => Unit::Coded(6, Some(number)),
        };
    }
    for depth in 0..DEPTH {
        // Behind `%25` the last digit stands for the `%`.
        let at = 2 * depth + 1;
        match digits(&text[at..], 2) {
            Digits::More => return Unit::More,
            Digits::No if depth == 0 => return Unit::Plain,
            Digits::No => return Unit::Coded(at, Some(u32::from(b'%'))),
            Digits::Are(0x25) => {}
            Digits::Are(number) => return Unit::Coded(at + 2, Some(number)),
        }
    }
    Unit::Coded(2 * DEPTH + 1, None)
}

/// `&lt;`, `&#60;`, `&#x3c;`, and `&amp;lt;`, where the `&` was encoded again.
fn reference(text: &[u8]) -> Unit {
    let mut at = 1;
    for depth in 0..DEPTH {
        match named(&text[at..]) {
            Unit::More => return Unit::More,
            Unit::Plain if depth == 0 => return Unit::Plain,
            Unit::Coded(length, Some(0x26)) => at += length,
            Unit::Plain => break,
            Unit::Coded(length, character) => return Unit::Coded(at + length, character),
        }
    }
    Unit::Coded(at, Some(0x26))
}

/// What follows the `&` of a reference.
fn named(text: &[u8]) -> Unit {
    let (before, is_name) = match text {
        [b'#', b'x' | b'X', ..] => (2, false),
        [b'#', ..] => (1, false),
        _ => (0, true),
    };
    let name = &text[before..];
    let count = name.iter().take(NAME + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, end) = name.split_at(count);
    let character = match end.first() {
        _ if count > NAME => None,
        None => return Unit::More,
        Some(b';') if is_name => reference_name(name),
        Some(b';') if count > 0 => {
            let base = if before == 2 { 16 } else { 10 };
            name.iter().try_fold(0, |number: u32, byte| {
                number.checked_mul(base)?.checked_add(char::from(*byte).to_digit(base)?)
            })
        }
        Some(_) => None,
    };
    character.map_or(Unit::Plain, |character| Unit::Coded(before + count + 1, Some(character)))
}

/// What a name stands for. Letters with accents are no ASCII, and all alike.
fn reference_name(name: &[u8]) -> Option<u32> {
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, byte)| u32::from(*byte));
    let is_accent = |accent: &&&[u8]| name.ends_with(accent) && (1..3).contains(&(name.len() - accent.len()));
    known.or_else(|| ACCENTS.iter().find(is_accent).map(|_| u32::from(char::REPLACEMENT_CHARACTER)))
}

/// What a terminal takes for itself.
fn control(text: &[u8]) -> Unit {
    match text.get(1) {
        None => Unit::More,
        Some(b'[') => {
            let parameters = text[2..].iter().take(CONTROL).take_while(|byte| (0x20..0x40).contains(*byte)).count();
            match text.get(2 + parameters) {
                _ if parameters == CONTROL => Unit::Plain,
                None => Unit::More,
                Some(0x40..=0x7e) => Unit::Coded(parameters + 3, None),
                Some(_) => Unit::Plain,
            }
        }
        Some(b']' | b'P' | b'_' | b'^') => {
            let string = &text[2..text.len().min(STRING)];
            match string.iter().position(|byte| matches!(byte, 7 | 0x1b)) {
                Some(at) if string[at] == 7 => Unit::Coded(at + 3, None),
                Some(at) => match text.get(at + 3) {
                    None => Unit::More,
                    Some(b'\\') => Unit::Coded(at + 4, None),
                    Some(_) => Unit::Coded(at + 2, None),
                },
                None if text.len() < STRING => Unit::More,
                None => Unit::Plain,
            }
        }
        Some(b'(' | b')') if text.len() < 3 => Unit::More,
        Some(b'(' | b')') => Unit::Coded(3, None),
        Some(0x30..=0x7e) => Unit::Coded(2, None),
        Some(_) => Unit::Plain,
    }
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

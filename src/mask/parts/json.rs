//! The strings and numbers of a JSON text.

use zeroize::Zeroizing;

use super::super::escape::digit;

/// Whether a text is likely to be JSON.
pub(super) fn is_json(text: &[u8]) -> bool {
    match text {
        [b'{', inner @ .., b'}'] => inner.trim_ascii_start().starts_with(b"\""),
        [b'[', inner @ .., b']'] => {
            matches!(inner.trim_ascii_start(), [b'"' | b'{' | b'[', ..]) && inner.contains(&b'"')
        }
        _ => false,
    }
}

/// A number with fewer digits tells nothing.
const SHORTEST_NUMBER: usize = 6;

/// Calls for each string that is no key, and for each long number, with the last key before it.
pub(super) fn leaves(text: &[u8], mut take: impl FnMut(&[u8], &[u8])) {
    let mut key = Zeroizing::new(Vec::new());
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'"', &text[at..]) {
        let start = at + start + 1;
        let mut end = start;
        while end < text.len() && text[end] != b'"' {
            end += if text[end] == b'\\' { 2 } else { 1 };
        }
        let string = decoded(&text[start..end.min(text.len())]);
        at = text.len().min(end + 1);
        if let Some(value) = text[at..].trim_ascii_start().strip_prefix(b":") {
            key = string;
            let value = value.trim_ascii_start();
            let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits >= SHORTEST_NUMBER {
                take(&key, &value[..digits]);
            }
        } else {
            take(&key, &string);
        }
    }
}

/// The text of a string.
fn decoded(string: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(string.len()));
    let mut at = 0;
    while at < string.len() {
        let (length, character) = match &string[at..] {
            [b'\\', b'u', rest @ ..] => unicode(rest).map_or((1, '\\'), |(length, character)| (length + 2, character)),
            [b'\\', byte, ..] => (2, short(*byte)),
            _ => {
                out.push(string[at]);
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at += length;
    }
    out
}

fn short(byte: u8) -> char {
    match byte {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => char::from(byte),
    }
}

/// The character of one or two `\u` behind its beginning, and how long it is.
fn unicode(text: &[u8]) -> Option<(usize, char)> {
    let unit = |text: &[u8]| text.get(..4)?.iter().try_fold(0, |number, byte| Some(number << 4 | digit(*byte)?));
    let high = unit(text)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((4, char::from_u32(high)?));
    }
    let low = unit(text[4..].strip_prefix(b"\\u")?)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((10, char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?))
}

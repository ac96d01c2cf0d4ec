//! Encodings that go character by character.

use super::{Form, form};

/// Whether a character is escaped.
type Special = fn(char) -> bool;

type Digits = &'static [u8; 16];

const UPPER: Digits = b"0123456789ABCDEF";
const LOWER: Digits = b"0123456789abcdef";

/// What percent-encoding leaves as it is beside letters, digits and `-._`; where a space is among it, it becomes `+`.
const KEPT: [&[u8]; 8] = [
    // RFC 3986's unreserved characters, as in curl, jq, Python's `quote` without safe ones, and PHP's `rawurlencode`.
    b"~",
    // A path, as in Python's `quote`.
    b"~/",
    // JavaScript's `encodeURIComponent`.
    b"~!'()*",
    // JavaScript's `encodeURI`.
    b"~!'()*;,/?:@&=+$#",
    // Go's `PathEscape`.
    b"~$&+=:@",
    // Forms: browsers' and Java's, those of Python's `urlencode` and Go's `QueryEscape`, PHP's `urlencode`.
    b"* ",
    b"~ ",
    b" ",
];

/// Two digits a byte.
pub(super) fn hexadecimal(value: &[u8], forms: &mut Vec<Form>) {
    for digits in [UPPER, LOWER] {
        forms.push(each(value.iter(), 2 * value.len(), |&byte, out| out.extend(hex(byte, digits))));
    }
}

/// `%` and two digits for what isn't left as it is; that differs from tool to tool, and some leave nothing.
pub(super) fn percent(value: &[u8], forms: &mut Vec<Form>) {
    for digits in [UPPER, LOWER] {
        forms.push(each(value.iter(), 3 * value.len(), |&byte, out| {
            out.push(b'%');
            out.extend(hex(byte, digits));
        }));
        forms.push(each(value.iter(), 3 * value.len(), |&byte, out| {
            if byte.is_ascii_alphanumeric() {
                return out.push(byte);
            }
            out.push(b'%');
            out.extend(hex(byte, digits));
        }));
    }
    for kept in KEPT {
        for digits in [UPPER, LOWER] {
            forms.push(each(value.iter(), 3 * value.len(), |&byte, out| match byte {
                b' ' if kept.contains(&b' ') => out.push(b'+'),
                _ if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || kept.contains(&byte) => out.push(byte),
                _ => {
                    out.push(b'%');
                    out.extend(hex(byte, digits));
                }
            }));
        }
    }
}

/// A carriage return before each line break, and octal digits for what isn't printed.
pub(super) fn terminal(value: &str, forms: &mut Vec<Form>) {
    forms.push(each(value.bytes(), 2 * value.len(), |byte, out| match byte {
        b'\n' => out.extend_from_slice(b"\r\n"),
        _ => out.push(byte),
    }));
    forms.push(each(value.bytes(), 4 * value.len(), |byte, out| match byte {
        0x20..0x7f => out.push(byte),
        _ => out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]),
    }));
}

/// The inside of a JSON string, and of a JSON string that holds that.
pub(super) fn json(value: &str, forms: &mut Vec<Form>) {
    // Escaped beside what has to be: nothing, all that isn't ASCII, what HTML would read (as Go does), slashes (as PHP
    // does), DEL (as jq does), DEL and all that isn't ASCII (as Python does), what Gson takes for HTML, and what .NET
    // does, which has upper-case digits.
    let styles: [(Special, Digits); 8] = [
        (|_| false, LOWER),
        (|character| !character.is_ascii(), LOWER),
        (|character| matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'), LOWER),
        (|character| character == '/' || !character.is_ascii(), LOWER),
        (|character| character == '\u{7f}', LOWER),
        (|character| character == '\u{7f}' || !character.is_ascii(), LOWER),
        (|character| matches!(character, '<' | '>' | '&' | '=' | '\'' | '\u{2028}' | '\u{2029}'), LOWER),
        (|character| "\"&'+<>`\u{7f}".contains(character) || !character.is_ascii(), UPPER),
    ];
    for (at, (escaped, digits)) in styles.into_iter().enumerate() {
        // Where a style escapes nothing of its own, it is the first one, which would take the same memory again.
        if at > 0 && !value.chars().any(|character| character < ' ' || escaped(character)) {
            continue;
        }
        // Six bytes for what has one or two, twelve for what has four.
        let escape = |text: &str| {
            each(text.chars(), 6 * text.len(), |character, out| json_character(character, escaped, digits, out))
        };
        let once = escape(value);
        forms.push(escape(std::str::from_utf8(&once).expect("internal error: escaping gives text")));
        forms.push(once);
    }
}

fn json_character(character: char, escaped: Special, digits: Digits, out: &mut Vec<u8>) {
    let short = match character {
        '"' if !escaped('"') => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '/' if escaped('/') => b'/',
        _ if character < ' ' || escaped(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                unit.to_be_bytes().into_iter().for_each(|byte| out.extend(hex(byte, digits)));
            }
            return;
        }
        _ => return push(character, out),
    };
    out.extend([b'\\', short]);
}

/// The inside of what shells and their helpers quote.
pub(super) fn shell(value: &str, forms: &mut Vec<Form>) {
    let length = value.len();
    // Between single quotes, as `set -x` and `printf %q` or Python's shlex write a quote.
    for quote in [r"'\''", r#"'"'"'"#] {
        forms.push(each(value.chars(), 5 * length, |character, out| match character {
            '\'' => out.extend_from_slice(quote.as_bytes()),
            _ => push(character, out),
        }));
    }
    // Between double quotes, and without any, as zsh's `printf %q` does it.
    let special: [Special; 2] = [
        |character| matches!(character, '"' | '\\' | '$' | '`'),
        |character| !(character.is_alphanumeric() || "_-./:=@%+,\n\r\t".contains(character)),
    ];
    for special in special {
        forms.push(each(value.chars(), 2 * length, |character, out| {
            if special(character) {
                out.push(b'\\');
            }
            push(character, out);
        }));
    }
    // Bash's own `printf %q`, for the beginning of a word, where more is special, and for its middle.
    for beginning in [true, false] {
        let mut before = if beginning { None } else { Some('-') };
        forms.push(each(value.chars(), 2 * length, |character, out| {
            let special = match character {
                '#' => before.is_none(),
                '~' => matches!(before, None | Some(':' | '=')),
                _ => " \t'\"\\|&;()<>!{}*[?]^$`,".contains(character),
            };
            if special {
                out.push(b'\\');
            }
            push(character, out);
            before = Some(character);
        }));
    }
    // Bash's `$'…'`, for what has control characters, and for what isn't ASCII in a locale that has nothing else.
    let octal: [Special; 2] = [char::is_control, |character| character.is_control() || !character.is_ascii()];
    for octal in octal {
        forms.push(each(value.chars(), 4 * length, |character, out| {
            let short = match character {
                '\'' => b'\'',
                '\\' => b'\\',
                '\n' => b'n',
                '\r' => b'r',
                '\t' => b't',
                '\u{7}' => b'a',
                '\u{8}' => b'b',
                '\u{b}' => b'v',
                '\u{c}' => b'f',
                '\u{1b}' => b'E',
                _ if octal(character) => {
                    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                        out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
                    }
                    return;
                }
                _ => return push(character, out),
            };
            out.extend([b'\\', short]);
        }));
    }
}

/// XML's and HTML's references for what is markup: in texts, and in attributes by the names that tools have for quotes.
/// What isn't ASCII stays, or becomes the number of its character.
pub(super) fn xml(value: &str, forms: &mut Vec<Form>) {
    let numbers: [fn(char, &mut Vec<u8>); 4] = [
        push,
        |character, out| number(character, "&#", 10, LOWER, out),
        |character, out| number(character, "&#x", 16, LOWER, out),
        |character, out| number(character, "&#x", 16, UPPER, out),
    ];
    let styles = if value.is_ascii() { 1 } else { numbers.len() };
    for [double, single] in [
        ["\"", "'"],
        ["&quot;", "'"],
        ["&quot;", "&apos;"],
        ["&quot;", "&#39;"],
        ["&quot;", "&#x27;"],
        ["&#34;", "&#39;"],
    ] {
        for number in &numbers[..styles] {
            // The longest number has ten bytes for the four of its character.
            forms.push(each(value.chars(), 6 * value.len(), |character, out| match character {
                '&' => out.extend_from_slice(b"&amp;"),
                '<' => out.extend_from_slice(b"&lt;"),
                '>' => out.extend_from_slice(b"&gt;"),
                '"' => out.extend_from_slice(double.as_bytes()),
                '\'' => out.extend_from_slice(single.as_bytes()),
                _ if character.is_ascii() => push(character, out),
                _ => number(character, out),
            }));
        }
    }
}

/// A reference by a character's number.
fn number(character: char, before: &str, base: u32, digits: Digits, out: &mut Vec<u8>) {
    out.extend_from_slice(before.as_bytes());
    let number = u32::from(character);
    let places = number.ilog(base);
    for place in (0..=places).rev() {
        out.push(digits[(number / base.pow(place) % base) as usize]);
    }
    out.push(b';');
}

/// What is written for each part of a value, in memory of at most `capacity` bytes.
fn each<T>(parts: impl Iterator<Item = T>, capacity: usize, mut write: impl FnMut(T, &mut Vec<u8>)) -> Form {
    let mut out = form(capacity);
    parts.for_each(|part| write(part, &mut out));
    debug_assert!(out.len() <= capacity, "a form must not outgrow its memory");
    out
}

fn hex(byte: u8, digits: Digits) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

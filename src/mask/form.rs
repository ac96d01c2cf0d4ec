//! How tools print a value that has too few letters and digits for a view, or others than ASCII's.

use std::fmt::Write;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// A value with more bytes has none of these forms: it has enough digits in a view.
const LONGEST: usize = 256;

/// The most bytes that a form has for one of the value's.
const WIDEST: usize = 8;

/// A form; wiped.
type Form = Zeroizing<Vec<u8>>;

/// How a character is written.
type Style = fn(char, &mut String) -> std::fmt::Result;

/// Ways of writing characters: percent-encoded, in JSON, between a shell's quotes, behind backslashes, in XML.
const STYLES: [Style; 9] = [
    |character, out| percent(character, out, true),
    |character, out| percent(character, out, false),
    |character, out| match character {
        '-' | '_' | '.' | '~' => out.write_char(character),
        _ => percent(character, out, true),
    },
    |character, out| json(character, out, true),
    |character, out| json(character, out, false),
    |character, out| match character {
        '\'' => out.write_str(r"'\''"),
        _ => out.write_char(character),
    },
    |character, out| match character {
        _ if character.is_alphanumeric() || "_-./:=@%+,".contains(character) => out.write_char(character),
        _ => write!(out, "\\{character}"),
    },
    |character, out| {
        character.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| match byte {
            0x20..0x7f => out.write_char(char::from(byte)),
            _ => write!(out, "\\{byte:03o}"),
        })
    },
    |character, out| match character {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        '\'' => out.write_str("&#39;"),
        _ if character.is_ascii() => out.write_char(character),
        _ => write!(out, "&#{};", u32::from(character)),
    },
];

/// Forms of a value, beside itself, each once.
pub(super) fn forms(value: &[u8]) -> Vec<Form> {
    if value.len() > LONGEST {
        return Vec::new();
    }
    let mut forms: Vec<Form> = Vec::new();
    let digits = BASE64_STANDARD_NO_PAD.encode(value).into_bytes();
    forms.push(Zeroizing::new(digits));
    if let Ok(text) = str::from_utf8(value) {
        for style in STYLES {
            // Never grows, which would leave copies behind.
            let mut out = String::with_capacity(WIDEST * value.len());
            text.chars()
                .try_for_each(|character| style(character, &mut out))
                .expect("internal error: memory takes text");
            debug_assert!(out.capacity() == WIDEST * value.len(), "a form must not outgrow its memory");
            forms.push(Zeroizing::new(out.into_bytes()));
        }
    }
    forms.retain(|form| form[..] != *value && form.len() >= 4);
    forms.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    forms.dedup();
    forms
}

fn percent(character: char, out: &mut String, is_upper: bool) -> std::fmt::Result {
    if character.is_ascii_alphanumeric() {
        return out.write_char(character);
    }
    character
        .encode_utf8(&mut [0; 4])
        .bytes()
        .try_for_each(|byte| if is_upper { write!(out, "%{byte:02X}") } else { write!(out, "%{byte:02x}") })
}

fn json(character: char, out: &mut String, is_ascii: bool) -> std::fmt::Result {
    match character {
        '"' | '\\' => write!(out, "\\{character}"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        _ if character < ' ' || is_ascii && !character.is_ascii() => {
            character.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        }
        _ => out.write_char(character),
    }
}

#[cfg(test)]
mod tests {
    use super::forms;

    #[test]
    fn a_value_that_no_view_shows_has_the_forms_of_common_tools() {
        let forms: Vec<String> = forms("p@\"'\u{e9}".as_bytes())
            .iter()
            .map(|form| String::from_utf8(form.to_vec()).expect("UTF-8"))
            .collect();
        for expected in
            ["p%40%22%27%C3%A9", "p@\\\"'\\u00e9", "p@\\\"'\u{e9}", "p@\"'\\''\u{e9}", "p@&quot;&#39;&#233;"]
        {
            assert!(forms.iter().any(|form| form == expected), "{expected} {forms:?}");
        }
    }
}

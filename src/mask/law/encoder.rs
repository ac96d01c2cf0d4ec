//! What programs make of a value when they print it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

/// A way to print a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoder {
    Raw,
    /// Each byte, and all but what a URL leaves as it is.
    Percent,
    PercentSome,
    Json,
    /// Between single quotes.
    ShellQuote,
    Html,
    /// Lower-case digits in a row, and upper-case ones with blanks.
    Hex,
    HexSpaced,
    /// The value alone, and behind two bytes.
    Base64,
    Base64Behind,
    /// `\x41`, `\101`, `0x41, `, `\u0041`.
    EscapedHex,
    EscapedOctal,
    ZeroX,
    EscapedUtf16,
    Utf16,
    /// A colour behind each character.
    Coloured,
    /// Lines of eleven characters, indented.
    Folded,
    /// `$$`, `%%`, `""`, `''`.
    Doubled,
    /// A backslash before all but letters and digits.
    Backslashed,
    /// `&#65;`.
    HtmlNumeric,
    HexdumpC,
    Xxd,
}

impl Encoder {
    pub(super) const ALL: [Self; 22] = [
        Self::Raw,
        Self::Percent,
        Self::PercentSome,
        Self::Json,
        Self::ShellQuote,
        Self::Html,
        Self::Hex,
        Self::HexSpaced,
        Self::Base64,
        Self::Base64Behind,
        Self::EscapedHex,
        Self::EscapedOctal,
        Self::ZeroX,
        Self::EscapedUtf16,
        Self::Utf16,
        Self::Coloured,
        Self::Folded,
        Self::Doubled,
        Self::Backslashed,
        Self::HtmlNumeric,
        Self::HexdumpC,
        Self::Xxd,
    ];

    /// Whether what it prints is lines of their own.
    pub(super) fn is_lines(self) -> bool {
        matches!(self, Self::Folded | Self::HexdumpC | Self::Xxd)
    }

    pub(super) fn encode(self, value: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(value);
        let mut out = String::new();
        match self {
            Self::Raw => return value.to_vec(),
            Self::Percent => value.iter().for_each(|byte| write!(out, "%{byte:02X}").expect("a string")),
            Self::PercentSome => text.chars().for_each(|char| match char {
                _ if char.is_ascii_alphanumeric() || "-_.~".contains(char) => out.push(char),
                _ => {
                    char.encode_utf8(&mut [0; 4])
                        .bytes()
                        .for_each(|byte| write!(out, "%{byte:02x}").expect("a string"));
                }
            }),
            Self::Json => {
                let json = serde_json::to_string(&text).expect("JSON");
                out.push_str(&json[1..json.len() - 1]);
            }
            Self::ShellQuote => text.chars().for_each(|char| match char {
                '\'' => out.push_str("'\\''"),
                _ => out.push(char),
            }),
            Self::Html => text.chars().for_each(|char| match char {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#x27;"),
                _ => out.push(char),
            }),
            Self::Hex => value.iter().for_each(|byte| write!(out, "{byte:02x}").expect("a string")),
            Self::HexSpaced => value.iter().for_each(|byte| write!(out, "{byte:02X} ").expect("a string")),
            Self::Base64 => return BASE64_STANDARD.encode(value).into_bytes(),
            Self::Base64Behind => return BASE64_URL_SAFE_NO_PAD.encode([b"xy", value].concat()).into_bytes(),
            Self::EscapedHex => value.iter().for_each(|byte| write!(out, "\\x{byte:02x}").expect("a string")),
            Self::EscapedOctal => value.iter().for_each(|byte| write!(out, "\\{byte:03o}").expect("a string")),
            Self::ZeroX => value.iter().for_each(|byte| write!(out, "0x{byte:02x}, ").expect("a string")),
            Self::EscapedUtf16 => text.encode_utf16().for_each(|unit| write!(out, "\\u{unit:04X}").expect("a string")),
            Self::Utf16 => return value.iter().flat_map(|byte| [*byte, 0]).collect(),
            Self::Coloured => text.chars().for_each(|char| {
                out.push(char);
                out.push_str("\x1b[1;31m");
            }),
            Self::Folded => text.chars().enumerate().for_each(|(at, char)| {
                if at > 0 && at % 11 == 0 {
                    out.push_str("\r\n    ");
                }
                out.push(char);
            }),
            Self::Doubled => text.chars().for_each(|char| match char {
                '$' | '%' | '"' | '\'' => out.extend([char, char]),
                _ => out.push(char),
            }),
            Self::Backslashed => text.chars().for_each(|char| {
                if !char.is_alphanumeric() {
                    out.push('\\');
                }
                out.push(char);
            }),
            Self::HtmlNumeric => text.chars().for_each(|char| write!(out, "&#{};", u32::from(char)).expect("a string")),
            Self::HexdumpC => value.chunks(16).enumerate().for_each(|(at, chunk)| {
                write!(out, "{:08x}  ", 16 * at).expect("a string");
                for byte in chunk {
                    write!(out, "{byte:02x} ").expect("a string");
                }
                let shown: String =
                    chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
                writeln!(out, " |{shown}|").expect("a string");
            }),
            Self::Xxd => value.chunks(9).enumerate().for_each(|(at, chunk)| {
                write!(out, "{:04x}:", 9 * at).expect("a string");
                for byte in chunk {
                    write!(out, " {byte:02x}").expect("a string");
                }
                let shown: String =
                    chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
                // Short lines are filled up, or the characters of the last one could be digits.
                writeln!(out, "{} {shown}", "   ".repeat(9 - chunk.len())).expect("a string");
            }),
        }
        out.into_bytes()
    }
}

//! A text as a double-quoted scalar on one line.

use std::fmt::Write;

use zeroize::Zeroizing;

/// The text between double quotes, with everything escaped that YAML wouldn't give back as it is.
///
/// ```
/// assert_eq!(credflow::yaml::quoted("a \"b\"\n").as_str(), r#""a \"b\"\n""#);
/// ```
pub fn quoted(text: &str) -> Zeroizing<String> {
    // Room for the worst case, so that no copy is left behind by growing.
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 6 + 2));
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                let _ = write!(out, "\\x{:02X}", u32::from(character));
            }
            // Line breaks of YAML 1.1, the byte-order mark, and what isn't printable.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

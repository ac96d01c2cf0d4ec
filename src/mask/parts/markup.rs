//! The attributes and texts of XML.

use super::piece::{pair, pieces, unquoted};

/// What the attributes are called that name what another one says.
const NAMES: [&[u8]; 2] = [b"key", b"name"];

/// Whether a text is likely to be XML.
pub(super) fn is_markup(text: &[u8]) -> bool {
    matches!(text, [b'<', b'!' | b'?' | b'A'..=b'Z' | b'a'..=b'z', .., b'>'])
}

/// Calls for each attribute and each text, with what names it.
pub(super) fn fields(text: &[u8], mut take: impl FnMut(&[u8], &[u8])) {
    for element in text.split(|byte| *byte == b'<').skip(1) {
        let (tag, inner) = match memchr::memchr(b'>', element) {
            Some(end) => (&element[..end], &element[end + 1..]),
            None => (element, &[][..]),
        };
        let tag = tag.trim_ascii().strip_suffix(b"/").unwrap_or(tag);
        let words = pieces(tag, |byte| byte.is_ascii_whitespace());
        let attributes: Vec<_> = words.iter().filter_map(|word| pair(word)).collect();
        let named = |name: &[u8]| attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let name = NAMES.iter().find_map(|name| named(name)).map(|(_, name)| unquoted(name));
        for (key, value) in &attributes {
            let is_name = NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
            let key = if key.eq_ignore_ascii_case(b"value") { name.unwrap_or(key) } else { key };
            if !is_name {
                take(key, unquoted(value));
            }
        }
        let inner = inner.trim_ascii();
        if !inner.is_empty() {
            take(name.unwrap_or_else(|| words.first().copied().unwrap_or_default()), inner);
        }
    }
}

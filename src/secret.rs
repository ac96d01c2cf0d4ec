//! A value that nobody sees by accident.

mod buffer;
mod common;

use std::fmt;

use bytes::Bytes;
use zeroize::Zeroizing;

pub use buffer::Buffer;
pub(crate) use common::is_common;

/// A secret value: wiped when dropped, and shown by nothing but [`Secret::expose`].
///
/// It has no `Display`, no `Serialize` and no `Clone`; share it behind an `Arc`. The memory that it owns is
/// wiped; copies that the system makes (a socket's buffer, a child's environment) are beyond its reach.
///
/// ```
/// use credflow::secret::Secret;
///
/// let secret = Secret::new(String::from("hunter2"));
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value over. The string's memory is the secret's from now on.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// One secret out of several texts, without an intermediate copy.
    pub fn concat<'t>(texts: impl IntoIterator<Item = &'t str, IntoIter: Clone>) -> Self {
        let texts = texts.into_iter();
        let mut value = String::with_capacity(texts.clone().map(str::len).sum());
        texts.for_each(|text| value.push_str(text));
        Self::new(value)
    }

    /// The text of a JSON string, its quotes included. A JSON parser would leave its scratch memory behind.
    ///
    /// Nothing for what is no JSON string, a lone surrogate included.
    pub fn from_json(json: &str) -> Option<Self> {
        let mut rest = json.strip_prefix('"')?.strip_suffix('"')?;
        // Escapes only shrink, so that the memory never moves.
        let mut value = Zeroizing::new(String::with_capacity(json.len()));
        while let Some(at) = rest.find('\\') {
            value.push_str(&rest[..at]);
            let escape = *rest.as_bytes().get(at + 1)?;
            // An escape is one byte: what isn't ASCII is none.
            rest = rest.get(at + 2..)?;
            let character = match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let mut unit = hex(rest)?;
                    rest = &rest[4..];
                    if (0xd800..0xdc00).contains(&unit) {
                        let low = hex(rest.strip_prefix("\\u")?)?;
                        rest = &rest[6..];
                        unit =
                            0x1_0000 + ((unit - 0xd800) << 10) + low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    }
                    char::from_u32(unit)?
                }
                _ => return None,
            };
            value.push(character);
        }
        value.push_str(rest);
        (!rest.contains('"')).then_some(Self(value))
    }

    /// Whether it is so short or so usual a word that masking it wherever it occurs would turn output into stars, and
    /// say what it is. It is masked only where it stands as a word of its own.
    pub fn is_common(&self) -> bool {
        is_common(&self.0)
    }

    /// The value itself. Its callers are few, so that they can be counted.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value itself for a header or a body, which takes its memory over; the last of them wipes it.
    pub fn expose_shared(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

/// Four hexadecimal digits at the beginning of a text.
fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// Shows nothing, not even the length.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn what_follows_a_backslash_may_be_anything() {
        for json in [r#""\😀""#, r#""\é""#, r#""\""#, r#""\u00é0""#, r#""\ud83d\é""#, r#""\ud83d\u😀""#, "\""] {
            assert!(Secret::from_json(json).is_none(), "{json}");
        }
    }

    proptest::proptest! {
        #[test]
        fn json_is_read_as_a_json_parser_reads_it(text in "(\\\\u[0-9a-fD-F]{4}|\\\\[\"/bfnrtux]|\\\\\\\\|[ -~é\u{1f600}]){0,12}") {
            let json = format!("\"{text}\"");
            let expected = serde_json::from_str::<String>(&json).ok();
            let found = Secret::from_json(&json).map(|secret| secret.expose().to_owned());
            if expected.is_some() {
                proptest::prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn json_comes_back(text in ".*") {
            let json = serde_json::to_string(&text).expect("a string is JSON");
            proptest::prop_assert_eq!(Secret::from_json(&json).map(|secret| secret.expose().to_owned()), Some(text));
        }
    }
}

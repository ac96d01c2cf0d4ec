//! A pointer to one field of a secret that holds JSON (RFC 6901).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::{NameError, OPENING};
use crate::secret::Secret;

/// A JSON pointer (RFC 6901) with at least one token, in its text form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Box<str>);

/// Why a value has no such field. Says nothing of the value but what kind of thing it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The value isn't JSON.
    #[error("the value is not JSON")]
    NotJson,
    /// An object without that field, or a list without that index.
    #[error("the value has no field `{0}`")]
    Missing(String),
    /// The pointer goes on where the value is neither an object nor a list.
    #[error("`{0}` is neither an object nor a list")]
    Leaf(String),
    /// The field is `null`.
    #[error("the field `{0}` is null")]
    Null(String),
}

impl Pointer {
    /// The text form, with its leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The field's value: a string's text, and any other JSON exactly as it is written in the value.
    ///
    /// # Errors
    /// When the value isn't JSON or has no such field.
    pub fn select(&self, value: &Secret) -> Result<Secret, FieldError> {
        let mut here: &RawValue = serde_json::from_str(value.expose()).map_err(|_| FieldError::NotJson)?;
        let mut walked = 0;
        for token in self.0[1..].split('/') {
            let before = &self.0[..walked];
            walked += 1 + token.len();
            let missing = || FieldError::Missing(self.0[..walked].to_owned());
            let text = here.get();
            here = match text.as_bytes().first() {
                Some(b'{') => {
                    let name = token.replace("~1", "/").replace("~0", "~");
                    field(text, &name).ok_or_else(missing)?
                }
                Some(b'[') => item(text, token).ok_or_else(missing)?,
                _ if before.is_empty() => return Err(FieldError::Leaf("the value".to_owned())),
                _ => return Err(FieldError::Leaf(before.to_owned())),
            };
        }
        let text = here.get();
        match text.as_bytes().first() {
            Some(b'n') => Err(FieldError::Null(self.0.to_string())),
            Some(b'"') => Secret::from_json(text).ok_or(FieldError::NotJson),
            _ => Ok(Secret::concat([text])),
        }
    }
}

/// The field of an object; of two with one name the last counts, as JSON parsers have it.
fn field<'j>(object: &'j str, name: &str) -> Option<&'j RawValue> {
    #[derive(serde::Deserialize, PartialEq, Eq, Hash)]
    struct Key<'j>(#[serde(borrow)] Cow<'j, str>);

    let mut fields: HashMap<Key<'j>, &'j RawValue> = serde_json::from_str(object).ok()?;
    fields.remove(&Key(Cow::Owned(name.to_owned())))
}

/// The item of a list. RFC 6901 allows no sign, blank or leading zero in an index.
fn item<'j>(list: &'j str, token: &str) -> Option<&'j RawValue> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (token.len() > 1 && token.starts_with('0')) {
        return None;
    }
    let items: Vec<&'j RawValue> = serde_json::from_str(list).ok()?;
    items.get(token.parse::<usize>().ok()?).copied()
}

impl FromStr for Pointer {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if !text.starts_with('/') {
            return Err(NameError::Empty);
        }
        let bytes = text.as_bytes();
        let tilde = |&at: &usize| bytes[at] == b'~' && !matches!(bytes.get(at + 1), Some(b'0' | b'1'));
        if (0..bytes.len()).any(|at| tilde(&at)) {
            return Err(NameError::Character('~'));
        }
        // There the next reference would begin.
        if text.contains(OPENING) {
            return Err(NameError::Character('<'));
        }
        if let Some(wrong) = text.chars().find(|character| matches!(character, '>' | '\n' | '\r')) {
            return Err(NameError::Character(wrong));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(value: &str, pointer: &str) -> Result<String, FieldError> {
        let pointer: Pointer = pointer.parse().expect("a pointer");
        pointer.select(&Secret::new(value.to_owned())).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn fields_are_exact() {
        let value = r#" {"user":"a\u0062","n":1.10,"big":12345678901234567890123,"l":[true,{"x":[ 1, 2 ]}],"":"e","a/b":"s","m~n":"t"} "#;
        assert_eq!(select(value, "/user"), Ok("ab".into()));
        assert_eq!(select(value, "/n"), Ok("1.10".into()));
        assert_eq!(select(value, "/big"), Ok("12345678901234567890123".into()));
        assert_eq!(select(value, "/l/0"), Ok("true".into()));
        assert_eq!(select(value, "/l/1/x"), Ok("[ 1, 2 ]".into()));
        assert_eq!(select(value, "/"), Ok("e".into()));
        assert_eq!(select(value, "/a~1b"), Ok("s".into()));
        assert_eq!(select(value, "/m~0n"), Ok("t".into()));
    }

    #[test]
    fn what_no_reference_can_hold_is_no_pointer() {
        for text in ["", "a", "/~", "/a>b", "/a\nb", "/a\rb", "/$<credential:a/b"] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_said_without_the_value() {
        assert_eq!(select("hunter2", "/a"), Err(FieldError::NotJson));
        assert_eq!(select(r#"{"a":1}"#, "/b"), Err(FieldError::Missing("/b".into())));
        assert_eq!(select(r#"{"a":1}"#, "/a/b"), Err(FieldError::Leaf("/a".into())));
        assert_eq!(select("1", "/a"), Err(FieldError::Leaf("the value".into())));
        assert_eq!(select("[1]", "/01"), Err(FieldError::Missing("/01".into())));
        assert_eq!(select("[1]", "/-"), Err(FieldError::Missing("/-".into())));
        assert_eq!(select(r#"{"a":null}"#, "/a"), Err(FieldError::Null("/a".into())));
    }
}

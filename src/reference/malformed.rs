//! What is wrong with a reference that isn't one.

use std::fmt;
use std::ops::Range;

use super::{MAX_NAME, OPENING};
use crate::source::printable;

/// Why a text that begins as a reference isn't one, and where in it. `Display` shows the message and the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// The bytes that are wrong, from the start of the text that was parsed, or of the piece.
    pub range: Range<usize>,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for Malformed {}

const FORMS: &str =
    "a reference is $<credential:store/secret>, $<credential:store/secret/version> or $<credential:name>";

impl Malformed {
    /// A text that has something beside a reference, or none.
    pub(super) fn not_alone(text: &str) -> Self {
        let message = "the text is not a reference alone".to_owned();
        Self { message, range: 0..text.len(), help: FORMS.to_owned() }
    }

    /// Explains a piece that the grammar calls malformed. `piece` begins with the opening.
    pub(super) fn explain(piece: &str) -> Self {
        let start = OPENING.len();
        let fault = |message: String, range: Range<usize>, help: &str| Self { message, range, help: help.to_owned() };
        let Some(body) = piece[start..].strip_suffix('>') else {
            let message = "the reference has no closing `>`".to_owned();
            let help = format!("close it with `>` on the same line, or write $${} for the literal text", &OPENING[1..]);
            return fault(message, 0..piece.len(), &help);
        };
        if body.is_empty() {
            return fault("the reference is empty".into(), 0..piece.len(), FORMS);
        }
        let (path, pointer) = match body.split_once('#') {
            Some((path, pointer)) => (path, Some(pointer)),
            None => (body, None),
        };
        let mut at = start;
        let parts: Vec<&str> = path.split('/').collect();
        let named = parts.len() == 1;
        if parts.len() > 3 {
            let third: usize = parts[..3].iter().map(|part| part.len() + 1).sum();
            let help = "a reference has at most three parts: store/secret/version; a field of a JSON value follows `#`";
            return fault(format!("the reference has {} parts", parts.len()), at + third - 1..at + path.len(), help);
        }
        for (index, part) in parts.iter().enumerate() {
            let range = at..at + part.len();
            let what = match index {
                0 if named => "credential's name",
                0 => "store's name",
                1 => "secret's name",
                _ => "version",
            };
            if part.is_empty() {
                // An empty part has no character to point at, so that what stands around it is shown.
                let around = at - 1..(at + 1).min(piece.len());
                return fault(format!("the {what} is empty"), around, FORMS);
            }
            if let Some(found) = wrong_part(part, index, what) {
                let (message, inner, help) = found;
                return fault(message, at + inner.start..at + inner.end, &help);
            }
            at = range.end + 1;
        }
        let hash = start + path.len();
        match pointer {
            Some(pointer) => {
                let (message, inner, help) = wrong_pointer(pointer);
                fault(message, hash + inner.start..hash + inner.end, help)
            }
            None => fault("the reference is not well formed".into(), 0..piece.len(), FORMS),
        }
    }
}

fn wrong_part(part: &str, index: usize, what: &str) -> Option<(String, Range<usize>, String)> {
    if index == 2 {
        let hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex && part.len() == 32 {
            return None;
        }
        let message = if hex {
            format!("the version has {} instead of 32 digits", part.len())
        } else {
            "the version is not 32 hexadecimal digits".to_owned()
        };
        let help = "copy the version's id from the vault, or leave it out for the latest";
        return Some((message, 0..part.len(), help.to_owned()));
    }
    let secret = index == 1;
    let allowed = |character: char| {
        character.is_ascii_alphanumeric() || character == '-' || (!secret && matches!(character, '_' | '.'))
    };
    if let Some((at, wrong)) = part.char_indices().find(|&(_, character)| !allowed(character)) {
        let help = if secret {
            "Key Vault's names have letters, digits and dashes"
        } else {
            "names have letters, digits, `-`, `_` and `.`"
        };
        let shown = printable(&wrong.to_string());
        let message = if wrong.is_whitespace() {
            format!("the {what} can't have white space")
        } else {
            format!("the {what} can't have `{shown}`")
        };
        return Some((message, at..at + wrong.len_utf8(), help.to_owned()));
    }
    if part.len() > MAX_NAME {
        let message = format!("the {what} is longer than {MAX_NAME} characters");
        return Some((message, 0..part.len(), "use the name as the vault has it".to_owned()));
    }
    None
}

/// What is wrong with the text after `#`, with a range from the `#` on.
fn wrong_pointer(pointer: &str) -> (String, Range<usize>, &'static str) {
    const HELP: &str =
        "a pointer is `#/field`, `#/list/0` or `#/outer/inner`; in a field's name `~` is ~0 and `/` is ~1";
    if !pointer.starts_with('/') {
        return ("the pointer does not begin with `/`".into(), 0..1 + pointer.len(), HELP);
    }
    let bad = pointer.match_indices('~').find(|&(at, _)| !matches!(pointer.as_bytes().get(at + 1), Some(b'0' | b'1')));
    match bad {
        Some((at, _)) => ("`~` in a pointer must be followed by 0 or 1".into(), 1 + at..2 + at, HELP),
        None => ("the pointer is not well formed".into(), 0..1 + pointer.len(), HELP),
    }
}

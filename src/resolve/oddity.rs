//! Values that were probably not meant so.

use crate::diagnostic::Code;
use crate::secret::Secret;

/// What is odd about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Oddity {
    /// It is empty.
    Empty,
    /// It is one line with a line break behind it, which most programs take as part of it.
    LineBreak,
    /// It stands everywhere, and can't be masked everywhere: the stars would say what it is.
    Common,
}

impl Oddity {
    /// What is odd about a value first of all.
    pub(super) fn of(value: &Secret) -> Option<Self> {
        let text = value.expose();
        if text.is_empty() {
            return Some(Self::Empty);
        }
        if text.find('\n').is_some_and(|at| at + 1 == text.len()) {
            return Some(Self::LineBreak);
        }
        value.is_common().then_some(Self::Common)
    }

    /// As what kind it is told, in which words, and what to do.
    pub(super) fn told(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::Empty => (Code::EmptyValue, "is empty", "set the value in the vault, or take the reference away"),
            Self::LineBreak => (
                Code::LineBreak,
                "ends with a line break",
                "set it without one if it isn't meant: `printf %s VALUE` prints none, `echo VALUE` does",
            ),
            Self::Common => (
                Code::CommonValue,
                "is too short or too common to mask safely",
                "it is masked only where it stands as a word of its own; use a longer value",
            ),
        }
    }
}

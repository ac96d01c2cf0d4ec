//! Whose language a workflow is written in.

use super::{Document, Interpreter, Step};

/// Whose language a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Our own.
    Credflow,
    /// GitHub's: it has `on`.
    GitHub,
}

impl Language {
    /// What reads a script when its step doesn't say.
    fn shell(self) -> &'static str {
        match self {
            Self::Credflow => "sh",
            Self::GitHub => "bash -e",
        }
    }
}

impl<V> Document<V> {
    /// The program that reads a step's script, with its arguments.
    pub fn shell<'w>(&self, step: &'w Step<V>) -> &'w str {
        step.shell.as_deref().unwrap_or(self.language.shell())
    }

    pub(crate) fn interpreter<'w>(&self, step: &'w Step<V>) -> Interpreter<'w> {
        Interpreter::of(self.shell(step))
    }
}

//! Whose language a workflow is written in, and what reads its scripts.

use super::{Document, Step};

/// Whose language a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Our own.
    Credflow,
    /// GitHub's: it has `on`.
    GitHub,
}

/// What reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interpreter {
    /// A POSIX shell that drops variables with names that aren't its own; `sh` may be one (dash, busybox).
    Dropping,
    /// A POSIX shell that passes them on.
    Keeping,
    /// Something else.
    Other,
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

    pub(crate) fn interpreter(&self, step: &Step<V>) -> Interpreter {
        Interpreter::of(self.shell(step))
    }
}

impl Interpreter {
    fn of(shell: &str) -> Self {
        let mut words = shell.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
        match words.find(|word| !matches!(*word, "env" | "busybox")) {
            Some("sh" | "dash" | "ash" | "mksh") => Self::Dropping,
            Some("bash" | "zsh" | "ksh") => Self::Keeping,
            _ => Self::Other,
        }
    }
}

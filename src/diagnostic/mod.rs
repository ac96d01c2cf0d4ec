//! How credflow complains: a code, places in the text, and what to do.
//!
//! A [`Diagnostic`] is the author's matter: something in a file. Stages collect them in [`Diagnostics`], so that one
//! run shows every fault. [`human`], [`json`] and [`github`] write them down; nothing here prints.

mod code;
mod environments;
pub mod github;
pub mod human;
pub mod json;
mod suggestion;

use std::collections::HashMap;
use std::sync::Arc;

use crate::source::{MAX_BYTES, Source, SourceError, Span};

pub use crate::source::printable;
pub use code::Code;
pub(crate) use environments::together;
pub use suggestion::{Suggestions, nearest};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing goes on.
    Error,
    /// Worth a look; things go on.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a text and what to say there.
#[derive(Debug, Clone)]
pub struct Label {
    /// The text.
    pub source: Arc<Source>,
    /// The place.
    pub span: Span,
    /// A few words under the carets; may be empty.
    pub text: String,
}

/// One complaint.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// What kind it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// Where: the first is the main one; may be empty where there is no text.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None }
    }

    /// A warning without a place yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The same with one more place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Span, text: impl Into<String>) -> Self {
        debug_assert_eq!(source.whole(span), span, "{}", self.message);
        self.labels.push(Label { source: Arc::clone(source), span: source.whole(span), text: text.into() });
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where it sorts: by file, then by offset, then by kind.
    fn rank(&self) -> (Option<(&str, Span)>, Severity, Code, &str) {
        let place = self.labels.first().map(|label| (label.source.name(), label.span));
        (place, self.severity, self.code, &self.message)
    }
}

impl From<SourceError> for Diagnostic {
    fn from(error: SourceError) -> Self {
        match &error {
            SourceError::Unreadable { name, error } => {
                Self::error(Code::Unreadable, format!("cannot read {name}: {error}"))
            }
            SourceError::TooLarge { name } => {
                Self::error(Code::TooLarge, format!("{name} is larger than {} MiB", MAX_BYTES >> 20))
            }
            SourceError::NotUtf8 { file, span, utf16 } => {
                let advice =
                    if *utf16 { "it looks like UTF-16: save the file as UTF-8" } else { "save the file as UTF-8" };
                Self::error(Code::NotUtf8, "the file is not UTF-8")
                    .at(file, *span, "the first byte that is not")
                    .help(advice)
            }
        }
    }
}

/// So many complaints of one kind are kept: a stage may find one in each few bytes of a file.
const MOST: usize = 1000;

/// All complaints of a stage.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    counts: HashMap<Code, usize>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more. Of one kind a thousand are kept, and one that says that there are more.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        let count = self.counts.entry(diagnostic.code).or_default();
        *count += 1;
        if *count > MOST + 1 {
            return;
        }
        if *count > MOST {
            diagnostic.message = format!("there are more than {MOST} of this kind; the others are not told");
            diagnostic.labels.truncate(1);
            diagnostic.help = None;
        }
        self.list.push(diagnostic);
    }

    /// All of another stage's as well.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(others);
    }

    /// Both stages' in order.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.extend(others);
        self.sort();
        self
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Makes every warning an error.
    pub fn deny_warnings(&mut self) {
        self.list.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Error);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// They themselves, in the order of [`Diagnostics::sort`] if that was called.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Orders them by file and place, so that the same input gives the same text, and drops repetitions (the same
    /// node seen twice through aliases).
    pub fn sort(&mut self) {
        self.list.sort_by(|one, other| one.rank().cmp(&other.rank()));
        self.list.dedup_by(|one, other| one.rank() == other.rank());
    }

    /// The value if no error was found, with the warnings; all complaints otherwise.
    ///
    /// # Errors
    /// When one of them is an error, or there is no value.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<(T, Self), Self> {
        self.sort();
        match value {
            Some(value) if !self.has_errors() => Ok((value, self)),
            _ => Err(self),
        }
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Self::new();
        diagnostics.push(diagnostic);
        diagnostics
    }
}

/// The complaints as people read them, without colour.
impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&human::write(self, human::Style::Plain))
    }
}

impl std::error::Error for Diagnostics {}

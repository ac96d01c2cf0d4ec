//! What somebody probably did where a file isn't YAML, and what to do about it.
//!
//! The parser tells where it can't go on. What is wrong often stands before that: at the bracket that nobody closed, at
//! the line that the key was to be aligned with.

mod blank;
mod indentation;
mod opening;
mod scene;

use granit_parser::{ErrorKind, ScanError};

use super::tree::{MAX_DEPTH, Tree};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, printable};

pub(super) use blank::hidden_blank;
use scene::Scene;

/// A slip: what is wrong, where, and what to do. It has no form without a place or a remedy.
pub(super) struct Slip {
    code: Code,
    message: String,
    places: Vec<(Span, String)>,
    remedy: String,
}

impl Slip {
    fn new(message: impl Into<String>, span: Span, label: impl Into<String>, remedy: impl Into<String>) -> Self {
        let places = vec![(span, label.into())];
        Self { code: Code::Yaml, message: message.into(), places, remedy: remedy.into() }
    }

    /// The same with another place that has to do with it.
    fn and(mut self, span: Span, label: impl Into<String>) -> Self {
        self.places.push((span, label.into()));
        self
    }

    /// The complaint about a file.
    pub(super) fn diagnostic(self, tree: &Tree) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code, self.message);
        let at = |diagnostic: Diagnostic, (span, label)| diagnostic.at(tree.source(), span, label);
        self.places.into_iter().fold(diagnostic, at).help(self.remedy)
    }

    /// That a file nests too deep.
    pub(super) fn too_deep(span: Span) -> Self {
        let message = format!("YAML nested deeper than {MAX_DEPTH} levels");
        Self { code: Code::TooDeep, ..Self::new(message, span, "", "nest less deep, or split the file") }
    }

    /// What an error of the parser means. `tree` is what was read before it, up to the offset `last`.
    pub(super) fn of(tree: &Tree, last: usize, error: &ScanError) -> Self {
        let at = error.marker().byte_offset().unwrap_or(last);
        let scene = Scene::new(tree, last, at);
        let kind = error.kind();
        if matches!(kind, ErrorKind::RecursionLimitExceeded) {
            return Self::too_deep(scene.character());
        }
        let told = scene.tab(kind).or_else(|| scene.hidden_blank());
        let told = told.or_else(|| match kind {
            ErrorKind::UnclosedQuotedScalar => Some(scene.unclosed_quote(scene.at)),
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
                scene.behind_quote()
            }
            ErrorKind::UnclosedFlowCollection { .. } => Some(scene.unclosed_bracket(scene.at)),
            ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofImplicitFlowMapping => scene.expression().or_else(|| scene.open_bracket()),
            ErrorKind::MappingValueNotAllowed => scene.colon(),
            ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::InvalidBlockScalarIndent => scene.behind_bracket().or_else(|| scene.misplaced_line()),
            _ => None,
        });
        told.unwrap_or_else(|| scene.by_kind(error))
    }
}

impl Scene<'_> {
    /// What is known from the kind of the error alone.
    fn by_kind(&self, error: &ScanError) -> Slip {
        let here = self.character();
        let slip = |message: &str, remedy: &str| Slip::new(message, here, "", remedy);
        match error.kind() {
            ErrorKind::UnexpectedCharacter { character: '\0' } => {
                slip("a NUL byte", "YAML is text, where NUL can't stand; save the file as UTF-8")
            }
            ErrorKind::UnexpectedCharacter { character } => {
                let value = self.rest_of_line();
                let remedy = match self.shown(value) {
                    Some(text) if !text.contains('\'') => format!("put it in quotes: `'{}'`", printable(text)),
                    _ => "put the text in quotes".to_owned(),
                };
                slip(
                    &format!("a text without quotes can't begin with `{}`", printable(&character.to_string())),
                    &remedy,
                )
            }
            ErrorKind::UnknownAnchor => slip(
                "no anchor of that name before this alias",
                "an alias `*name` needs an anchor `&name` above it in the same document; a text that begins with `*` needs quotes",
            ),
            ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
                slip("a `:` where no key can be", "put quotes around a text that holds `: `")
            }
            ErrorKind::ExpectedFlowMappingSeparator => {
                slip("a `,` or `}` is missing before this", "separate entries with `,`, and close the mapping with `}`")
            }
            ErrorKind::ExpectedFlowSequenceSeparator => {
                slip("a `,` or `]` is missing before this", "separate items with `,`, and close the list with `]`")
            }
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                let wanted = opening::closing(*open);
                slip(
                    &format!("the bracket `{open}` is closed by `{close}`"),
                    &format!("close it with `{wanted}`, or put quotes around a text that holds `{close}`"),
                )
            }
            ErrorKind::MisplacedFlowCollectionEnd => slip(
                "a closing bracket without an opening one",
                "take it away, or put quotes around the text that it belongs to",
            ),
            ErrorKind::CommentNotSeparated => slip(
                "no blank before `#`",
                "write a blank before a comment, or put quotes around a text that holds `#`",
            ),
            ErrorKind::CommentInterceptedScalar => {
                slip("a comment within a text of several lines", "move the comment above the text, or put it in quotes")
            }
            ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => self.escape(),
            ErrorKind::InvalidBlockScalarHeader => slip(
                "a text beside the `|` or `>` of a block",
                "begin the text on the next line, indented deeper than its key",
            ),
            ErrorKind::BomInsideDocument => {
                slip("a byte-order mark (U+FEFF) inside the file", "delete the invisible character")
            }
            _ => {
                let message = format!("not YAML: {}", printable(&error.info()));
                slip(&message, "correct the line, or put the text in quotes if it is meant as text")
            }
        }
    }
}

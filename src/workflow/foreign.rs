//! What credflow doesn't act on. It is kept, planned and rendered around; `check` warns of it, and a run refuses it.

use super::Reader;
use super::expression::{EXPRESSION, expressions};
use super::foreign_key::ForeignKey;
use super::keys::Key;
use super::level::Reach;
use crate::source::Span;
use crate::yaml::{Kind, NodeId, Tree};

/// Something that credflow doesn't act on, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What it is.
    pub what: What,
    /// Where it stands.
    pub span: Span,
    /// The key or value that it is.
    pub(super) node: NodeId,
}

/// What credflow doesn't act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A key of GitHub's that changes what runs.
    Key(&'static ForeignKey),
    /// A key that nobody knows where it stands.
    Unknown {
        /// As it is written.
        name: Box<str>,
        /// What may be meant.
        help: Box<str>,
    },
    /// A condition of `if` that needs GitHub's own knowledge.
    Condition,
    /// One of GitHub's expressions.
    Expression(Expression),
}

/// One of GitHub's expressions, `${{ … }}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The key of ours that it belongs to.
    pub(super) key: Key,
    /// Whether it is all of the value, so that what the key holds isn't known.
    pub(super) is_whole: bool,
}

impl Foreign {
    /// What it says something about.
    pub(crate) fn reach(&self) -> Reach {
        match &self.what {
            What::Key(key) => key.reach,
            What::Expression(expression) => expression.key.row().reach,
            // Nobody knows.
            What::Unknown { .. } | What::Condition => Reach::Steps,
        }
    }
}

impl Expression {
    /// What to do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self.key {
            Key::Run | Key::Shell | Key::WorkingDirectory => {
                "bind a value or a credential under `env`, and read the variable"
            }
            Key::Env | Key::With | Key::Files if !self.is_whole => {
                "write the value itself, or a credential in its place"
            }
            _ => "write the value itself: no variable can be read there",
        }
    }
}

impl Foreign {
    /// Whether it is an expression in the value of a key.
    pub(super) fn is_of(&self, key: Key) -> bool {
        matches!(&self.what, What::Expression(expression) if expression.key == key)
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_whole { write!(f, "{}: ${{{{ … }}}}", self.key.name()) } else { f.write_str("${{ … }}") }
    }
}

/// Whether a value has one of GitHub's expressions, which are kept and not evaluated.
pub(super) fn is_expression(tree: &Tree, node: NodeId) -> bool {
    tree.text(node).is_some_and(|text| text.contains(EXPRESSION))
}

/// Whether a value is one of GitHub's expressions, and nothing else.
pub(super) fn is_whole_expression(tree: &Tree, node: NodeId) -> bool {
    let text = tree.text(node).unwrap_or_default().trim();
    text.starts_with(EXPRESSION) && text.ends_with("}}")
}

/// Notes an expression in a text that is read. `written` is the text, or an alias of it.
pub(super) fn note_expression(reader: &mut Reader<'_>, written: NodeId, key: Key, is_whole: bool) {
    let tree = reader.tree;
    let node = tree.resolve(written);
    if !is_expression(tree, node) {
        return;
    }
    let is_here = tree.kind(written) != Kind::Alias && !is_whole;
    let span = expression(tree, node).filter(|_| is_here).unwrap_or_else(|| tree.span(written));
    reader.note(Foreign { what: What::Expression(Expression { key, is_whole }), span, node });
}

/// Where the first expression of a text stands.
fn expression(tree: &Tree, node: NodeId) -> Option<Span> {
    let range = expressions(tree.text(node)?).next()?;
    Some(tree.locator(node).place(range.clone(), range))
}

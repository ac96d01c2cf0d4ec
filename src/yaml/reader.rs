//! Reading typed values out of a tree, complaining of what doesn't fit and going on.

use std::collections::HashSet;

use super::merge::{Entry, MAX_MERGED};
use super::slip::hidden_blank;
use super::tree::{Kind, NodeId, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Suggestions};
use crate::reference::Shared;
use crate::source::{Span, printable};

/// The most bytes that values reached again through aliases may take together (16 MiB).
pub const MAX_ALIASED: usize = 16 << 20;

/// What a node costs beside its text when it is read again, in bytes.
const NODE_COST: usize = 256;

/// A tree being read, and the faults found so far. `N` is what is no fault here and a later stage may have something to say
/// about.
pub struct Reader<'t, N = ()> {
    /// The tree.
    pub tree: &'t Tree,
    /// What is wrong with it.
    pub faults: Diagnostics,
    /// Texts and references that may come again.
    pub shared: Shared,
    /// What was noted for a later stage.
    pub notes: Vec<N>,
    seen: Vec<bool>,
    aliased: usize,
    merged: usize,
    suggestions: Suggestions,
    /// Keys and values that were judged already: a mapping that is merged brings the same ones again.
    judged: HashSet<NodeId>,
}

impl<'t, N> Reader<'t, N> {
    /// Nothing read yet.
    pub fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            faults: Diagnostics::new(),
            shared: Shared::default(),
            notes: Vec::new(),
            seen: vec![false; tree.nodes.len()],
            aliased: 0,
            merged: 0,
            suggestions: Suggestions::default(),
            judged: HashSet::new(),
        }
    }

    /// An error at a node.
    pub fn fault(&mut self, code: Code, node: NodeId, message: impl Into<String>, label: &str, help: &str) {
        let span = self.tree.span(node);
        self.fault_at(code, span, message, label, help);
    }

    /// An error at a place.
    pub fn fault_at(&mut self, code: Code, span: Span, message: impl Into<String>, label: &str, help: &str) {
        let mut diagnostic = Diagnostic::error(code, message).at(self.tree.source(), span, label);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.faults.push(diagnostic);
    }

    /// Notes that a node is being read; `false` when aliases have brought too much, which is said once.
    pub fn visit(&mut self, node: NodeId) -> bool {
        if !std::mem::replace(&mut self.seen[node.index()], true) {
            return true;
        }
        let before = self.aliased;
        self.aliased += NODE_COST + self.tree.text(node).map_or(0, str::len);
        if before <= MAX_ALIASED && self.aliased > MAX_ALIASED {
            let message = format!("aliases bring more than {} MiB into the file", MAX_ALIASED >> 20);
            self.fault(Code::TooManyAliases, node, message, "when this was reached again", "use fewer aliases");
        }
        !self.is_exhausted()
    }

    /// Whether aliases have brought too much, so that the rest isn't read.
    pub fn is_exhausted(&self) -> bool {
        self.aliased > MAX_ALIASED
    }

    /// Takes something down for a later stage; of very many only the first.
    pub fn note(&mut self, what: N) {
        if self.notes.len() < 1000 {
            self.notes.push(what);
        }
    }

    /// Notes that a value is being read, if it is an alias.
    pub fn reach(&mut self, written: NodeId) {
        if self.tree.kind(written) == Kind::Alias {
            self.seen[written.index()] = true;
        }
    }

    /// What was probably meant by a word; nothing once a file has had too many of them.
    pub fn nearest<'c>(&mut self, word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
        self.suggestions.nearest(word, candidates)
    }

    /// Whether a node was read already.
    pub fn visited(&self, node: NodeId) -> bool {
        self.seen[node.index()]
    }

    /// Complains that a value is of another type: "`env` is a list; it must be a mapping".
    pub fn wrong_type(&mut self, node: NodeId, key: &str, expected: &str) {
        // Behind a tag that is told already stands another value than was meant; what was judged is told, too.
        if self.tree.has_foreign_tag(node) || self.judged.contains(&node) {
            return;
        }
        let found = match self.tree.kind(node) {
            _ if self.tree.is_null(node) || self.tree.text(node) == Some("") => "empty",
            Kind::Scalar(_) if expected.contains("number") && self.is_number(node) => "another number",
            Kind::Scalar(_) => "a text",
            Kind::Sequence => "a list",
            Kind::Mapping => "a mapping",
            Kind::Alias => "an alias",
        };
        let message = format!("`{}` must be {expected}, and is {found}", printable(key));
        let help = self.meant(node).unwrap_or_else(|| match (expected, found) {
            (_, "empty") => "write a value, or delete the key".to_owned(),
            ("a mapping", _) => "write its keys on the lines below, indented deeper, or as `{ KEY: VALUE }`".to_owned(),
            ("a list", _) => "write its items on the lines below, each behind `- `, or as `[ITEM, ITEM]`".to_owned(),
            ("a text", _) => "write one text; one that begins with `[`, `{` or `*` needs quotes".to_owned(),
            _ => format!("write {expected}"),
        });
        self.fault(Code::WrongType, node, message, &format!("{expected} is expected"), &help);
    }

    fn is_number(&self, node: NodeId) -> bool {
        self.tree.text(node).is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
    }

    /// What a text was probably meant as, where it is a key without the blank behind its `:`.
    fn meant(&self, node: NodeId) -> Option<String> {
        let text = self.tree.text(node).filter(|_| self.tree.kind(node) == Kind::Scalar(Style::Plain))?;
        if let Some((_, name)) = hidden_blank(text) {
            return Some(format!("replace {name} with an ordinary space: YAML takes it as a letter"));
        }
        let (key, rest) = text.split_once(':').filter(|(key, rest)| !rest.is_empty() && !key.contains(' '))?;
        if self.tree.source().is_private() || text.len() > 60 || rest.starts_with(['/', ' ']) {
            return Some("write a blank behind the `:` of a key".to_owned()).filter(|_| !rest.starts_with(['/', ' ']));
        }
        Some(format!("write a blank behind the `:` of a key: `{}: {}`", printable(key), printable(rest)))
    }

    /// One of some names; nothing, with a complaint, for another one.
    pub fn choice(&mut self, node: NodeId, key: &str, names: &[&'static str]) -> Option<&'static str> {
        let text = self.text(node, key)?;
        let known = names.iter().copied().find(|&name| name == text);
        if known.is_none() {
            let help = match self.suggestions.nearest(text, names.iter().copied()) {
                Some(meant) => format!("write `{key}: {meant}`"),
                None => format!("it is one of {}", listed(names)),
            };
            self.fault(Code::WrongValue, node, format!("`{key}` can't be `{}`", shorten(text)), "", &help);
        }
        known
    }

    /// The entries of a mapping with merge keys followed; nothing, with a complaint, for another type.
    pub fn entries(&mut self, node: NodeId, key: &str) -> Vec<Entry> {
        if self.tree.kind(node) != Kind::Mapping {
            self.wrong_type(node, key, "a mapping");
            return Vec::new();
        }
        let before = self.merged;
        let merged = self.tree.merged(node, MAX_MERGED.saturating_sub(before));
        self.merged += merged.visited;
        for alias in merged.aliases {
            self.reach(alias);
        }
        for wrong in merged.wrong {
            self.wrong_type(wrong, "<<", "a mapping");
        }
        if merged.overflow {
            // Once is enough.
            if before <= MAX_MERGED {
                let message = "merge keys bring too many entries";
                self.fault(Code::TooManyAliases, node, message, "into this mapping", "use fewer merge keys");
            }
            self.merged = MAX_MERGED + 1;
            return Vec::new();
        }
        merged.entries
    }

    /// The text of a key; nothing, with a complaint, for a key that is a collection.
    pub fn key(&mut self, entry: Entry) -> Option<&'t str> {
        let text = self.tree.text(self.tree.resolve(entry.key));
        if text.is_none() {
            self.fault(Code::WrongType, entry.key, "a key must be a text", "", "");
        }
        text
    }

    /// A text that isn't empty.
    pub fn text(&mut self, node: NodeId, key: &str) -> Option<&'t str> {
        match self.tree.text(node) {
            Some(text) if !text.is_empty() && !self.tree.is_null(node) => Some(text),
            _ => {
                self.wrong_type(node, key, "a text");
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: NodeId, key: &str) -> Option<bool> {
        match self.tree.text(node) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong_type(node, key, "`true` or `false`");
                None
            }
        }
    }

    /// Whether a key or value is judged for the first time: a mapping that is merged brings the same one again.
    pub fn judge(&mut self, node: NodeId) -> bool {
        self.judged.insert(node)
    }

    /// Complains of a key that has no letter.
    pub fn empty_key(&mut self, key: NodeId) {
        self.fault(Code::UnknownKey, key, "an empty key", "", "write the key before the `:`, or delete the line");
    }

    /// Complains of a key that isn't known: with the key that was probably meant, if there is one; without one only
    /// when `strict`.
    pub fn unknown(&mut self, key: NodeId, known: &[&str], strict: bool) {
        let name = self.tree.text(self.tree.resolve(key)).unwrap_or_default();
        // Keys of one's own, and the usual places for anchors.
        if !self.judge(key) || (!strict && (name.starts_with(['.', '_']) || name.starts_with("x-"))) {
            return;
        }
        if name.is_empty() {
            return self.empty_key(key);
        }
        let meant = self.suggestions.nearest(name, known.iter().copied());
        if meant.is_none() && !strict {
            return;
        }
        let message = format!("unknown key `{}`", shorten(name));
        if let Some(meant) = meant {
            let help = format!("did you mean `{meant}`?");
            self.fault(Code::UnknownKey, key, message, "", &help);
        } else {
            let help = format!("known here: {}", known.join(", "));
            self.fault(Code::UnknownKey, key, message, "", &help);
        }
    }
}

/// Names in backticks, one after the other.
pub fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A text from a file for a message: printable, and cut where it would fill the line.
pub fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    printable(&short)
}

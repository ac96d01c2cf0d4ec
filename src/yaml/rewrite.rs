//! The same file with other scalars: whole tokens are replaced, every other byte stays.

use std::collections::BTreeMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::quote::quoted;
use super::tree::{Kind, NodeId, Style, Tree};
use crate::source::Source;

/// The replacement of some scalars of a tree.
#[derive(Debug)]
pub struct Rewrite<'t, 'v> {
    tree: &'t Tree,
    values: BTreeMap<NodeId, &'v str>,
}

/// The rewritten file doesn't read as the file with other scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rewritten file would not read back as meant (node {node} of the file)")]
pub struct RewriteError {
    node: usize,
}

impl<'t, 'v> Rewrite<'t, 'v> {
    /// Nothing replaced yet.
    pub fn new(tree: &'t Tree) -> Self {
        Self { tree, values: BTreeMap::new() }
    }

    /// Replaces a scalar; anything else is left as it is. A missing value (`key:` alone) has no token that could be
    /// replaced, so that [`Rewrite::write`] fails with one.
    pub fn replace(&mut self, node: NodeId, value: &'v str) {
        if matches!(self.tree.kind(node), Kind::Scalar(_)) {
            self.values.insert(node, value);
        }
    }

    /// The file's text with the values in, checked by reading it again.
    ///
    /// # Errors
    /// When the result doesn't read as the same file with the new values. That is a fault of this crate; nothing
    /// of the result is given out then.
    pub fn write(&self) -> Result<Zeroizing<String>, RewriteError> {
        let text = self.source();
        if !self.values.is_empty() {
            self.check(&text)?;
        }
        Ok(text)
    }

    fn source(&self) -> Zeroizing<String> {
        let source = self.tree.source().text();
        let edits: Vec<(NodeId, Zeroizing<String>)> =
            self.values.iter().map(|(&node, value)| (node, quoted(value))).collect();
        let added: usize = edits.iter().map(|(_, value)| value.len()).sum();
        let mut out = Zeroizing::new(String::with_capacity(source.len() + added));
        let mut done = 0;
        for (node, value) in &edits {
            let (token, content) = self.ranges(*node);
            out.push_str(&source[done..token.start]);
            out.push_str(value);
            done = token.end;
            if let Some(content) = content {
                out.push_str(&source[done..content.start]);
                done = content.end;
            }
        }
        out.push_str(&source[done..]);
        out
    }

    /// The token that the value takes the place of, and the lines of a block scalar, which go.
    fn ranges(&self, node: NodeId) -> (Range<usize>, Option<Range<usize>>) {
        let span = self.tree.span(node).range();
        if self.tree.kind(node) != Kind::Scalar(Style::Block) {
            return (span, None);
        }
        let text = &self.tree.source().text()[span.clone()];
        let header = 1 + text[1..].bytes().take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')).count();
        let line =
            text.find(['\n', '\r']).map_or(text.len(), |at| at + if text[at..].starts_with("\r\n") { 2 } else { 1 });
        // What follows the last line with something on it is not content: blank lines, and the next line's indent.
        let body = text[line..].trim_end_matches([' ', '\t', '\n', '\r']);
        let mut end = line + body.len();
        if !body.is_empty() {
            end += text[end..]
                .find(['\n', '\r'])
                .map_or(text.len() - end, |at| at + if text[end + at..].starts_with("\r\n") { 2 } else { 1 });
        }
        let start = span.start;
        (start..start + header, Some(start + line..start + end))
    }

    /// Reads the result and compares it with the tree, node by node.
    fn check(&self, text: &Zeroizing<String>) -> Result<(), RewriteError> {
        let source = Source::private("rendered", text.as_str());
        let again = Tree::read(&source).map_err(|_| RewriteError { node: 0 })?;
        let tree = self.tree;
        let fault = |node: NodeId| RewriteError { node: node.index() };
        if again.nodes.len() != tree.nodes.len() || again.roots != tree.roots || again.tags.len() != tree.tags.len() {
            return Err(RewriteError { node: 0 });
        }
        let tag =
            |((one, _), (other, _)): (&(NodeId, _), &(NodeId, _))| one != other || tree.tag(*one) != again.tag(*other);
        if tree.tags.iter().zip(&again.tags).any(tag) {
            return Err(RewriteError { node: 0 });
        }
        let mut values = self.values.iter().peekable();
        for node in tree.nodes() {
            let replaced = values.next_if(|&(&at, _)| at == node);
            let same = match (tree.kind(node), again.kind(node)) {
                (Kind::Scalar(_), Kind::Scalar(_)) => {
                    let expected = replaced.map_or_else(|| tree.text(node), |(_, value)| Some(*value));
                    again.text(node) == expected && (replaced.is_some() || tree.is_null(node) == again.is_null(node))
                }
                (Kind::Alias, Kind::Alias) => tree.resolve(node) == again.resolve(node),
                (before, after) => before == after && tree.next(node) == again.next(node),
            };
            if !same {
                return Err(fault(node));
            }
        }
        Ok(())
    }
}

//! The place of an error: its line, and what was read before.

use std::ops::Range;

use crate::source::{Source, Span};
use crate::yaml::tree::{Kind, NodeId, Tree};

/// Where the parser can't go on.
pub(super) struct Scene<'t> {
    pub(super) tree: &'t Tree,
    pub(super) text: &'t str,
    /// Where what was read ends.
    pub(super) last: usize,
    /// Where the parser stopped.
    pub(super) at: usize,
}

/// The key or the dash with which a block collection begins.
pub(super) struct Level {
    /// In bytes from the start of its line: before it are spaces and dashes alone.
    pub(super) column: usize,
    pub(super) is_dash: bool,
    /// The last key, or the first dash.
    pub(super) span: Span,
}

impl<'t> Scene<'t> {
    pub(super) fn new(tree: &'t Tree, last: usize, at: usize) -> Self {
        let text = tree.source().text();
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        Self { tree, text, last: last.min(text.len()), at }
    }

    pub(super) fn source(&self) -> &Source {
        self.tree.source()
    }

    /// The character where the parser stopped.
    pub(super) fn character(&self) -> Span {
        let width = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        Span::new(self.at, self.at + width)
    }

    /// The line around an offset, without its break.
    pub(super) fn line(&self, at: usize) -> Range<usize> {
        self.source().line_at(Span::new(at, at).start).range()
    }

    /// The number of the line around an offset.
    pub(super) fn number(&self, at: usize) -> usize {
        self.source().place(Span::new(at, at).start).line
    }

    /// Where a line's first character other than a space stands, in bytes from its start.
    pub(super) fn indent(&self, line: &Range<usize>) -> usize {
        self.text[line.clone()].bytes().take_while(|&byte| byte == b' ').count()
    }

    /// The nearest line above that holds more than blanks and a comment.
    pub(super) fn line_above(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let mut start = line.start;
        while start > 0 {
            let above = self.line(start - 1);
            // The first line begins behind a byte-order mark.
            if above.start >= start {
                break;
            }
            let content = self.text[above.clone()].trim_start();
            if !content.is_empty() && !content.starts_with('#') {
                return Some(above);
            }
            start = above.start;
        }
        None
    }

    /// The lines below one, until the file ends.
    pub(super) fn lines_below(&self, line: &Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut end = line.end;
        std::iter::from_fn(move || {
            let rest = &self.text[end..];
            let width = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
            if width == 0 {
                return None;
            }
            let next = self.line(end + width);
            // The line behind a last break is empty, and is the same for ever.
            let next = if next.start < end + width { self.text.len()..self.text.len() } else { next };
            end = next.end;
            Some(next)
        })
    }

    /// What stands from the error to the end of its line, without a comment.
    pub(super) fn rest_of_line(&self) -> Range<usize> {
        self.value(self.at..self.line(self.at).end.max(self.at))
    }

    /// A text without a comment and blanks behind it.
    pub(super) fn value(&self, range: Range<usize>) -> Range<usize> {
        let text = &self.text[range.clone()];
        let text = text.find(" #").map_or(text, |at| &text[..at]).trim_end();
        range.start..range.start + text.len()
    }

    /// A text of the file, for a message; nothing where the file may hold secrets, or the text is long.
    pub(super) fn shown(&self, range: Range<usize>) -> Option<&'t str> {
        let text = &self.text[range];
        (!self.source().is_private() && !text.is_empty() && text.len() <= 60).then_some(text)
    }

    /// The block collections around what was read last, the innermost first.
    pub(super) fn levels(&self) -> Vec<Level> {
        let end = u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX);
        let around = self.tree.nodes().filter(|&id| {
            let node = &self.tree.nodes[id.index()];
            let is_block = matches!(node.kind, Kind::Mapping | Kind::Sequence) && !self.is_flow(id);
            is_block && (node.detail == 0 || node.detail == end)
        });
        let mut levels: Vec<Level> = around.filter_map(|id| self.level(id)).collect();
        levels.reverse();
        levels
    }

    fn level(&self, id: NodeId) -> Option<Level> {
        let is_dash = self.tree.kind(id) == Kind::Sequence;
        let (first, span) = if is_dash {
            // The parser begins a list at the indent of its key with the first item, behind the dash.
            let at = self.tree.nodes[id.index()].span.start as usize;
            let is_dash = |at: &usize| {
                let text = &self.text.as_bytes()[*at..];
                text.first() == Some(&b'-') && text.get(1).is_none_or(u8::is_ascii_whitespace)
            };
            let at = (0..=at.min(self.text.len())).rev().find(is_dash)?;
            let span = Span::new(at, at + 1);
            (span.start, span)
        } else {
            let keys: Vec<NodeId> = self.keys(id);
            (self.tree.span(*keys.first()?).start, self.tree.span(*keys.last()?))
        };
        let line = self.line(first as usize);
        Some(Level { column: (first as usize).checked_sub(line.start)?, is_dash, span })
    }

    /// The keys of a mapping that may be open still.
    fn keys(&self, mapping: NodeId) -> Vec<NodeId> {
        let (mut keys, mut at, mut is_key) = (Vec::new(), mapping.0 + 1, true);
        while (at as usize) < self.tree.nodes.len() {
            if is_key {
                keys.push(NodeId(at));
            }
            is_key = !is_key;
            // A collection that is open still is the last.
            match self.tree.next(NodeId(at)) {
                0 => break,
                next => at = next,
            }
        }
        keys
    }

    /// Whether a collection is written with brackets.
    pub(super) fn is_flow(&self, id: NodeId) -> bool {
        let span = self.tree.nodes[id.index()].span;
        matches!(self.tree.kind(id), Kind::Mapping | Kind::Sequence)
            && self.text[span.start as usize..].starts_with(['[', '{'])
            && span.end > span.start
    }
}

//! The nodes of a YAML file, in the order of the file.

use std::sync::Arc;

use crate::source::{Source, Span};

/// The deepest nesting that a tree has.
pub const MAX_DEPTH: usize = 100;

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// No node: what is bound without a YAML file.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("internal error: a source has fewer nodes than bytes"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`, `>`
    Block,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Scalar(Style),
    /// A list.
    Sequence,
    /// Keys and values.
    Mapping,
    /// Another node, by its anchor.
    Alias,
}

/// A node in as few bytes as possible: a large file has millions.
pub(super) struct Node {
    pub(super) span: Span,
    /// Where a scalar's text is: in the file, at [`Node::text_span`], or in [`Tree::texts`]. An alias's target. The node
    /// after a collection's last descendant; 0 while the collection is open.
    pub(super) detail: u32,
    pub(super) kind: Kind,
}

/// The detail of a scalar whose text stands in the file as it is.
pub(super) const IN_FILE: u32 = u32::MAX;

/// A YAML file as a tree that keeps its places.
pub struct Tree {
    pub(super) source: Arc<Source>,
    pub(super) nodes: Vec<Node>,
    pub(super) texts: Vec<Box<str>>,
    pub(super) roots: Vec<NodeId>,
    pub(super) tags: Vec<(NodeId, Span)>,
}

impl Tree {
    /// A tree without nodes, for a text that isn't YAML.
    pub(crate) fn empty(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), nodes: Vec::new(), texts: Vec::new(), roots: Vec::new(), tags: Vec::new() }
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The root of each document, in order.
    pub fn documents(&self) -> &[NodeId] {
        &self.roots
    }

    /// Every node, parents before children, in the order of the file.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.nodes.len()).map(NodeId::new)
    }

    /// What a node is.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.nodes[id.index()].kind
    }

    /// Where a node stands: a scalar's whole token, a collection's beginning.
    pub fn span(&self, id: NodeId) -> Span {
        let span = self.nodes[id.index()].span;
        // A block collection has no token of its own; its first child has.
        match self.kind(id) {
            Kind::Sequence | Kind::Mapping if span.start == span.end => {
                self.children(id).next().map_or(span, |child| self.span(child))
            }
            _ => span,
        }
    }

    /// Where a node stands; nothing for one that isn't in the file.
    pub fn span_of(&self, id: NodeId) -> Option<Span> {
        (id.index() < self.nodes.len()).then(|| self.span(id))
    }

    /// A scalar's text with quotes, escapes and folding undone; nothing for other nodes.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        let node = &self.nodes[id.index()];
        match node.kind {
            Kind::Scalar(_) if node.detail == IN_FILE => Some(self.source.slice(node.text_span())),
            Kind::Scalar(_) => Some(&self.texts[node.detail as usize]),
            _ => None,
        }
    }

    /// Where the text of a scalar stands as it is; nothing when the text is written otherwise than it is read.
    pub(super) fn verbatim(&self, id: NodeId) -> Option<Span> {
        let node = &self.nodes[id.index()];
        (node.detail == IN_FILE && matches!(node.kind, Kind::Scalar(_))).then(|| node.text_span())
    }

    /// The node itself, or what its alias stands for.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        let node = &self.nodes[id.index()];
        match node.kind {
            Kind::Alias => NodeId(node.detail),
            _ => id,
        }
    }

    /// Whether a scalar is YAML's null: nothing, `~` or `null` without quotes.
    pub fn is_null(&self, id: NodeId) -> bool {
        self.kind(id) == Kind::Scalar(Style::Plain)
            && self.tag(id).is_none()
            && matches!(self.text(id), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The tag of a node as it is written.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        let at = self.tags.binary_search_by_key(&id, |&(node, _)| node).ok()?;
        Some(self.source.slice(self.tags[at].1))
    }

    /// The node after a node's last descendant.
    pub(super) fn next(&self, id: NodeId) -> u32 {
        let node = &self.nodes[id.index()];
        match node.kind {
            Kind::Sequence | Kind::Mapping => node.detail,
            Kind::Scalar(_) | Kind::Alias => id.0 + 1,
        }
    }

    /// A node and all that is in it, as a range in the order of the file.
    pub fn within(&self, id: NodeId) -> std::ops::Range<NodeId> {
        id..NodeId(self.next(id))
    }

    /// The items of a sequence, or the keys and values of a mapping in turn.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.next(id);
        let mut at = id.0 + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = NodeId(at);
                at = self.next(child);
                child
            })
        })
    }

    /// The keys and values of a mapping as they are written; nothing for other nodes.
    pub fn pairs(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let mut children = (self.kind(id) == Kind::Mapping).then(|| self.children(id));
        std::iter::from_fn(move || {
            let children = children.as_mut()?;
            Some((children.next()?, children.next()?))
        })
    }
}

impl Node {
    fn text_span(&self) -> Span {
        match self.kind {
            Kind::Scalar(Style::Single | Style::Double) => Span { start: self.span.start + 1, end: self.span.end - 1 },
            _ => self.span,
        }
    }
}

/// Its size alone: the text may be large, or secret.
impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({} nodes of {:?})", self.nodes.len(), self.source)
    }
}

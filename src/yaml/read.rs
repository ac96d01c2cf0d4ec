//! From text to a tree, within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

use super::reader::shorten;
use super::slip::{Slip, hidden_blank};
use super::tree::{IN_FILE, Kind, MAX_DEPTH, Node, NodeId, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Source, Span};

/// The longest scalar that is read, in bytes (8 MiB).
pub const MAX_SCALAR: usize = 8 << 20;

/// The most faults of one kind that are collected from one file.
const MAX_FAULTS: usize = 1000;

impl Tree {
    /// Reads a file.
    ///
    /// # Errors
    /// When it isn't YAML, has a key twice, a tag that nobody acts on, or an alias of itself, or is beyond [`MAX_DEPTH`] or [`MAX_SCALAR`].
    pub fn read(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let (tree, faults) = Self::read_partly(source);
        faults.finish(tree).map(|(tree, _)| tree)
    }

    /// Reads a file, and gives its faults beside it, so that what else is wrong can be told: a key that stands twice hides
    /// nothing. There is no tree when the file isn't YAML, or isn't what it looks like.
    pub fn read_partly(source: &Arc<Source>) -> (Option<Self>, Diagnostics) {
        let mut builder = Builder::new(source);
        if let Err(diagnostic) = builder.events() {
            return (None, diagnostic.into());
        }
        let tree = builder.tree;
        let mut faults = Diagnostics::new();
        tree.hidden_blanks(&mut faults);
        // Keys that hidden blanks are part of would be told as unknown.
        let is_plain = !faults.has_errors();
        tree.duplicates(&mut faults);
        tree.foreign_tags(&mut faults);
        (is_plain.then_some(tree), faults)
    }

    /// Complains of every key that stands twice in its mapping.
    fn duplicates(&self, faults: &mut Diagnostics) {
        let mut seen: HashMap<&str, NodeId> = HashMap::new();
        let mut found = 0;
        for mapping in self.nodes().filter(|&id| self.kind(id) == Kind::Mapping) {
            // A large map would be cleared at every small mapping after it.
            if seen.capacity() > 1024 {
                seen = HashMap::new();
            }
            seen.clear();
            for (key, _) in self.pairs(mapping) {
                let Some(text) = self.text(self.resolve(key)) else {
                    continue;
                };
                let Some(first) = seen.insert(text, key) else {
                    continue;
                };
                found += 1;
                if found > MAX_FAULTS {
                    return;
                }
                let message = format!("the key `{}` stands twice in one mapping", shorten(text));
                let diagnostic = Diagnostic::error(Code::DuplicateKey, message)
                    .at(&self.source, self.span(key), "again here")
                    .at(&self.source, self.span(first), "first here")
                    .help("keep one of them; YAML leaves open which one would count");
                faults.push(diagnostic);
            }
        }
    }

    /// Complains of every key that has a letter in the place of a blank: to whoever wrote it, it looks like another key.
    fn hidden_blanks(&self, faults: &mut Diagnostics) {
        if self.source.text().is_ascii() {
            return;
        }
        let keys = self.nodes().filter(|&id| self.kind(id) == Kind::Mapping).flat_map(|id| self.pairs(id));
        let plain = keys.map(|(key, _)| key).filter(|&key| self.kind(key) == Kind::Scalar(Style::Plain));
        for key in plain {
            let span = self.span(key);
            if let Some((at, name)) = hidden_blank(self.source.slice(span)) {
                faults.push(Slip::hidden_blank(self.source(), span.start as usize + at, name).diagnostic(self));
            }
        }
    }
}

struct Builder<'s> {
    text: &'s str,
    tree: Tree,
    /// Collections that aren't closed yet.
    open: Vec<NodeId>,
    /// The node of each anchor id.
    anchors: Vec<NodeId>,
    /// Where the last event ended.
    last: usize,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        Self { text: source.text(), tree: Tree::empty(source), open: Vec::new(), anchors: Vec::new(), last: 0 }
    }

    fn events(&mut self) -> Result<(), Diagnostic> {
        let options = granit_parser::options! {
            // As libyaml reads it: a closing bracket may stand at the indent of its key, the lines of a quoted text anywhere.
            strict_indentation: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
            emit_comments: false,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) =
                event.map_err(|error| Slip::of(&self.tree, self.last, &error).diagnostic(&self.tree))?;
            let range = span.byte_range().unwrap_or(self.last..self.last);
            let tag = span.tag_span().and_then(|tag| tag.byte_range());
            // A document that begins without `---` has the place of its first scalar, whose header is still to be found.
            let is_implicit = matches!(event, Event::DocumentStart(false, _));
            let end = if is_implicit { self.last } else { range.end };
            match event {
                Event::Scalar(text, style, anchor, _) => {
                    self.scalar(&text, style, range.clone(), anchor, tag)?;
                }
                Event::SequenceStart(_, anchor, _) => self.start(Kind::Sequence, &range, anchor, tag)?,
                Event::MappingStart(_, anchor, _) => self.start(Kind::Mapping, &range, anchor, tag)?,
                Event::SequenceEnd | Event::MappingEnd => self.close(),
                Event::Alias(anchor) => self.alias(anchor, &range)?,
                Event::DocumentStart(..) => self.anchors.clear(),
                _ => {}
            }
            self.last = self.last.max(end);
        }
        self.tree.nodes.shrink_to_fit();
        Ok(())
    }

    fn add(&mut self, kind: Kind, span: Span, detail: u32) -> NodeId {
        let id = NodeId::new(self.tree.nodes.len());
        if self.open.is_empty() {
            self.tree.roots.push(id);
        }
        self.tree.nodes.push(Node { span, detail, kind });
        id
    }

    fn named(&mut self, id: NodeId, anchor: usize, tag: Option<std::ops::Range<usize>>) {
        if anchor > 0 {
            // Ids count up over the whole stream, and a later anchor of the same name has a new one.
            self.anchors.resize(anchor.max(self.anchors.len()), id);
            self.anchors[anchor - 1] = id;
        }
        if let Some(tag) = tag {
            self.tree.tags.push((id, Span::new(tag.start, tag.end)));
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        mut range: std::ops::Range<usize>,
        anchor: usize,
        tag: Option<std::ops::Range<usize>>,
    ) -> Result<(), Diagnostic> {
        if text.len() > MAX_SCALAR {
            let message = format!("a text of {} MiB; the longest is {} MiB", text.len() >> 20, MAX_SCALAR >> 20);
            let at = Span::new(range.start, range.start);
            return Err(Diagnostic::error(Code::TooLarge, message).at(&self.tree.source, at, "begins here"));
        }
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                range.start = self.header(range.start);
                Style::Block
            }
            ScalarStyle::Plain => Style::Plain,
        };
        // At the end of a file without a line break the parser adds the one that the text doesn't have.
        let is_open = || self.text.rsplit('\n').next().is_some_and(|last| !last.trim().is_empty());
        let ends_file = style == Style::Block && range.end == self.text.len();
        let text = if ends_file && is_open() { text.strip_suffix('\n').unwrap_or(text) } else { text };
        let within = match style {
            Style::Single | Style::Double => self.text.get(range.start + 1..range.end.saturating_sub(1)),
            Style::Plain => self.text.get(range.clone()),
            Style::Block => None,
        };
        // The parser calls a missing value `~`; here it is the empty text that stands in the file.
        let missing = style == Style::Plain && range.is_empty();
        let detail = if missing || within == Some(text) {
            IN_FILE
        } else {
            self.tree.texts.push(text.into());
            u32::try_from(self.tree.texts.len() - 1).expect("internal error: fewer texts than bytes")
        };
        let id = self.add(Kind::Scalar(style), Span::new(range.start, range.end), detail);
        self.named(id, anchor, tag);
        Ok(())
    }

    /// Where the `|` or `>` of a block scalar stands; the parser tells where its content does. Between the last
    /// event and the header only indicators, properties, comments and white space can stand.
    fn header(&self, content: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.last;
        while at < content {
            match bytes[at] {
                b'|' | b'>' => return at,
                b'#' => at += memchr::memchr2(b'\n', b'\r', &bytes[at..content]).unwrap_or(content - at),
                b'&' | b'!' | b'%' => {
                    let end = bytes[at..content].iter().position(u8::is_ascii_whitespace);
                    at += end.unwrap_or(content - at);
                }
                _ => at += 1,
            }
        }
        content
    }

    fn start(
        &mut self,
        kind: Kind,
        range: &std::ops::Range<usize>,
        anchor: usize,
        tag: Option<std::ops::Range<usize>>,
    ) -> Result<(), Diagnostic> {
        let span = Span::new(range.start, range.end);
        if self.open.len() >= MAX_DEPTH {
            return Err(Slip::too_deep(span).diagnostic(&self.tree));
        }
        let id = self.add(kind, span, 0);
        self.named(id, anchor, tag);
        self.open.push(id);
        Ok(())
    }

    fn close(&mut self) {
        if let Some(id) = self.open.pop() {
            self.tree.nodes[id.index()].detail = NodeId::new(self.tree.nodes.len()).0;
        }
    }

    fn alias(&mut self, anchor: usize, range: &std::ops::Range<usize>) -> Result<(), Diagnostic> {
        let span = Span::new(range.start, range.end);
        let target = anchor.checked_sub(1).and_then(|at| self.anchors.get(at)).copied();
        match target {
            Some(target) if self.tree.next(target) != 0 => {
                // An anchor on an alias can't be, so that a target is never an alias itself.
                self.add(Kind::Alias, span, target.0);
                Ok(())
            }
            _ => Err(Diagnostic::error(Code::Yaml, "the alias stands for something that holds the alias itself")
                .at(&self.tree.source, span, "")
                .help("write the value out here")),
        }
    }
}

//! A text with references in it, as values of variables are.

use std::ops::Range;
use std::sync::Arc;

use super::grammar::pieces_of;
use super::{Malformed, PieceKind, Reference, Shared};
use crate::source::Span;

/// A text and the references in it, in order. Adjacent texts are one part, escapes are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its parts; none when the text is empty.
    pub parts: Box<[Part]>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as the process will see it.
    Text(Arc<str>),
    /// A reference, and where it stands in the file.
    Reference(Arc<Reference>, Span),
}

impl Template {
    /// A text in which nothing is looked for.
    pub fn literal(text: &str, shared: &mut Shared) -> Self {
        let part = (!text.is_empty()).then(|| Part::Text(shared.text(text)));
        Self { parts: part.into_iter().collect() }
    }

    /// The references and their places.
    pub fn references(&self) -> impl Iterator<Item = (&Reference, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference, span) => Some((&**reference, *span)),
            Part::Text(_) => None,
        })
    }

    /// Reads a text, and keeps what may come again. `place` tells where a part of a piece stands in the file (both are ranges of the text); `wrong`
    /// is told of every malformed reference, which the template leaves out.
    pub fn parse(
        text: &str,
        shared: &mut Shared,
        place: impl Fn(Range<usize>, Range<usize>) -> Span,
        mut wrong: impl FnMut(&Malformed, Span),
    ) -> Self {
        let mut parts = Vec::new();
        let mut pending = String::new();
        let flush = |pending: &mut String, parts: &mut Vec<Part>, shared: &mut Shared| {
            if !pending.is_empty() {
                parts.push(Part::Text(shared.text(pending)));
                pending.clear();
            }
        };
        for piece in pieces_of(text, shared) {
            match piece.kind {
                PieceKind::Text => pending.push_str(&text[piece.range]),
                PieceKind::Escape => pending.push_str(super::OPENING),
                PieceKind::Reference(reference) => {
                    flush(&mut pending, &mut parts, shared);
                    parts.push(Part::Reference(reference, place(piece.range.clone(), piece.range)));
                }
                PieceKind::Malformed(malformed) => {
                    let start = piece.range.start;
                    let range = start + malformed.range.start..start + malformed.range.end;
                    wrong(&malformed, place(piece.range, range));
                }
            }
        }
        flush(&mut pending, &mut parts, shared);
        Self { parts: parts.into() }
    }
}

//! A text with references in it, as values of variables are.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::grammar::pieces_of;
use super::{Malformed, OPENING, PieceKind, Reference, Shared};
use crate::source::Span;

/// How the text of an opening is written.
const ESCAPED: &str = "$$<credential:";

/// A text and the references in it, in order. Adjacent texts are one part, escapes are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Box<[Part]>,
}

/// Reads a text with references in it. Their places are those in the text.
///
/// ```
/// use credflow::reference::Template;
///
/// let template: Template = "postgres://app:$<credential:payments/db-password>@db".parse()?;
/// assert_eq!(template.references().count(), 1);
/// assert!("$<credential:payments/>".parse::<Template>().is_err());
/// # Ok::<(), credflow::reference::Malformed>(())
/// ```
impl FromStr for Template {
    type Err = Malformed;

    /// The first malformed reference is the error; its range is that in the text.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut first = None;
        let place = |_, part: Range<usize>| Span::new(part.start, part.end);
        let template = Self::parse(text, &mut Shared::default(), place, |malformed, span| {
            first.get_or_insert_with(|| Malformed { range: span.range(), ..malformed.clone() });
        });
        first.map_or(Ok(template), Err)
    }
}

/// A reference alone.
impl From<Reference> for Template {
    fn from(reference: Reference) -> Self {
        Self { parts: Box::new([Part::Reference(Arc::new(reference), Span::default())]) }
    }
}

/// As people write it: what only looks like a reference is escaped.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace(OPENING, ESCAPED)),
            Part::Reference(reference, _) => reference.fmt(f),
        })
    }
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

    /// Its parts; none when the text is empty.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The same, to be taken apart.
    pub(crate) fn into_parts(self) -> Box<[Part]> {
        self.parts
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
                PieceKind::Escape => pending.push_str(OPENING),
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

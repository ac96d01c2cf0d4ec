//! From a text to its pieces.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use pest::Parser as _;
use pest::iterators::Pair;

use super::{Malformed, NameError, OPENING, Pointer, Reference, Shared, Target};

/// The generated parser, in a module of its own so that its rules are nobody's API.
mod generated {
    #![allow(missing_docs, clippy::pedantic)]

    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/credential.pest"]
    pub(super) struct CredentialParser;
}

use generated::{CredentialParser, Rule};

/// Finds openings; built once, as texts are short and many.
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPENING));

/// A piece of a text and where it stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is.
    pub kind: PieceKind,
}

/// What a piece of a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceKind {
    /// Text as it stands.
    Text,
    /// `$$<credential:`, which stands for `$<credential:`.
    Escape,
    /// A reference.
    Reference(Arc<Reference>),
    /// What begins as a reference and isn't one.
    Malformed(Malformed),
}

/// Cuts a text into its pieces. They follow each other without a gap, whatever the text is.
///
/// Text is skipped by searching for the opening; only what follows one goes through the grammar.
pub fn pieces(text: &str) -> Vec<Piece> {
    pieces_of(text, &mut Shared::default())
}

/// As [`pieces`], with what was read before.
pub(super) fn pieces_of(text: &str, shared: &mut Shared) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    while let Some(found) = FINDER.find(&text.as_bytes()[done..]) {
        let opening = done + found;
        let escaped = found > 0 && text.as_bytes()[opening - 1] == b'$';
        let start = if escaped { opening - 1 } else { opening };
        if start > done {
            pieces.push(Piece { range: done..start, kind: PieceKind::Text });
        }
        let (kind, length) =
            if escaped { (PieceKind::Escape, OPENING.len() + 1) } else { opened(&text[start..], shared) };
        done = start + length;
        pieces.push(Piece { range: start..done, kind });
    }
    if done < text.len() {
        pieces.push(Piece { range: done..text.len(), kind: PieceKind::Text });
    }
    pieces
}

/// What begins with an opening, and its length.
fn opened(text: &str, shared: &mut Shared) -> (PieceKind, usize) {
    let raw = extent(text);
    if let Some(reference) = shared.reference(raw) {
        return (PieceKind::Reference(reference), raw.len());
    }
    let kind = match parse(Rule::reference, raw).map(|pair| reference(pair, shared)) {
        Some(Ok(reference)) => PieceKind::Reference(shared.keep(raw, reference)),
        Some(Err(malformed)) => PieceKind::Malformed(malformed),
        None => PieceKind::Malformed(Malformed::explain(raw)),
    };
    (kind, raw.len())
}

/// How far a piece can reach that begins with an opening: to the first `>`, or to the end of the line, or to the next
/// opening. That is what the grammar's `malformed` takes, found without the parser, which would copy the whole line
/// for each of its errors.
fn extent(text: &str) -> &str {
    let bytes = text.as_bytes();
    let body = OPENING.len();
    let next = FINDER.find(&bytes[body..]).map_or(bytes.len(), |at| body + at);
    let end = memchr::memchr3(b'>', b'\n', b'\r', &bytes[body..next]).map_or(next, |at| {
        let at = body + at;
        if bytes[at] == b'>' { at + 1 } else { at }
    });
    &text[..end]
}

fn parse(rule: Rule, text: &str) -> Option<Pair<'_, Rule>> {
    CredentialParser::parse(rule, text).ok()?.next()
}

/// The meaning of a parsed reference. The grammar has checked its shape; lengths are checked here.
fn reference(pair: Pair<'_, Rule>, shared: &mut Shared) -> Result<Reference, Malformed> {
    let whole = pair.as_str();
    meaning(pair, shared).map_err(|_| Malformed::explain(whole))
}

fn meaning(pair: Pair<'_, Rule>, shared: &mut Shared) -> Result<Reference, NameError> {
    let (mut store, mut secret, mut version, mut named, mut pointer) = (None, None, None, None, None);
    for part in pair.into_inner() {
        let text = part.as_str();
        match part.as_rule() {
            Rule::store => store = Some(shared.store(text)?),
            Rule::name => secret = Some(text.parse()?),
            Rule::version => version = Some(text.parse()?),
            Rule::credential => named = Some(text.parse()?),
            Rule::pointer => pointer = Some(text[1..].parse::<Pointer>()?),
            _ => {}
        }
    }
    let target = match (store, secret, named) {
        (Some(store), Some(secret), _) => Target::Secret { store, secret, version },
        (_, _, Some(name)) => Target::Named(name),
        _ => return Err(NameError::Empty),
    };
    Ok(Reference { target, pointer })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole text through the grammar alone, without the search.
    fn by_grammar(text: &str) -> Vec<Piece> {
        let template = parse(Rule::template, text).expect("the grammar is total");
        template
            .into_inner()
            .filter(|pair| pair.as_rule() != Rule::EOI)
            .map(|pair| {
                let range = pair.as_span().start()..pair.as_span().end();
                let kind = match pair.as_rule() {
                    Rule::text => PieceKind::Text,
                    Rule::escape => PieceKind::Escape,
                    Rule::reference => match reference(pair, &mut Shared::default()) {
                        Ok(reference) => PieceKind::Reference(Arc::new(reference)),
                        Err(malformed) => PieceKind::Malformed(malformed),
                    },
                    _ => PieceKind::Malformed(Malformed::explain(pair.as_str())),
                };
                Piece { range, kind }
            })
            .collect()
    }

    #[test]
    fn the_search_and_the_grammar_agree() {
        let texts = [
            "",
            "plain",
            "$<credential:a/b>",
            "$$<credential:a/b>",
            "$$$<credential:a/b>",
            "$$$$<credential:a/b>$",
            "x$<credential:a/b/0f1e2d3c4b5a69788796a5b4c3d2e1f0#/u~1v>y",
            "$<credential:$<credential:a/b>",
            "$<credential:a/b\n>$<credential:c>",
            "$<credential:a/$$<credential:b>",
            "$<credential:",
            "$<cred",
            "ü$<credential:ü>ü",
        ];
        for text in texts {
            assert_eq!(pieces(text), by_grammar(text), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn they_agree_on_any_text(text in "([$<>/#~a-c\n]|\\$<credential:|\\$\\$<credential:|[0-9a-f]{32}|ü){0,12}") {
            proptest::prop_assert_eq!(pieces(&text), by_grammar(&text));
        }

        #[test]
        fn what_was_read_before_is_read_alike(
            texts in proptest::collection::vec("\\$<credential:[abA]{1,2}(/[abA]{1,2}(/[0aA]{32})?)?(#/[ab~01]{0,3})?>", 1..8)
        ) {
            let mut shared = Shared::default();
            for text in texts.iter().chain(&texts) {
                proptest::prop_assert_eq!(pieces_of(text, &mut shared), by_grammar(text));
                if let PieceKind::Reference(reference) = &by_grammar(text)[0].kind {
                    proptest::prop_assert!(reference.is_written(&reference.to_string()));
                    proptest::prop_assert_eq!(reference.is_written(text), reference.to_string() == *text);
                }
            }
        }
    }
}

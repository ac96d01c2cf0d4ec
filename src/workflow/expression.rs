//! GitHub's expressions in a text: a second language, in which a value would become code.

use std::ops::Range;

use super::Reader;
use crate::diagnostic::Code;
use crate::reference::{OPENING, PieceKind, pieces};
use crate::yaml::NodeId;

/// What an expression begins with.
pub(crate) const EXPRESSION: &str = "${{";

/// Where the expressions of a text stand, as GitHub's runner finds them: one ends at the first `}}` that isn't within single
/// quotes, or with the text.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(EXPRESSION)?;
        let body = start + EXPRESSION.len();
        let (mut is_quoted, mut last) = (false, 0);
        let end = text.as_bytes()[body..].iter().position(|&byte| {
            is_quoted ^= byte == b'\'';
            let is_end = !is_quoted && byte == b'}' && last == b'}';
            last = byte;
            is_end
        });
        from = end.map_or(text.len(), |end| body + end + 1);
        Some(start..from)
    })
}

/// Complains of each reference within an expression: a value with a quote in it would rewrite the rest.
pub(super) fn refuse_references(reader: &mut Reader<'_>, node: NodeId) {
    let tree = reader.tree;
    let text = tree.text(node).unwrap_or_default();
    if !text.contains(EXPRESSION) || !text.contains(OPENING) {
        return;
    }
    let locator = tree.locator(node);
    let expressions: Vec<_> = expressions(text).collect();
    let is_within = |at: usize| expressions.iter().any(|expression| expression.contains(&at));
    for piece in pieces(text) {
        if matches!(piece.kind, PieceKind::Reference(_)) && is_within(piece.range.start) {
            let span = locator.place(piece.range.clone(), piece.range);
            let message = "a credential can't stand inside `${{ … }}`";
            let help = "write it outside of the expression; or bind it alone under `env` of the job or the workflow, and write \
                        `env.NAME` in the expression";
            reader.fault_at(Code::ReferenceOutsideEnv, span, message, "its value would become code", help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::expressions;

    #[test]
    fn an_expression_ends_where_the_runner_ends_it() {
        for (text, expected) in [
            ("", &[][..]),
            ("${{", &["${{"]),
            ("a ${{ x }} b ${{y}}", &["${{ x }}", "${{y}}"]),
            ("${{ '}}' }} x", &["${{ '}}' }}"]),
            ("${{ 'it''s }}' }}}", &["${{ 'it''s }}' }}"]),
            ("${{}}", &["${{}}"]),
            ("${{ ' }} é", &["${{ ' }} é"]),
            ("$${{ {{ }} }}", &["${{ {{ }}"]),
        ] {
            let found: Vec<&str> = expressions(text).map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}

//! What of GitHub's language credflow doesn't execute. It is kept, planned and rendered around; only a run refuses it.

use super::{Step, outside};
use crate::source::Span;
use crate::yaml::{NodeId, Reader, Tree};

/// Something that credflow doesn't execute, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, as it is written: `uses`, `if: …`, `${{ … }}`.
    pub what: String,
    /// Where it stands.
    pub span: Span,
    /// The id of the job that it is in.
    pub job: Option<String>,
    /// The number and label of the step that it is in.
    pub step: Option<(u32, String)>,
}

/// What GitHub's expressions begin with.
const EXPRESSION: &str = "${{";

/// Notes an expression in a text that is read.
pub(super) fn note_expression(reader: &mut Reader<'_>, node: NodeId) {
    if is_expression(reader, node) {
        reader.note(node, "${{ … }}".to_owned());
    }
}

/// Whether a value has one of GitHub's expressions, which are kept and not evaluated.
pub(super) fn is_expression(reader: &Reader<'_>, node: NodeId) -> bool {
    reader.tree.text(node).is_some_and(|text| text.contains(EXPRESSION))
}

/// Whether one of GitHub's expressions stands where another type is expected: it is noted, and no fault of its type.
pub(super) fn stands_for(reader: &mut Reader<'_>, node: NodeId, key: &str) -> bool {
    let text = reader.tree.text(node).unwrap_or_default().trim();
    if !text.starts_with(EXPRESSION) || !text.ends_with("}}") {
        return false;
    }
    reader.visit(node);
    outside::complain(reader, node, Some(key));
    reader.note(node, format!("{key}: ${{{{ … }}}}"));
    true
}

/// Where the first expression of a text stands.
fn expression(tree: &Tree, node: NodeId) -> Option<Span> {
    let text = tree.text(node)?;
    let start = text.find(EXPRESSION)?;
    let end = text[start..].find("}}").map_or(start + EXPRESSION.len(), |length| start + length + 2);
    Some(tree.locator(node).place(start..end, start..end))
}

/// What was noted since the last time, as of a job and step.
pub(super) fn noted<V>(reader: &mut Reader<'_>, job: Option<&str>, step: Option<&Step<V>>) -> Vec<Foreign> {
    let tree = reader.tree;
    let of = |(node, what): (NodeId, String)| Foreign {
        span: expression(tree, node).filter(|_| what.starts_with(EXPRESSION)).unwrap_or_else(|| tree.span(node)),
        what,
        job: job.map(str::to_owned),
        step: step.map(|step| (step.number, step.label())),
    };
    std::mem::take(&mut reader.notes).into_iter().map(of).collect()
}

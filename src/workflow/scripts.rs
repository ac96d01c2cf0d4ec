//! Inputs of actions that are scripts: a value would become a part of the script.

use super::{Binding, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::reference::{OPENING, PieceKind, pieces};

/// The names of such inputs, and how what reads them gets at a variable. GitHub compares inputs without case.
const SCRIPTS: [(&str, &str); 5] = [
    ("script", "`process.env.NAME`, or `$NAME` in a shell"),
    ("inlineScript", "`$NAME`, or `$env:NAME` in PowerShell"),
    ("run", "`$NAME`"),
    ("args", "the variable NAME in the program"),
    ("entrypoint", "the variable NAME in the program"),
];

/// Complains of each reference in an input of that kind. The inputs are those of a step with `uses`.
pub(super) fn refuse_references<V>(reader: &mut Reader<'_>, inputs: &[Binding<V>]) {
    let tree = reader.tree;
    for input in inputs {
        let Some((name, reading)) = SCRIPTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&input.name)) else {
            continue;
        };
        let text = tree.text(input.node).unwrap_or_default();
        if !text.contains(OPENING) {
            continue;
        }
        let locator = tree.locator(input.node);
        for piece in pieces(text).into_iter().filter(|piece| matches!(piece.kind, PieceKind::Reference(_))) {
            let span = locator.place(piece.range.clone(), piece.range);
            let message =
                format!("a credential can't stand in the input `{name}` of an action: it is a script or command line");
            let fault = Diagnostic::error(Code::ReferenceOutsideEnv, message);
            let fault = fault.at(tree.source(), span, "its value would become code");
            let key = tree.span(input.key);
            // An alias brings what stands above it.
            let fault = if span < key { fault.at(tree.source(), key, "this is the input") } else { fault };
            reader.faults.push(fault.help(format!("bind it under `env:` of this step, and read {reading}")));
        }
    }
}

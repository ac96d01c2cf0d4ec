//! `env` and `with`: names, and the values in which references may stand.

use super::expression;
use super::foreign::note_expression;
use super::keys::Key;
use super::text::stands_for;
use super::{Binding, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::reference::{Template, near_misses};
use crate::yaml::{Kind, NodeId};

/// A mapping of names to values in which references may stand, which are yet to be [read](template).
pub(super) fn bindings(reader: &mut Reader<'_>, node: NodeId, key: Key) -> Vec<Binding<()>> {
    if reader.tree.is_null(node) || stands_for(reader, node, key) {
        return Vec::new();
    }
    let entries = reader.entries(node, key.name());
    let mut bindings = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(name) = reader.key(entry) else { continue };
        if name.is_empty() || name.contains(['=', '\0']) {
            let help = "a variable's name has at least one character, and no `=` or NUL";
            reader.fault(Code::VariableName, entry.key, "this can't be the name of a variable", "", help);
            continue;
        }
        if !matches!(reader.tree.kind(entry.value), Kind::Scalar(_)) {
            reader.wrong_type(entry.value, name, "a text");
            continue;
        }
        reader.reach(entry.written);
        if !reader.visit(entry.value) {
            break;
        }
        note_expression(reader, entry.written, key, false);
        bindings.push(Binding { name: name.into(), key: entry.key, node: entry.value, value: () });
    }
    bindings
}

/// The text of a binding and the references in it.
pub(super) fn template(reader: &mut Reader<'_>, node: NodeId) -> Template {
    let tree = reader.tree;
    if tree.is_null(node) {
        return Template::literal("", &mut reader.shared);
    }
    let text = tree.text(node).unwrap_or_default();
    if memchr::memchr(b'$', text.as_bytes()).is_none() {
        return Template::literal(text, &mut reader.shared);
    }
    let locator = tree.locator(node);
    let mut shared = std::mem::take(&mut reader.shared);
    let template = Template::parse(
        text,
        &mut shared,
        |piece, part| locator.place(piece, part),
        |malformed, span| {
            let message = malformed.message.clone();
            reader.fault_at(Code::MalformedReference, span, message, "", &malformed.help);
        },
    );
    reader.shared = shared;
    let locator = tree.locator(node);
    for range in near_misses(text) {
        let span = locator.place(range.clone(), range);
        let diagnostic = Diagnostic::warning(Code::NearMiss, "this looks like a reference and is plain text")
            .at(tree.source(), span, "")
            .help("a reference begins with `$<credential:` and ends with `>`");
        reader.faults.push(diagnostic);
    }
    expression::refuse_references(reader, node);
    template
}

//! References where none may stand.

use super::Reader;
use crate::diagnostic::Code;
use crate::reference::{OPENING, PieceKind, pieces};
use crate::yaml::{Kind, NodeId};

/// The most of them that are told.
const MAX_FAULTS: usize = 1000;

/// Complains of every reference in a part of the file that was not read as a value of `env` or `with`.
pub(super) fn check(reader: &mut Reader<'_>) {
    let tree = reader.tree;
    let mut keys = None;
    let mut found = 0;
    for node in tree.nodes() {
        if reader.visited(node) || !has_opening(reader, node) {
            continue;
        }
        found += 1;
        if found > MAX_FAULTS {
            return;
        }
        let keys: &std::collections::HashSet<NodeId> = keys.get_or_insert_with(|| {
            let mappings = tree.nodes().filter(|&node| tree.kind(node) == Kind::Mapping);
            mappings.flat_map(|mapping| tree.pairs(mapping).map(|(key, _)| key)).collect()
        });
        let key = keys.contains(&node).then_some("key");
        complain(reader, node, key);
    }
}

/// Complains of every alias that carries a reference to a part of the file that was not read as a value of `env` or
/// `with`. The reference itself stands where it may.
pub(super) fn check_aliases(reader: &mut Reader<'_>) {
    let tree = reader.tree;
    let aliases: Vec<NodeId> =
        tree.nodes().filter(|&node| tree.kind(node) == Kind::Alias && !reader.visited(node)).collect();
    if aliases.is_empty() {
        return;
    }
    // The nodes that hold a reference, in the order of the file, so that each collection has a run of them.
    let holders: Vec<NodeId> = tree.nodes().filter(|&node| has_opening(reader, node)).collect();
    for alias in aliases.into_iter().take(MAX_FAULTS) {
        let within = tree.within(tree.resolve(alias));
        let first = holders.partition_point(|holder| *holder < within.start);
        if holders.get(first).is_some_and(|holder| *holder < within.end) {
            carried(reader, alias);
        }
    }
}

/// Complains of an alias of a text with a reference, where none may stand.
pub(super) fn complain_of_alias(reader: &mut Reader<'_>, alias: NodeId) {
    if has_opening(reader, reader.tree.resolve(alias)) {
        carried(reader, alias);
    }
}

fn carried(reader: &mut Reader<'_>, alias: NodeId) {
    let message = "an alias carries a credential to where none may stand";
    let help = "a credential can only be used in `env`, `with` or `files`; write the value here without it";
    reader.fault(Code::ReferenceOutsideEnv, alias, message, "what it stands for holds a reference", help);
}

fn has_opening(reader: &Reader<'_>, node: NodeId) -> bool {
    let text = reader.tree.text(node).unwrap_or_default().as_bytes();
    memchr::memmem::find(text, OPENING.as_bytes()).is_some()
}

/// Complains of the references in one text. `key` is the key that the text belongs to, or `key` for a key itself.
pub(super) fn complain(reader: &mut Reader<'_>, node: NodeId, key: Option<&str>) {
    if !has_opening(reader, node) {
        return;
    }
    let tree = reader.tree;
    let text = tree.text(node).unwrap_or_default();
    let locator = tree.locator(node);
    let (label, help) = match key {
        Some("run") => ("this would become shell text", "bind it under `env:` and read the variable here"),
        Some("key") => ("this is a key", "keys stay as they are; put the reference into the value"),
        Some("name" | "id") => ("a name is printed", "names stay as they are"),
        _ => ("", "bind it under `env:` or `with:` of a step, or under `env:` of a job or the workflow"),
    };
    for piece in pieces(text) {
        if matches!(piece.kind, PieceKind::Reference(_) | PieceKind::Malformed(_)) {
            let span = locator.place(piece.range.clone(), piece.range);
            let message = "a credential can only be used in `env`, `with` or `files`";
            reader.fault_at(Code::ReferenceOutsideEnv, span, message, label, help);
        }
    }
}

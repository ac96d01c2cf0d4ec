//! Texts and settings in which no reference may stand.

use super::Reader;
use super::foreign::{is_whole_expression, note_expression};
use super::keys::Key;
use super::outside::{complain, complain_of_alias};
use crate::diagnostic::Code;
use crate::yaml::{Entry, NodeId};

/// A text in which a reference may not stand.
pub(super) fn plain(reader: &mut Reader<'_>, entry: Entry, key: Key) -> Option<String> {
    let node = entry.value;
    if !reader.visit(node) {
        return None;
    }
    if entry.written == node {
        complain(reader, node, Some(key.name()));
    } else {
        complain_of_alias(reader, entry.written);
    }
    note_expression(reader, entry.written, key, false);
    reader.text(node, key.name()).map(str::to_owned)
}

/// The same, of a text that a process is started with: the system takes a NUL for the end of one.
pub(super) fn of_process(reader: &mut Reader<'_>, entry: Entry, key: Key) -> Option<Box<str>> {
    let text = plain(reader, entry, key)?;
    if let Some(at) = text.find('\0') {
        let is_here = entry.written == entry.value;
        let place = || reader.tree.locator(entry.value).place(at..at + 1, at..at + 1);
        let span = if is_here { place() } else { reader.tree.span(entry.written) };
        let message = format!("`{}` has a NUL character, which no process can be given", key.name());
        reader.fault_at(Code::Unusable, span, message, "", "take it away");
    }
    Some(text.into())
}

/// Whether one of GitHub's expressions stands where another type is expected: it is noted, and no fault of its type.
pub(super) fn stands_for(reader: &mut Reader<'_>, node: NodeId, key: Key) -> bool {
    if !is_whole_expression(reader.tree, node) {
        return false;
    }
    reader.visit(node);
    complain(reader, node, Some(key.name()));
    note_expression(reader, node, key, true);
    true
}

//! The entries of a level that credflow acts on; what else stands there is noted, or is a fault.

use super::Reader;
use super::foreign::{Foreign, What};
use super::foreign_key::{ForeignKey, HARMLESS};
use super::keys::{KEYS, Key, is_free, otherwise};
use super::level::Level;
use crate::diagnostic::Code;
use crate::yaml::{Entry, NodeId, shorten};

/// The entries of a mapping whose keys credflow acts on. A reader passes what it doesn't read to [`unread`].
pub(super) fn entries(reader: &mut Reader<'_>, level: Level, node: NodeId, label: &str) -> Vec<(Key, Entry)> {
    let all = reader.entries(node, label);
    let mut known = Vec::with_capacity(all.len());
    let mut empty = None;
    for entry in all {
        let Some(name) = reader.key(entry) else { continue };
        if let Some(key) = Key::find(level, name) {
            reader.reach(entry.written);
            known.push((key, entry));
            empty = is_empty(reader, key, entry).then_some((key, entry));
        } else if let Some(key) = ForeignKey::find(level, name) {
            note(reader, entry, What::Key(key));
        } else if !HARMLESS.iter().any(|(harmless, levels)| *harmless == name && levels.contains(&level)) {
            unknown(reader, level, name, entry, empty);
        }
    }
    known
}

/// Whether a key that should have keys of its own has nothing.
fn is_empty(reader: &Reader<'_>, key: Key, entry: Entry) -> bool {
    key.row().is_mapping && reader.tree.is_null(entry.written) && reader.tree.text(entry.written) == Some("")
}

/// Notes a key that is known and that nobody reads: whatever the list says, it isn't passed over in silence.
pub(super) fn unread(reader: &mut Reader<'_>, key: Key, entry: Entry) {
    let what = What::Unknown { name: key.name().into(), help: "take it away".into() };
    note(reader, entry, what);
}

fn note(reader: &mut Reader<'_>, entry: Entry, what: What) {
    let span = reader.tree.span(entry.key);
    reader.note(Foreign { what, span, node: entry.key });
}

/// A key that isn't known: a fault where it is nearly one that credflow acts on, and noted otherwise. `empty` is the key
/// before it, where that should have keys of its own and has nothing.
fn unknown(reader: &mut Reader<'_>, level: Level, name: &str, entry: Entry, empty: Option<(Key, Entry)>) {
    if is_free(name) {
        return;
    }
    let help = if let levels @ [_, ..] = &*Level::of(name) {
        let levels: Vec<&str> = levels.iter().map(|level| level.noun()).collect();
        format!("it is a key of {}; move it there", levels.join(" or "))
    } else if let Some((parent, _)) = empty.filter(|(_, parent)| are_aligned(reader, *parent, entry)) {
        format!("indent it to make it a part of `{}`, which is empty", parent.name())
    } else if let Some(help) = otherwise(level, name) {
        help.to_owned()
    } else if let Some(meant) = Key::called(level, name) {
        meant_as(meant.name())
    } else if let Some(meant) = reader.nearest(name, level.names()) {
        if Key::find(level, meant).is_some() {
            if reader.judge(entry.key) {
                let message = format!("unknown key `{}`", shorten(name));
                reader.fault(Code::UnknownKey, entry.key, message, "", &meant_as(meant));
            }
            return;
        }
        if ForeignKey::find(level, meant).is_some() {
            format!("did you mean GitHub's `{meant}`? credflow doesn't execute it")
        } else {
            meant_as(meant)
        }
    } else {
        let known: Vec<&str> = KEYS.iter().filter(|row| row.levels.contains(&level)).map(|row| row.name).collect();
        format!("known here: {}; a key of your own begins with `x-`", known.join(", "))
    };
    note(reader, entry, What::Unknown { name: shorten(name).into(), help: help.into() });
}

fn meant_as(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// Whether two keys begin in the same column, each on a line of its own.
fn are_aligned(reader: &Reader<'_>, one: Entry, other: Entry) -> bool {
    let source = reader.tree.source();
    let place = |entry: Entry| {
        let start = reader.tree.span(entry.key).start;
        let line = source.line_at(start).range().start;
        (line, start as usize - line)
    };
    let ((line, column), (other_line, other_column)) = (place(one), place(other));
    line != other_line && column == other_column
}

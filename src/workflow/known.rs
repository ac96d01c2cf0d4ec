//! The entries of a level that credflow acts on; what else stands there is noted, or is a fault.

use super::Reader;
use super::foreign::{Foreign, What};
use super::keys::{ForeignKey, HARMLESS, KEYS, Key, Level, is_free, otherwise};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Entry, Kind, NodeId, shorten};

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
            tell(reader, empty.as_mut(), Some((key, entry)));
            if is_empty(reader, key, entry) {
                empty = Some(Empty { key, entry, strays: Vec::new(), is_told: false });
            }
        } else if let Some(key) = ForeignKey::find(level, name) {
            note(reader, entry, What::Key(key));
        } else if !HARMLESS.iter().any(|(harmless, levels)| *harmless == name && levels.contains(&level)) {
            unknown(reader, level, name, entry, empty.as_mut());
        }
    }
    tell(reader, empty.as_mut(), None);
    known
}

/// A key that should have keys of its own and has nothing.
struct Empty {
    key: Key,
    entry: Entry,
    /// The keys that were probably to be its own.
    strays: Vec<Entry>,
    is_told: bool,
}

/// Whether a key that should have keys of its own has nothing.
fn is_empty(reader: &Reader<'_>, key: Key, entry: Entry) -> bool {
    key.row().is_mapping && reader.tree.is_null(entry.written) && reader.tree.text(entry.written) == Some("")
}

/// Tells of a key that has nothing, once what stands behind it is known.
fn tell(reader: &mut Reader<'_>, empty: Option<&mut Empty>, next: Option<(Key, Entry)>) {
    let Some(empty) = empty.filter(|empty| !empty.is_told) else { return };
    empty.is_told = true;
    let name = empty.key.name();
    let (source, tree) = (reader.tree.source(), reader.tree);
    if let [first, ..] = &empty.strays[..] {
        // What was to be in it is noted. Without its jobs there is no workflow.
        if empty.key == Key::Jobs && reader.judge(first.key) {
            let message = format!("`{name}` is empty, and its keys stand beside it");
            let strays = empty.strays.iter().map(|stray| (stray.key, ""));
            let places = strays.chain([(empty.entry.key, "is empty")]);
            let diagnostic = places.fold(Diagnostic::error(Code::UnknownKey, message), |told, (key, words)| {
                told.at(source, tree.span(key), words)
            });
            let help = format!("indent them, and what is in them, to make them parts of `{name}`");
            reader.faults.push(diagnostic.help(help));
        }
        return;
    }
    // Who reads the others tells it.
    if !matches!(empty.key, Key::Env | Key::With | Key::Files) || !reader.judge(empty.entry.key) {
        return;
    }
    let diagnostic = Diagnostic::warning(Code::WrongValue, format!("`{name}` is empty"));
    let diagnostic = diagnostic.at(source, tree.span(empty.entry.key), "");
    let may_be_its = |key: Key, next: Entry| {
        let is_text = matches!(tree.kind(next.written), Kind::Scalar(_)) && !tree.is_null(next.written);
        key != Key::Run && is_text && are_aligned(reader, empty.entry, next)
    };
    let diagnostic = match next.filter(|(key, next)| may_be_its(*key, *next)) {
        Some((key, next)) => {
            let (next, beside) = (tree.span(next.key), key.name());
            diagnostic
                .at(source, next, "stands beside it, and not in it")
                .help(format!("indent `{beside}` if it is meant as a part of `{name}`; delete `{name}` if not"))
        }
        None => diagnostic.help(format!("write its keys on the lines below, indented deeper, or delete `{name}`")),
    };
    reader.faults.push(diagnostic);
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

/// A key that isn't known: a fault where it is nearly one that credflow acts on, and noted otherwise. `empty` is the last key
/// before it that should have keys of its own and has nothing.
fn unknown(reader: &mut Reader<'_>, level: Level, name: &str, entry: Entry, empty: Option<&mut Empty>) {
    if is_free(name) {
        return;
    }
    if name.is_empty() {
        if reader.judge(entry.key) {
            reader.empty_key(entry.key);
        }
        return;
    }
    let empty = empty.filter(|empty| are_aligned(reader, empty.entry, entry));
    // A key between may be in its place, or another one that lost its indent.
    let (direct, far) = match empty {
        Some(empty) if empty.is_told => (None, Some(empty.key)),
        direct => (direct, None),
    };
    let help = if let levels @ [_, ..] = &*Level::of(name) {
        let levels: Vec<&str> = levels.iter().map(|level| level.noun()).collect();
        format!("it is a key of {}; move it there", levels.join(" or "))
    } else if let Some(empty) = direct {
        empty.strays.push(entry);
        if empty.key == Key::Jobs {
            return;
        }
        format!("indent it to make it a part of `{}`, which is empty", empty.key.name())
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
    } else if let Some(parent) = far {
        format!("move it below `{}`, which is empty, and indent it, if it is meant as a part of that", parent.name())
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

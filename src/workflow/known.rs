//! The entries of a level that credflow acts on; what else stands there is noted, or is a fault.

use super::Reader;
use super::foreign::{Foreign, What};
use super::foreign_key::{ForeignKey, HARMLESS};
use super::keys::{KEYS, Key, is_free, otherwise};
use super::level::Level;
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
            if (key.row().is_mapping || key == Key::Steps) && has_nothing(reader, entry) {
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

/// The entries of `jobs` that are jobs, and not the keys of one that lost their indent.
pub(super) fn jobs(reader: &mut Reader<'_>, node: NodeId) -> Vec<Entry> {
    let mut jobs: Vec<Entry> = Vec::new();
    let mut strays: Vec<Entry> = Vec::new();
    for entry in reader.entries(node, Key::Jobs.name()) {
        let name = reader.tree.text(reader.tree.resolve(entry.key)).unwrap_or_default();
        let is_stray = |job: &Entry| has_nothing(reader, *job) && are_aligned(reader, *job, entry);
        if Level::Job.names().any(|known| known == name) && jobs.last().is_some_and(is_stray) {
            strays.push(entry);
        } else {
            beside(reader, jobs.last().copied(), &std::mem::take(&mut strays));
            jobs.push(entry);
        }
    }
    beside(reader, jobs.last().copied(), &strays);
    jobs
}

/// Complains of keys that stand beside the one that they belong to, which must have some.
fn beside(reader: &mut Reader<'_>, empty: Option<Entry>, strays: &[Entry]) {
    let (Some(empty), [first, ..]) = (empty, strays) else { return };
    // That it is of another type is no fault of its own.
    if !reader.judge(empty.value) {
        return;
    }
    let tree = reader.tree;
    let text = |entry: &Entry| tree.text(tree.resolve(entry.key)).map(shorten).unwrap_or_default();
    let (name, first) = (text(&empty), text(first));
    let message = format!("`{name}` is empty, and its keys stand beside it");
    let strays = strays.iter().map(|stray| (stray.key, ""));
    let diagnostic = strays
        .chain([(empty.key, "is empty")])
        .fold(Diagnostic::error(Code::UnknownKey, message), |told, (key, words)| {
            told.at(tree.source(), tree.span(key), words)
        });
    let help = match Key::find(Level::Job, &name) {
        Some(Key::Steps) => format!("begin each step with `- `: `- {first}: …`"),
        _ => format!("indent `{first}`, and what else belongs to `{name}`"),
    };
    reader.faults.push(diagnostic.help(help));
}

/// A key that should have keys of its own and has nothing.
struct Empty {
    key: Key,
    entry: Entry,
    /// The keys that were probably to be its own.
    strays: Vec<Entry>,
    is_told: bool,
}

impl Empty {
    /// Whether it must have some: who reads it tells that it has none.
    fn is_required(&self) -> bool {
        matches!(self.key, Key::Jobs | Key::Steps | Key::Retry)
    }

    /// Whether a key that is known at some levels may be one of its own.
    fn may_have(&self, levels: &[Level]) -> bool {
        match self.key {
            Key::Steps => levels.contains(&Level::Step),
            Key::Retry => levels.contains(&Level::Retry),
            _ => levels.is_empty(),
        }
    }
}

/// Whether nothing stands behind a key.
fn has_nothing(reader: &Reader<'_>, entry: Entry) -> bool {
    reader.tree.is_null(entry.written) && reader.tree.text(entry.written) == Some("")
}

/// Tells of a key that has nothing, once what stands behind it is known.
fn tell(reader: &mut Reader<'_>, empty: Option<&mut Empty>, next: Option<(Key, Entry)>) {
    let Some(empty) = empty.filter(|empty| !empty.is_told) else { return };
    empty.is_told = true;
    let name = empty.key.name();
    let (source, tree) = (reader.tree.source(), reader.tree);
    if empty.is_required() {
        return beside(reader, Some(empty.entry), &empty.strays);
    }
    // What was to be in it is noted.
    if !empty.strays.is_empty() || !reader.judge(empty.entry.key) {
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
    let levels = Level::of(name);
    let help = if let Some(empty) = direct.filter(|empty| empty.may_have(&levels)) {
        empty.strays.push(entry);
        if empty.is_required() {
            return;
        }
        format!("indent it to make it a part of `{}`, which is empty", empty.key.name())
    } else if let [_, ..] = &levels[..] {
        let levels: Vec<&str> = levels.iter().map(|level| level.noun()).collect();
        format!("it is a key of {}; move it there", levels.join(" or "))
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

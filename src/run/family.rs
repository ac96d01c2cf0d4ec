//! What the system knows of processes that a run has started, directly or not. On Linux; elsewhere nothing is known.

use rustix::process::Pid;

/// A process as `/proc` tells of it.
struct Relative {
    id: i32,
    parent: i32,
    group: i32,
    /// Whether it has ended, and waits to be noted by its parent.
    has_ended: bool,
}

/// Whether somebody of a process group is more than a note that it has ended; nothing where that can't be known.
pub(super) fn has_living(group: Pid) -> Option<bool> {
    let group = group.as_raw_nonzero().get();
    Some(processes()?.any(|process| process.group == group && !process.has_ended))
}

/// Those who are below a process, and live.
pub(super) fn descendants(of: Pid) -> Vec<Pid> {
    let all: Vec<Relative> = processes().into_iter().flatten().collect();
    let mut below = vec![of.as_raw_nonzero().get()];
    let mut at = 0;
    while let Some(&parent) = below.get(at) {
        below.extend(all.iter().filter(|process| process.parent == parent).map(|process| process.id));
        at += 1;
    }
    let living = |id: &i32| all.iter().any(|process| process.id == *id && !process.has_ended);
    below.into_iter().skip(1).filter(living).filter_map(Pid::from_raw).collect()
}

fn processes() -> Option<impl Iterator<Item = Relative>> {
    let entries = std::fs::read_dir("/proc").ok()?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut ids = ids.peekable();
    // A system without such a `/proc` has an empty one.
    ids.peek()?;
    Some(ids.filter_map(relative))
}

/// `/proc/ID/stat`: the name in parentheses, which may hold anything; then state, parent and group (proc(5)).
fn relative(id: i32) -> Option<Relative> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let after = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let text = std::str::from_utf8(&stat[after..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let state = fields.next()?;
    let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Relative { id, parent, group, has_ended: matches!(state, "Z" | "X") })
}

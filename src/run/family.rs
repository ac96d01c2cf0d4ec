//! What the system knows of processes that a run has started, directly or not. On Linux; elsewhere nothing is known.

use rustix::process::Pid;

/// A process as `/proc` tells of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relative {
    pub(super) id: Pid,
    pub(super) group: i32,
    parent: i32,
    /// Whether it has ended, and waits to be noted by its parent.
    pub(super) has_ended: bool,
    /// When it started, in ticks since the system did. With its id that is one process's alone.
    pub(super) started: u64,
}

/// Whether somebody of a process group is more than a note that it has ended; nothing where that can't be known.
pub(super) fn has_living(group: Pid) -> Option<bool> {
    let group = group.as_raw_nonzero().get();
    Some(processes()?.any(|process| process.group == group && !process.has_ended))
}

/// Those who are below a process, and live.
#[cfg(target_os = "linux")]
pub(super) fn descendants(of: Pid) -> Vec<Pid> {
    let all: Vec<Relative> = processes().into_iter().flatten().collect();
    below(&all, &[of]).map(|process| process.id).collect()
}

/// Those of `all` who are below some processes, and live.
pub(super) fn below<'a>(all: &'a [Relative], tops: &[Pid]) -> impl Iterator<Item = &'a Relative> {
    let mut found: Vec<i32> = tops.iter().map(|top| raw(*top)).collect();
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        let children = all.iter().filter(|process| process.parent == parent).map(|process| raw(process.id));
        let children: Vec<i32> = children.filter(|child| !found.contains(child)).collect();
        found.extend(children);
        at += 1;
    }
    found.drain(..tops.len());
    all.iter().filter(move |process| !process.has_ended && found.contains(&raw(process.id)))
}

/// All processes, as far as they show; none where that can't be known.
pub(super) fn all() -> Vec<Relative> {
    processes().into_iter().flatten().collect()
}

/// When a process started; nothing when there is none, or where that can't be known.
pub(super) fn started(id: Pid) -> Option<u64> {
    process(raw(id)).map(|process| process.started)
}

/// The process group of a process. In a container it may be outside, and has no id here.
pub(super) fn group_of(id: Pid) -> Option<Pid> {
    #[cfg(target_os = "linux")]
    return process(raw(id)).and_then(|process| Pid::from_raw(process.group));
    #[cfg(not(target_os = "linux"))]
    return rustix::process::getpgid(Some(id)).ok();
}

/// Whether a process's id is another's by now.
pub(super) fn is_reused(id: Pid, before: Option<u64>) -> bool {
    before.is_some_and(|before| started(id).is_some_and(|now| now != before))
}

/// The children of this process, those who have ended included.
#[cfg(target_os = "linux")]
pub(super) fn children() -> Vec<Relative> {
    // Each thread has its list, which costs nothing where the system has many processes.
    let lists = std::fs::read_dir("/proc/self/task").ok().and_then(|threads| {
        let list = |thread: &std::path::Path| match std::fs::read_to_string(thread.join("children")) {
            // The thread has ended, and its children are another's.
            Err(_) if !thread.exists() => Some(String::new()),
            list => list.ok(),
        };
        threads.map(|thread| list(&thread.ok()?.path())).collect::<Option<Vec<String>>>()
    });
    if let Some(lists) = lists {
        let ids = lists.iter().flat_map(|list| list.split_ascii_whitespace()).filter_map(|id| id.parse().ok());
        return ids.filter_map(process).collect();
    }
    let own = raw(rustix::process::getpid());
    processes().into_iter().flatten().filter(|process| process.parent == own).collect()
}

fn raw(id: Pid) -> i32 {
    id.as_raw_nonzero().get()
}

fn processes() -> Option<impl Iterator<Item = Relative>> {
    let entries = std::fs::read_dir("/proc").ok()?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut ids = ids.peekable();
    // A system without such a `/proc` has an empty one.
    ids.peek()?;
    Some(ids.filter_map(process))
}

/// `/proc/ID/stat`: the name in parentheses, which may hold anything; then state, parent and group, and the start as the
/// 22nd of all fields (proc(5)).
fn process(id: i32) -> Option<Relative> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let after = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let text = std::str::from_utf8(&stat[after..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let state = fields.next()?;
    let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let started = fields.nth(16)?.parse().ok()?;
    Some(Relative { id: Pid::from_raw(id)?, group, parent, has_ended: matches!(state, "Z" | "X"), started })
}

//! What the system knows of processes that a run has started, directly or not. On Linux; elsewhere nothing is known.

use rustix::process::Pid;

/// A process as `/proc` tells of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relative {
    pub(super) id: Pid,
    pub(super) group: i32,
    session: i32,
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

/// The session and the process group of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    session: Option<Pid>,
    /// Nothing in a container where it is outside, and has no id here: the system's calls say 0 then, which is no [`Pid`].
    pub(super) group: Option<Pid>,
}

impl Membership {
    /// Where a process is; nothing when there is none.
    pub(super) fn of(id: Pid) -> Option<Self> {
        #[cfg(target_os = "linux")]
        return process(raw(id))
            .map(|process| Self { session: Pid::from_raw(process.session), group: Pid::from_raw(process.group) });
        #[cfg(not(target_os = "linux"))]
        {
            use rustix::process::{getpgid, getsid};
            #[expect(clippy::disallowed_methods, reason = "there are no such containers here")]
            Some(Self { session: Some(getsid(Some(id)).ok()?), group: Some(getpgid(Some(id)).ok()?) })
        }
    }

    /// Where this process is.
    pub(super) fn own() -> Option<Self> {
        Self::of(rustix::process::getpid())
    }

    /// Whether both are in one session, in different groups.
    pub(super) fn is_beside(self, other: Self) -> bool {
        self.session == other.session && self.group != other.group
    }
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

/// `/proc/ID/stat`: the name in parentheses, which may hold anything; then state, parent, group and session, and the
/// start as the 22nd of all fields (proc(5)).
fn process(id: i32) -> Option<Relative> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let after = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let text = std::str::from_utf8(&stat[after..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let state = fields.next()?;
    let mut number = || fields.next()?.parse().ok();
    let (parent, group, session) = (number()?, number()?, number()?);
    let started = fields.nth(15)?.parse().ok()?;
    Some(Relative { id: Pid::from_raw(id)?, group, session, parent, has_ended: matches!(state, "Z" | "X"), started })
}

//! The processes of a credflow that runs, as the system shows them.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::waiting::{skipped, until};

/// A process as `/proc` has it: its id, state, parent and session.
pub(crate) struct Seen {
    pub(crate) id: u32,
    pub(crate) state: char,
    pub(crate) parent: u32,
    pub(crate) session: u32,
}

pub(crate) fn seen(id: u32) -> Option<Seen> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let mut number = || fields.next()?.parse().ok();
    let (parent, _, session) = (number()?, number()?, number()?);
    Some(Seen { id, state, parent, session })
}

pub(crate) fn children(of: u32) -> Vec<Seen> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(seen).filter(|process| process.parent == of).collect()
}

pub(crate) fn zombies(of: u32) -> usize {
    children(of).iter().filter(|process| process.state == 'Z').count()
}

pub(crate) fn lives(id: u32) -> bool {
    seen(id).is_some_and(|process| !matches!(process.state, 'Z' | 'X'))
}

/// The process that a step wrote to a file.
pub(crate) fn pid(path: &Path) -> u32 {
    let mut id = 0;
    until(&path.display().to_string(), || {
        id = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        id != 0
    });
    id
}

pub(crate) fn send(signal: &str, id: u32) {
    Command::new("kill").args([signal, &id.to_string()]).status().expect("kill");
}

/// The processes that have a file open.
pub(crate) fn holders(path: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let holds = |id: &u32| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten();
        files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).any(|file| file == path)
    };
    ids.filter(holds).collect()
}

pub(crate) fn quietly(mut command: Command) -> Child {
    // As a shell starts it. Where its group were outside of a container, its supervisor could have no session.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

/// The supervisor of a credflow that runs.
pub(crate) fn supervisor(of: u32) -> u32 {
    let mut found = None;
    let is_it = |process: &Seen| {
        fs::read(format!("/proc/{}/cmdline", process.id)).is_ok_and(|line| line.ends_with(b"\0supervise\0"))
    };
    until("a supervisor", || {
        found = children(of).iter().find(|process| is_it(process)).map(|process| process.id);
        found.is_some()
    });
    found.expect("a supervisor")
}

/// The words after which a command is the first process of a namespace, as in a container.
pub(crate) const NAMESPACE: [&str; 5] = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"];

/// Whether the system gives us such namespaces.
pub(crate) fn has_namespaces() -> bool {
    let probe = Command::new(NAMESPACE[0]).args(&NAMESPACE[1..]).arg("true").stderr(Stdio::null()).status();
    let is_allowed = probe.is_ok_and(|status| status.success());
    if !is_allowed {
        skipped("this system gives no namespace of processes");
    }
    is_allowed
}

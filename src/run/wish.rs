//! Whether a command on a pseudo-terminal waits for somebody to type.

use std::fs::File;
use std::time::Duration;

use rustix::process::{Pid, getppid};
use rustix::termios::{LocalModes, SpecialCodeIndex, tcgetattr, tcgetpgrp};
use tokio::time::sleep;

use super::family::Membership;

/// How soon it is looked at after the command wrote something, such as a prompt; then after twice as long each time.
const SOON: Duration = Duration::from_millis(2);

/// The longest time between looks.
const SELDOM: Duration = Duration::from_millis(100);

/// So many looks in turn that the system refuses count as a wish: a program of another user, for example.
const REFUSED: usize = 5;

/// The wish of a command for keys.
///
/// It has one once it changes how its terminal deals with keys, or waits in a call of the system to read from a terminal or
/// for a file to be ready. Where the system doesn't tell what a process waits for, it always has one.
pub(super) struct Wish {
    /// Our side of the pseudo-terminal.
    pty: File,
    /// The command, at the head of its session.
    leader: Pid,
    /// How the terminal was when the command began.
    modes: LocalModes,
    /// How long until the next look.
    pause: Duration,
    refused: usize,
}

impl Wish {
    pub(super) fn new(pty: File, leader: Pid) -> Self {
        let modes = tcgetattr(&pty).map_or(LocalModes::empty(), |modes| modes.local_modes);
        Self { pty, leader, modes, pause: SOON, refused: 0 }
    }

    /// Waits until there is one.
    pub(super) async fn arise(&mut self) {
        loop {
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(SELDOM);
            if self.is_there() {
                return;
            }
        }
    }

    /// The command has written something.
    pub(super) fn hear(&mut self) {
        self.pause = SOON;
    }

    /// The key that suspends the command, where that is left to the terminal, nobody in its session, such as a shell, deals
    /// with it, and somebody would let this process go on.
    pub(super) fn suspends(&self) -> Option<u8> {
        let modes = tcgetattr(&self.pty).ok()?;
        let is_alone = tcgetpgrp(&self.pty).is_ok_and(|foreground| foreground == self.leader);
        let key = modes.special_codes[SpecialCodeIndex::VSUSP];
        (is_alone && has_shell() && key != 0 && modes.local_modes.contains(LocalModes::ISIG)).then_some(key)
    }

    fn is_there(&mut self) -> bool {
        if tcgetattr(&self.pty).is_ok_and(|now| now.local_modes != self.modes) {
            return true;
        }
        if let Some(waits) = waits(self.leader) {
            self.refused = 0;
            return waits;
        }
        self.refused += 1;
        self.refused >= REFUSED
    }
}

/// Whether somebody with job control, in all likelihood a shell, has started this process: its parent is in the same session
/// and in another group.
fn has_shell() -> bool {
    let parent = getppid().and_then(Membership::of);
    parent.zip(Membership::own()).is_some_and(|(parent, own)| parent.is_beside(own))
}

/// Whether a process, or one that it has started, waits for keys; nothing where that can't be known.
#[cfg(not(target_os = "linux"))]
fn waits(_: Pid) -> Option<bool> {
    Some(true)
}

#[cfg(target_os = "linux")]
fn waits(leader: Pid) -> Option<bool> {
    let mut known = true;
    let mut processes = vec![leader.as_raw_nonzero().get()];
    while let Some(process) = processes.pop() {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for task in tasks.flatten() {
            match std::fs::read_to_string(task.path().join("syscall")) {
                Ok(call) if linux::is_for_keys(process, &call) => return Some(true),
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => known = false,
                _ => {}
            }
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            processes.extend(children.split_ascii_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    known.then_some(false)
}

#[cfg(target_os = "linux")]
mod linux {
    /// Calls that read a file, the first argument.
    #[cfg(target_arch = "x86_64")]
    const READS: &[u32] = &[0, 19];
    /// Calls that wait for one of several files: `poll`, `select`, `epoll_wait` and their kin.
    #[cfg(target_arch = "x86_64")]
    const POLLS: &[u32] = &[7, 23, 232, 270, 271, 281, 441];
    #[cfg(not(target_arch = "x86_64"))]
    const READS: &[u32] = &[63, 65];
    #[cfg(not(target_arch = "x86_64"))]
    const POLLS: &[u32] = &[22, 72, 73, 441];

    /// Whether a call, as `/proc/ID/syscall` tells it (its number, then its arguments in hexadecimal digits; proc(5)), may be
    /// one that waits for keys.
    pub(super) fn is_for_keys(process: i32, call: &str) -> bool {
        let mut words = call.split_ascii_whitespace();
        let Some(number) = words.next().and_then(|number| number.parse::<u32>().ok()) else { return false };
        if READS.contains(&number) {
            let file = words.next().and_then(|file| u32::from_str_radix(file.trim_start_matches("0x"), 16).ok());
            return file.is_some_and(|file| is_terminal(process, file));
        }
        POLLS.contains(&number) && is_terminal(process, 0)
    }

    fn is_terminal(process: i32, file: u32) -> bool {
        let name = std::fs::read_link(format!("/proc/{process}/fd/{file}"));
        name.is_ok_and(|name| name.starts_with("/dev/pts") || name == std::path::Path::new("/dev/tty"))
    }
}

//! What a supervisor does: the other side of [`Supervisor`](super::Supervisor).

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

use super::family::{self, Relative};
use super::record::{Record, Ward};

/// How often those who are ending are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How often those who were killed are looked for.
const MOST: usize = 100;

/// Supervises the process that started this one with [`Supervisor::start`](super::Supervisor::start), until that ends.
/// Then it removes the files that are left of it, tells the processes that are left to end, and kills those who
/// haven't after their grace.
///
/// This is all that its process does: it begins a session, and hears no signal that can be helped.
///
/// # Errors
/// When the system refuses.
pub fn supervise() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let within = runtime.enter();
    // Caught, and by nobody.
    let caught = [
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::terminate(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
        SignalKind::alarm(),
        SignalKind::from_raw(Signal::TSTP.as_raw()),
    ];
    let _caught: Vec<_> = caught.into_iter().map(signal).collect::<io::Result<_>>()?;
    drop(within);
    begin_session();
    // No folder is kept in use.
    let _ = std::env::set_current_dir("/");
    let mut wards = Wards::default();
    let (mut input, mut bytes) = (io::stdin().lock(), Vec::new());
    // What isn't whole wasn't said.
    while input.read_until(0, &mut bytes).is_ok() && bytes.pop() == Some(0) {
        if let Some(record) = Record::read(&bytes) {
            wards.note(record);
        }
        bytes.clear();
    }
    wards.end();
    Ok(())
}

/// It was started as the leader of a process group, where no terminal's keys reach it; and who leads one can't begin a
/// session. For that moment it is in its parent's, where the keys are caught.
fn begin_session() {
    use rustix::process::{getppid, setpgid, setsid};
    if setsid().is_err()
        && let Some(others) = getppid().and_then(family::Membership::of).and_then(|parent| parent.group)
        && setpgid(None, Some(others)).is_ok()
    {
        let _ = setsid();
    }
}

/// All that is to end.
#[derive(Default)]
struct Wards {
    grace: Duration,
    groups: HashMap<Pid, Ward>,
    processes: HashMap<Pid, Ward>,
    files: Vec<Vec<u8>>,
}

impl Wards {
    fn note(&mut self, record: Record) {
        match record {
            Record::Grace(grace) => self.grace = grace,
            Record::Group(ward) => drop(self.groups.insert(ward.id, ward)),
            Record::GoneGroup(id) => drop(self.groups.remove(&id)),
            Record::Process(ward) => drop(self.processes.insert(ward.id, ward)),
            Record::GoneProcess(id) => drop(self.processes.remove(&id)),
            Record::File(path) => self.files.push(path),
            Record::GoneFile(path) => {
                if let Some(at) = self.files.iter().position(|known| *known == path) {
                    self.files.swap_remove(at);
                }
            }
        }
    }

    fn end(mut self) {
        for path in &self.files {
            // Who was faster is welcome.
            let _ = std::fs::remove_file(OsStr::from_bytes(path));
        }
        let kill = Instant::now() + self.grace;
        let (mut told, mut killed) = (Vec::new(), 0);
        loop {
            let all = family::all();
            self.groups.retain(|_, group| is_group_alive(group, &all));
            self.adopt(&all);
            self.processes.retain(|_, process| is_process_alive(process, &all));
            if self.groups.is_empty() && self.processes.is_empty() || killed == MOST {
                return;
            }
            if Instant::now() >= kill {
                // Whoever is started meanwhile is found by the next look.
                killed += 1;
                self.send(Signal::KILL, &[]);
            } else {
                self.send(Signal::TERM, &told);
                told = self.groups.keys().chain(self.processes.keys()).copied().collect();
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Adds the processes that those of a group or another process have started, and that left the group. Nobody knows
    /// any more whose they are once their parents have ended.
    fn adopt(&mut self, all: &[Relative]) {
        let is_member = |process: &&Relative| self.groups.keys().any(|id| id.as_raw_nonzero().get() == process.group);
        let members = all.iter().filter(is_member).map(|process| process.id);
        let tops: Vec<Pid> = members.chain(self.processes.keys().copied()).collect();
        let outside: Vec<&Relative> = family::below(all, &tops).filter(|process| !is_member(process)).collect();
        for process in outside {
            let ward = Ward { id: process.id, started: Some(process.started) };
            self.processes.entry(process.id).or_insert(ward);
        }
    }

    fn send(&self, signal: Signal, but: &[Pid]) {
        for id in self.groups.keys().filter(|id| !but.contains(id)) {
            let _ = kill_process_group(*id, signal);
        }
        for id in self.processes.keys().filter(|id| !but.contains(id)) {
            let _ = kill_process(*id, signal);
        }
    }
}

/// Whether somebody of a group lives, and it is still the same group. Where nobody knows more, who can be signalled lives.
fn is_group_alive(group: &Ward, all: &[Relative]) -> bool {
    let raw = group.id.as_raw_nonzero().get();
    let is_other =
        all.iter().any(|process| process.id == group.id && group.started.is_some_and(|at| at != process.started));
    let has_living = all.is_empty() || all.iter().any(|process| process.group == raw && !process.has_ended);
    test_kill_process_group(group.id).is_ok() && has_living && !is_other
}

/// The same of one process.
fn is_process_alive(process: &Ward, all: &[Relative]) -> bool {
    let is_it = |other: &Relative| {
        other.id == process.id && !other.has_ended && process.started.is_none_or(|at| at == other.started)
    };
    test_kill_process(process.id).is_ok() && (all.is_empty() || all.iter().any(is_it))
}

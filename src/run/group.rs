//! A process and all that it started, as far as the system keeps them together.

use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::cancellation::{Cancellation, Urgency};
use super::supervisor::Supervisor;
#[cfg(unix)]
use super::{claim::Claim, family, supervisor::Watched};

#[cfg(unix)]
pub(super) use rustix::process::Signal;

/// What can be said to a process where there are no signals.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(super) struct Signal;

#[cfg(not(unix))]
impl Signal {
    pub(super) const TERM: Self = Self;
    pub(super) const KILL: Self = Self;
    pub(super) const STOP: Self = Self;
    pub(super) const CONT: Self = Self;
}

/// How often an ending group is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// The process group that a child leads; or the child alone, where it shares credflow's.
///
/// It is killed when dropped, unless nobody is left: nothing outlives a run that is given up. A supervisor does so when
/// this process is killed.
#[derive(Debug)]
#[cfg_attr(not(unix), allow(dead_code))]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<Leader>,
    own: bool,
    released: bool,
}

/// The child that a group is named after.
#[cfg(unix)]
#[derive(Debug)]
struct Leader {
    id: rustix::process::Pid,
    /// When it started: its id may be another's once all of the group have ended.
    started: Option<u64>,
    _claim: Claim,
    _watched: Option<Watched>,
}

/// Makes a command the leader of its own group.
pub(super) fn lead(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(not(unix))]
    let _ = command;
}

impl Group {
    /// The group of a child that was just started: its `own`, or none.
    #[cfg_attr(not(unix), allow(unused_variables))]
    pub(super) fn of(child: &Child, own: bool, supervisor: Option<&Supervisor>) -> Self {
        Self {
            #[cfg(unix)]
            leader: child.id().and_then(|id| Leader::of(id, own, supervisor)),
            own,
            released: false,
        }
    }

    /// Sends a signal to all of the group, or to the child where it has none of its own and still runs.
    #[cfg(unix)]
    pub(super) fn send(&self, signal: Signal, child: &mut Child) {
        // Whoever is gone already needs no signal.
        if self.own {
            self.send_all(signal);
        } else if let (Some(leader), Some(_)) = (&self.leader, child.id()) {
            let _ = rustix::process::kill_process(leader.id, signal);
        }
    }

    /// Ends the child, which is all that can be done here.
    #[cfg(not(unix))]
    pub(super) fn send(&self, _: Signal, child: &mut Child) {
        let _ = child.start_kill();
    }

    /// Sends a signal to all of the group, unless another has its id by now.
    #[cfg(unix)]
    fn send_all(&self, signal: Signal) {
        if let Some(leader) = self.leader.as_ref().filter(|leader| !family::is_reused(leader.id, leader.started)) {
            let _ = rustix::process::kill_process_group(leader.id, signal);
        }
    }

    /// Whether somebody of the group is left after its leader.
    pub(super) fn is_alive(&self) -> bool {
        #[cfg(unix)]
        return self.own
            && self.leader.as_ref().is_some_and(|leader| {
                // Who has ended and waits to be noted by its parent counts for the system, and can do nothing.
                rustix::process::test_kill_process_group(leader.id).is_ok()
                    && !family::is_reused(leader.id, leader.started)
                    && family::has_living(leader.id).unwrap_or(true)
            });
        #[cfg(not(unix))]
        return false;
    }

    /// The group, if somebody of it is left.
    pub(super) fn left(mut self) -> Option<Self> {
        if self.is_alive() {
            return Some(self);
        }
        self.released = true;
        None
    }

    /// Lets those who are left live.
    pub(super) fn release(mut self) {
        self.released = true;
    }

    /// Ends those who are left: they are told to, and killed when they haven't by then.
    /// That comes at once when the run is to end at once.
    pub(super) async fn end(mut self, kill: Instant, cancellation: &Cancellation) {
        #[cfg(unix)]
        self.send_all(Signal::TERM);
        while self.is_alive() && Instant::now() < kill && cancellation.urgency() < Urgency::Now {
            tokio::time::sleep_until((Instant::now() + LOOK).min(kill)).await;
        }
        // Dropping it kills whoever is left.
        self.released = !self.is_alive();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.own && !self.released {
            self.send_all(Signal::KILL);
        }
    }
}

#[cfg(unix)]
impl Leader {
    /// The child with that id, which hasn't been waited for yet.
    fn of(id: u32, own: bool, supervisor: Option<&Supervisor>) -> Option<Self> {
        let id = rustix::process::Pid::from_raw(id.try_into().ok()?)?;
        let watch =
            |supervisor: &Supervisor| if own { supervisor.watch_group(id) } else { supervisor.watch_process(id) };
        Some(Self { id, started: family::started(id), _claim: Claim::new(id), _watched: supervisor.map(watch) })
    }
}

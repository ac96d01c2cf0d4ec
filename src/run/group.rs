//! A process and all that it started, as far as the system keeps them together.

use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::cancellation::{Cancellation, Urgency};
#[cfg(unix)]
use super::family;

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
/// It is killed when dropped, unless nobody is left: nothing outlives a run that is given up.
#[derive(Debug)]
#[cfg_attr(not(unix), allow(dead_code))]
pub(super) struct Group {
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
    own: bool,
    released: bool,
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
    pub(super) fn of(child: &Child, own: bool) -> Self {
        Self {
            #[cfg(unix)]
            id: child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)),
            own,
            released: false,
        }
    }

    /// Sends a signal to all of the group, or to the child where it has none of its own and still runs.
    #[cfg(unix)]
    pub(super) fn send(&self, signal: Signal, child: &mut Child) {
        let Some(id) = self.id else { return };
        // Whoever is gone already needs no signal.
        if self.own {
            let _ = rustix::process::kill_process_group(id, signal);
        } else if child.id().is_some() {
            let _ = rustix::process::kill_process(id, signal);
        }
    }

    /// Ends the child, which is all that can be done here.
    #[cfg(not(unix))]
    pub(super) fn send(&self, _: Signal, child: &mut Child) {
        let _ = child.start_kill();
    }

    /// Whether somebody of the group is left after its leader.
    pub(super) fn is_alive(&self) -> bool {
        #[cfg(unix)]
        return self.own
            && self.id.is_some_and(|id| {
                // Who has ended and waits to be noted by its parent counts for the system, and can do nothing.
                rustix::process::test_kill_process_group(id).is_ok() && family::has_living(id).unwrap_or(true)
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
        if let Some(id) = self.id {
            let _ = rustix::process::kill_process_group(id, Signal::TERM);
        }
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
        if let (true, false, Some(id)) = (self.own, self.released, self.id) {
            let _ = rustix::process::kill_process_group(id, Signal::KILL);
        }
    }
}

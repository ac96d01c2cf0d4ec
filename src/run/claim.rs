//! Children that somebody in this process waits for: nobody else may take note of their ends, or end them as orphans.

use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;

/// Each as often as it is claimed. A process has one set of children, and so there is one of these.
static CLAIMED: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A child that is claimed, until this is dropped.
#[derive(Debug)]
pub(super) struct Claim(Pid);

impl Claim {
    pub(super) fn new(id: Pid) -> Self {
        with(|claimed| claimed.push(id));
        Self(id)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        with(|claimed| {
            if let Some(at) = claimed.iter().position(|id| *id == self.0) {
                claimed.swap_remove(at);
            }
        });
    }
}

/// Whether somebody waits for a child.
#[cfg(target_os = "linux")]
pub(super) fn is_claimed(id: Pid) -> bool {
    with(|claimed| claimed.contains(&id))
}

fn with<T>(look: impl FnOnce(&mut Vec<Pid>) -> T) -> T {
    look(&mut CLAIMED.lock().unwrap_or_else(PoisonError::into_inner))
}

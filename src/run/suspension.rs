//! A run that pauses: its processes are stopped, and go on later.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that pauses a run; clones pause the same run.
#[derive(Debug, Clone)]
pub struct Suspension(Arc<watch::Sender<bool>>);

impl Suspension {
    /// A handle of a run that goes on.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Stops what runs. The time until it is resumed counts for no time limit of a step.
    pub fn suspend(&self) {
        self.0.send_replace(true);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.0.send_replace(false);
    }

    /// Whether it is paused, and changes of that.
    pub(super) fn follow(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

impl Default for Suspension {
    fn default() -> Self {
        Self::new()
    }
}

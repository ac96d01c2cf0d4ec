//! A run's end before its time.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that ends a run early; clones end the same run.
#[derive(Debug, Clone)]
pub struct Cancellation(Arc<watch::Sender<Urgency>>);

/// How a run is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// In its own time.
    None,
    /// With what runs told to end, and steps of `if: always()` still run.
    Soon,
    /// With everything killed.
    Now,
}

impl Cancellation {
    /// A handle that hasn't been used.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Urgency::None)))
    }

    /// Ends the run. The first time, running steps are told to end and only steps of `if: always()` follow; the second
    /// time everything is killed and nothing follows.
    pub fn cancel(&self) {
        self.0.send_modify(|urgency| {
            *urgency = match urgency {
                Urgency::None => Urgency::Soon,
                Urgency::Soon | Urgency::Now => Urgency::Now,
            };
        });
    }

    /// Whether the run is to end early.
    pub fn is_cancelled(&self) -> bool {
        self.urgency() > Urgency::None
    }

    pub(super) fn urgency(&self) -> Urgency {
        *self.0.borrow()
    }

    /// Waits until it is more urgent than this, and tells how urgent.
    pub(super) async fn beyond(&self, known: Urgency) -> Urgency {
        let mut receiver = self.0.subscribe();
        let urgency = receiver.wait_for(|urgency| *urgency > known).await;
        *urgency.expect("internal error: this handle is a sender, so the channel is open")
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

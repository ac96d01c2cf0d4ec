//! What may end a process before its time, or pause it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::cancellation::{Cancellation, Urgency};
use super::group::Signal;
use super::signals::Signals;

/// What may end a process before its time.
#[derive(Default)]
pub(super) struct Limits {
    /// When it has taken too long.
    pub(super) deadline: Option<Instant>,
    /// Who may end it, and how urgent that was when it started.
    pub(super) cancellation: Option<(Cancellation, Urgency)>,
    /// How long it may take to end when it is told to.
    pub(super) grace: Duration,
    /// Signals to pass on.
    pub(super) signals: Option<Signals>,
    /// Who may pause it.
    pub(super) suspension: Option<watch::Receiver<bool>>,
}

impl Limits {
    /// Whether it has taken too long.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits until a reader of output isn't waited for any more: at once where the process `is_ended` by somebody.
    pub(super) async fn give_up(mut self, is_ended: bool) {
        if !is_ended {
            tokio::select! {
                () = until(self.deadline) => {}
                _ = cancelled(&mut self.cancellation) => {}
                _ = signalled(&mut self.signals) => {}
            }
        }
    }
}

/// Waits for an instant, or for ever.
pub(super) async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

/// Waits until the run pauses or goes on.
pub(super) async fn paused(suspension: &mut Option<watch::Receiver<bool>>) -> bool {
    match suspension {
        Some(suspension) => match suspension.changed().await {
            Ok(()) => *suspension.borrow_and_update(),
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Waits until the run is to end, or to end sooner than known.
pub(super) async fn cancelled(cancellation: &mut Option<(Cancellation, Urgency)>) -> Urgency {
    match cancellation {
        Some((cancellation, known)) => {
            *known = cancellation.beyond(*known).await;
            *known
        }
        None => std::future::pending().await,
    }
}

pub(super) async fn signalled(signals: &mut Option<Signals>) -> Signal {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

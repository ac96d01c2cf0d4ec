//! What all requests to one vault share: how many may be in flight, and until when none may be sent.

use std::num::NonZeroU16;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::error::FetchError;
use super::retry::back_off;

/// One vault's throttle.
pub(super) struct Throttle {
    permits: Semaphore,
    pause: Mutex<Pause>,
}

/// When requests may be sent again.
struct Pause {
    /// When the last pause began.
    since: Option<Instant>,
    until: Option<Instant>,
    /// Pauses in a row without a success between them.
    streak: u32,
}

/// The right to have one request in flight.
pub(super) struct Permit<'t> {
    _permit: SemaphorePermit<'t>,
    sent: Instant,
}

impl Throttle {
    /// A throttle that lets so many in at once.
    pub(super) fn new(concurrency: NonZeroU16) -> Self {
        Self {
            permits: Semaphore::new(usize::from(concurrency.get())),
            pause: Mutex::new(Pause { since: None, until: None, streak: 0 }),
        }
    }

    /// Waits for a pause to end and for a place. Nobody holds a place during a pause.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Permit<'_>, FetchError> {
        loop {
            if let Some(until) = self.paused() {
                if until >= deadline {
                    return Err(FetchError::Throttled);
                }
                tokio::time::sleep_until(until).await;
            }
            let permit = self.permits.acquire().await.expect("internal error: the semaphore is never closed");
            // Before the look at the pause, so that one that begins right after it counts as known.
            let sent = Instant::now();
            if self.paused().is_none() {
                return Ok(Permit { _permit: permit, sent });
            }
        }
    }

    /// Notes that the vault throttled a request, and pauses all of them.
    pub(super) fn throttled(&self, permit: &Permit<'_>, asked: Option<Duration>) {
        let mut pause = self.lock();
        let now = Instant::now();
        // Requests that were under way when the pause began say nothing new; only a longer wish counts.
        let known = pause.since.filter(|since| permit.sent <= *since);
        let until = match (known, asked) {
            (Some(since), Some(asked)) => since + asked,
            (Some(_), None) => return,
            (None, asked) => {
                pause.streak += 1;
                pause.since = Some(now);
                now + asked.unwrap_or_else(|| back_off(pause.streak))
            }
        };
        pause.until = pause.until.max(Some(until));
    }

    /// Notes that the vault answered as it should.
    pub(super) fn succeeded(&self) {
        self.lock().streak = 0;
    }

    fn paused(&self) -> Option<Instant> {
        self.lock().until.filter(|until| *until > Instant::now())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

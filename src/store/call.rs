//! One call for secrets: how long it has, and whom it tells what happens.

use std::time::Duration;

use tokio::time::Instant;

use super::event::{FetchEvent, FetchEvents};
use crate::trace;

/// What counts as no end: thirty years. Clocks and timers have room for it, which they may not for a longer time.
const ENDLESS: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The end of a time that may be as long as somebody says.
pub(crate) fn after(begin: Instant, time: Duration) -> Instant {
    begin + time.min(ENDLESS)
}

/// A call for secrets, of a run for example.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it began. A failure that won't heal by itself counts for all that began before it, and not for those who come
    /// when somebody may have mended it.
    pub begun: Instant,
    /// When it is over.
    pub deadline: Instant,
    events: Option<FetchEvents>,
}

impl Call {
    /// A call that begins now and is over at the deadline.
    pub fn until(deadline: Instant) -> Self {
        Self { begun: Instant::now(), deadline, events: None }
    }

    /// A call that begins now and is over after so long.
    pub fn within(timeout: Duration) -> Self {
        Self::until(after(Instant::now(), timeout))
    }

    /// The same, which tells what happens.
    #[must_use]
    pub fn telling(self, events: Option<FetchEvents>) -> Self {
        Self { events, ..self }
    }

    /// The same with less time.
    #[must_use]
    pub fn before(&self, deadline: Instant) -> Self {
        Self { deadline: self.deadline.min(deadline), ..self.clone() }
    }

    /// Tells of something, a request of a backend's own for example, if somebody wants to know.
    pub fn tell(&self, event: impl Fn() -> FetchEvent) {
        trace::event(&event);
        if let Some(events) = &self.events {
            events.tell(event());
        }
    }
}

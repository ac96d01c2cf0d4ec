//! Key Vault's own limit, kept before the vault has to: so many operations in any ten seconds.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// All operations on secrets but their creation, for each vault and region, as Microsoft documents.
const OPERATIONS: usize = 4_000;

/// The time in which they count.
const WINDOW: Duration = Duration::from_secs(10);

/// The operations of one vault that still count.
///
/// An operation reaches the vault at some time between its sending and its answer. It counts from the first, and until
/// ten seconds after the second, so that the vault never sees more, wherever its own window begins.
#[derive(Default)]
pub(super) struct Budget {
    under_way: usize,
    answered: VecDeque<Instant>,
}

impl Budget {
    /// Until when no operation may be sent.
    pub(super) fn closed(&mut self, now: Instant) -> Option<Instant> {
        while self.answered.front().is_some_and(|answered| *answered + WINDOW <= now) {
            self.answered.pop_front();
        }
        if self.under_way + self.answered.len() < OPERATIONS {
            return None;
        }
        // With all of them under way, the next answer opens it at the earliest.
        Some(self.answered.front().map_or(now + WINDOW, |first| *first + WINDOW))
    }

    /// An operation is sent.
    pub(super) fn send(&mut self) {
        self.under_way += 1;
    }

    /// An operation is over. One that the vault throttled doesn't count towards its limit.
    pub(super) fn done(&mut self, counts: bool) {
        self.under_way -= 1;
        if counts {
            self.answered.push_back(Instant::now());
        }
    }
}

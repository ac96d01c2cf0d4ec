//! A store's own limit, kept before the store has to: so many operations in a time.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::call::after;
use super::rate::Rate;

/// The operations of one store that still count.
///
/// An operation reaches the store at some time between its sending and its answer. It counts from the first, and until the
/// whole time after the second, so that the store never sees more, wherever its own window begins.
pub(super) struct Budget {
    rate: Option<Rate>,
    under_way: usize,
    answered: VecDeque<Instant>,
}

impl Budget {
    /// All of a rate; without one there is no limit.
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self { rate, under_way: 0, answered: VecDeque::new() }
    }

    /// Until when no operation may be sent.
    pub(super) fn closed(&mut self, now: Instant) -> Option<Instant> {
        let Rate { requests, window } = self.rate?;
        while self.answered.front().is_some_and(|answered| after(*answered, window) <= now) {
            self.answered.pop_front();
        }
        if self.under_way + self.answered.len() < requests {
            return None;
        }
        // With all of them under way, the next answer opens it at the earliest.
        Some(after(self.answered.front().copied().unwrap_or(now), window))
    }

    /// An operation is sent.
    pub(super) fn send(&mut self) {
        self.under_way += 1;
    }

    /// An operation is over. One that the store throttled doesn't count towards its limit.
    pub(super) fn done(&mut self, counts: bool) {
        self.under_way -= 1;
        if counts && self.rate.is_some() {
            self.answered.push_back(Instant::now());
        }
    }
}

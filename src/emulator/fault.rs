//! Faults on purpose.

use std::time::Duration;

use super::limit::Limit;

/// What goes wrong. Counts go down as requests come in; a request takes the first fault that is left, in the order
/// throttled, failed, dropped.
///
/// ```
/// use credflow::emulator::Faults;
///
/// let faults = Faults { throttled_gets: 3, retry_after: Some(1), ..Faults::default() };
/// assert_eq!(faults.failure_status, 503);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// How long every request takes at least.
    pub latency: Duration,
    /// How much longer a token request takes.
    pub token_latency: Duration,
    /// How much longer a GET of a secret takes.
    pub get_latency: Duration,
    /// So many of the next GETs of secrets are answered 429.
    pub throttled_gets: u32,
    /// So many of the next token requests are answered 429, in plain text as Entra ID does.
    pub throttled_tokens: u32,
    /// Retry-After of a 429 or a failure, in seconds. Key Vault's 429 was seen without one; Entra ID's with 60, which
    /// it has when this is nothing.
    pub retry_after: Option<u64>,
    /// So many of the next GETs of secrets are answered with [`failure_status`](Self::failure_status).
    pub failed_gets: u32,
    /// So many of the next token requests are answered with [`failure_status`](Self::failure_status).
    pub failed_tokens: u32,
    /// The status of a failure, 500 to 599; 503 by default, and instead of any other number.
    pub failure_status: u16,
    /// So many of the next GETs of secrets lose their connection before an answer.
    pub dropped_gets: u32,
    /// So many of the next token requests lose their connection before an answer.
    pub dropped_tokens: u32,
    /// The most requests that a vault takes in a while; those beyond are answered 429.
    pub limit: Option<Limit>,
    /// So many of the next pages of a list are empty and yet have a `nextLink`, as was recorded from the service.
    pub empty_pages: u32,
}

impl Default for Faults {
    /// Nothing goes wrong.
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            token_latency: Duration::ZERO,
            get_latency: Duration::ZERO,
            throttled_gets: 0,
            throttled_tokens: 0,
            retry_after: None,
            failed_gets: 0,
            failed_tokens: 0,
            failure_status: 503,
            dropped_gets: 0,
            dropped_tokens: 0,
            limit: None,
            empty_pages: 0,
        }
    }
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    /// 429, and its Retry-After.
    Throttled(Option<u64>),
    /// This status, and its Retry-After.
    Failed(u16, Option<u64>),
    Dropped,
}

impl Faults {
    /// Takes the fault that the next GET of a secret has.
    pub(super) fn next_get(&mut self) -> Fate {
        if take(&mut self.throttled_gets) {
            Fate::Throttled(self.retry_after)
        } else if take(&mut self.failed_gets) {
            self.failure()
        } else if take(&mut self.dropped_gets) {
            Fate::Dropped
        } else {
            Fate::Answered
        }
    }

    /// Takes the fault that the next token request has.
    pub(super) fn next_token(&mut self) -> Fate {
        if take(&mut self.throttled_tokens) {
            Fate::Throttled(self.retry_after)
        } else if take(&mut self.failed_tokens) {
            self.failure()
        } else if take(&mut self.dropped_tokens) {
            Fate::Dropped
        } else {
            Fate::Answered
        }
    }

    /// Whether the next page of a list is empty.
    pub(super) fn next_page(&mut self) -> bool {
        take(&mut self.empty_pages)
    }

    fn failure(&self) -> Fate {
        let status = if (500..600).contains(&self.failure_status) { self.failure_status } else { 503 };
        Fate::Failed(status, self.retry_after)
    }
}

fn take(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

//! Faults on purpose.

use std::time::Duration;

/// What goes wrong. Counts go down as requests come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// How long every request takes at least.
    pub latency: Duration,
    /// So many of the next GETs of secrets are answered 429.
    pub throttled_gets: u32,
    /// So many of the next token requests are answered 429, in plain text as Entra ID does.
    pub throttled_tokens: u32,
    /// Retry-After of a 429, in seconds; Key Vault was recorded without one.
    pub retry_after: Option<u64>,
    /// So many of the next GETs of secrets are answered 503.
    pub failed_gets: u32,
    /// So many of the next GETs of secrets lose their connection before an answer.
    pub dropped_gets: u32,
}

/// What becomes of one GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    Throttled(Option<u64>),
    Failed,
    Dropped,
}

impl Faults {
    /// Takes the fault that the next GET of a secret has.
    pub(super) fn next_get(&mut self) -> Fate {
        if take(&mut self.throttled_gets) {
            Fate::Throttled(self.retry_after)
        } else if take(&mut self.failed_gets) {
            Fate::Failed
        } else if take(&mut self.dropped_gets) {
            Fate::Dropped
        } else {
            Fate::Answered
        }
    }

    /// Whether the next token request is throttled.
    pub(super) fn next_token(&mut self) -> bool {
        take(&mut self.throttled_tokens)
    }
}

fn take(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

//! Key Vault's own throttle: so many requests in any while, for each vault.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The most requests that a vault takes in a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many requests.
    pub requests: usize,
    /// In any time as long as this.
    pub window: Duration,
}

impl Limit {
    /// Key Vault's, for everything but the creation of secrets (as Microsoft documents).
    pub const KEY_VAULT: Self = Self { requests: 4_000, window: Duration::from_secs(10) };

    /// How many secrets may be set in the same while, which Key Vault counts by themselves.
    pub const CREATES: usize = 300;
}

/// When a vault's latest requests came.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

impl Window {
    /// Takes a request, unless it is one too many. What is throttled doesn't count towards the limit.
    pub(super) fn admits(&mut self, limit: Limit) -> bool {
        let now = Instant::now();
        while self.0.front().is_some_and(|came| *came + limit.window <= now) {
            self.0.pop_front();
        }
        let admits = self.0.len() < limit.requests;
        if admits {
            self.0.push_back(now);
        }
        admits
    }
}

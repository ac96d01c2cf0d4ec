//! How many requests a store takes.

use std::time::Duration;

/// So many requests in any such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub requests: usize,
    /// In which time.
    pub window: Duration,
}

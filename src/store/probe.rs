//! Whether a store works: each thing that it takes on its own, without fetching a value.

use std::time::Duration;

use super::error::FetchError;

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// As it should.
    Fine,
    /// With this error.
    Failed(FetchError),
    /// It wasn't made, as one before it failed.
    Skipped,
}

/// What the checks of one store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Probe {
    /// The checks by their names, in the order in which they were made.
    pub checks: Vec<(&'static str, Check)>,
    /// By how many seconds the store's clock is ahead.
    pub clock_ahead: Option<i64>,
    /// How long the store takes to answer, on a connection that stands.
    pub latency: Option<Duration>,
    /// How long a token took.
    pub token_took: Option<Duration>,
}

impl Probe {
    /// These checks.
    pub fn of(checks: impl IntoIterator<Item = (&'static str, Check)>) -> Self {
        Self { checks: checks.into_iter().collect(), ..Self::default() }
    }

    /// The check of that name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|(other, _)| *other == name).map(|(_, check)| check)
    }
}

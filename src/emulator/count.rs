//! What was asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::vault::Vault;

/// Requests by kind, counted as they come in: also those that are refused, and those that faults cut short.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests for a token, throttled ones included.
    pub tokens: u64,
    /// GETs of secrets, by vault and secret (in lower case), that were not throttled.
    pub gets: BTreeMap<(String, String), u64>,
    /// GETs of secrets that were throttled.
    pub throttled: u64,
    /// The most requests that were in flight at once, by vault.
    pub peaks: BTreeMap<String, u64>,
}

impl Counts {
    /// All GETs of secrets that were not throttled.
    pub fn total(&self) -> u64 {
        self.gets.values().sum()
    }

    /// The GETs of a vault's secrets that were not throttled. Names are told apart without case.
    pub fn of_vault(&self, vault: &str) -> u64 {
        let counts = self.gets.iter().filter(|((name, _), _)| name.eq_ignore_ascii_case(vault));
        counts.map(|(_, count)| count).sum()
    }

    /// The GETs of one secret, all its versions together, that were not throttled.
    pub fn of_secret(&self, vault: &str, secret: &str) -> u64 {
        let key = (vault.to_ascii_lowercase(), secret.to_ascii_lowercase());
        self.gets.get(&key).copied().unwrap_or(0)
    }

    /// The most requests to a vault that were in flight at once.
    pub fn peak(&self, vault: &str) -> u64 {
        self.peaks.get(&vault.to_ascii_lowercase()).copied().unwrap_or(0)
    }
}

/// Counters that requests share.
#[derive(Debug)]
pub(super) struct Counters {
    tokens: AtomicU64,
    throttled: AtomicU64,
    gets: Mutex<BTreeMap<(usize, String), u64>>,
    flights: Vec<Flight>,
}

#[derive(Debug, Default)]
struct Flight {
    now: AtomicU64,
    peak: AtomicU64,
}

/// One request in flight.
pub(super) struct InFlight<'c>(&'c Flight);

impl Counters {
    pub(super) fn new(vaults: usize) -> Self {
        Self {
            tokens: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            gets: Mutex::default(),
            flights: (0..vaults).map(|_| Flight::default()).collect(),
        }
    }

    /// A token was asked for.
    pub(super) fn token(&self) {
        self.tokens.fetch_add(1, Ordering::Relaxed);
    }

    /// A GET of a secret was throttled.
    pub(super) fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// A secret was asked for.
    pub(super) fn get(&self, vault: usize, secret: &str) {
        let mut gets = self.gets.lock().unwrap_or_else(PoisonError::into_inner);
        *gets.entry((vault, secret.to_ascii_lowercase())).or_default() += 1;
    }

    /// A request to a vault is in flight until what this gives is dropped.
    pub(super) fn enter(&self, vault: usize) -> InFlight<'_> {
        let flight = &self.flights[vault];
        let now = flight.now.fetch_add(1, Ordering::Relaxed) + 1;
        flight.peak.fetch_max(now, Ordering::Relaxed);
        InFlight(flight)
    }

    pub(super) fn read(&self, vaults: &[Vault]) -> Counts {
        let gets = self.gets.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |vault: usize| vaults[vault].name().to_owned();
        let peaks = self.flights.iter().enumerate();
        Counts {
            tokens: self.tokens.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            gets: gets.iter().map(|((vault, secret), count)| ((name(*vault), secret.clone()), *count)).collect(),
            peaks: peaks.map(|(vault, flight)| (name(vault), flight.peak.load(Ordering::Relaxed))).collect(),
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

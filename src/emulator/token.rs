//! Tokens: opaque texts that the emulator remembers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a token is good for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) tenant: String,
    pub(super) client: String,
    pub(super) audience: String,
    end: Instant,
}

impl Grant {
    /// Whether its time is over.
    pub(super) fn has_expired(&self) -> bool {
        self.end <= Instant::now()
    }
}

/// The tokens given so far.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) lifetime: Duration,
    given: Mutex<HashMap<String, Grant>>,
}

impl Tokens {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, given: Mutex::default() }
    }

    /// Gives a token.
    pub(super) fn give(&self, tenant: &str, client: &str, audience: &str) -> String {
        let token = format!("emulated-{}{}", random(), random());
        let grant = Grant {
            tenant: tenant.to_owned(),
            client: client.to_owned(),
            audience: audience.to_owned(),
            end: Instant::now() + self.lifetime,
        };
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|_, grant| !grant.has_expired() || grant.end.elapsed() < Duration::from_secs(3600));
        given.insert(token.clone(), grant);
        token
    }

    /// What a token is good for, if it is one.
    pub(super) fn find(&self, token: &str) -> Option<Grant> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// 32 random hexadecimal digits.
pub(super) fn random() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A random id, as services put on their answers.
pub(super) fn guid() -> String {
    let digits = random();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

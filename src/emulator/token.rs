//! Tokens: opaque texts that the emulator remembers.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a token is remembered after its end, to be called expired and not unknown.
const MEMORY: Duration = Duration::from_secs(3600);

/// What a token is good for.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) tenant: String,
    pub(super) client: String,
    pub(super) audience: String,
    given: Instant,
    lifetime: Duration,
    ended: AtomicBool,
}

impl Grant {
    /// Whether its time is over.
    pub(super) fn has_expired(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.given.elapsed() >= self.lifetime
    }
}

/// The tokens given so far.
pub(super) struct Tokens {
    pub(super) lifetime: Duration,
    given: Mutex<HashMap<String, Arc<Grant>>>,
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
            given: Instant::now(),
            lifetime: self.lifetime,
            ended: AtomicBool::new(false),
        };
        let mut given = self.given();
        given.retain(|_, grant| grant.given.elapsed() < grant.lifetime.saturating_add(MEMORY));
        given.insert(token.clone(), Arc::new(grant));
        token
    }

    /// What a token is good for, if it is one.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Grant>> {
        self.given().get(token).map(Arc::clone)
    }

    /// Ends the time of every token given so far.
    pub(super) fn expire(&self) {
        self.given().values().for_each(|grant| grant.ended.store(true, Ordering::Relaxed));
    }

    fn given(&self) -> MutexGuard<'_, HashMap<String, Arc<Grant>>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many there are; a token is as good as a secret.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.given().len())
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

//! A token as it is given: by Entra ID, by a managed identity's endpoint, by the Azure CLI.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::secret::Secret;
use crate::store::error::FetchError;

/// The lifetime of a token whose answer doesn't tell.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(600);

/// A lifetime beyond a year is nonsense, and could overflow a clock.
const MAX_LIFETIME: u64 = 31_536_000;

const WRONG: FetchError = FetchError::Answer("it holds no token");

/// A token and how long it counts.
#[derive(Clone)]
pub struct Grant {
    /// The Authorization header that carries it, marked as sensitive so that nothing prints it.
    pub(in crate::store) header: HeaderValue,
    lifetime: Duration,
}

#[derive(Deserialize)]
struct Given<'b> {
    #[serde(borrow, alias = "accessToken")]
    access_token: &'b RawValue,
    #[serde(borrow)]
    expires_in: Option<&'b RawValue>,
    #[serde(borrow)]
    expires_on: Option<&'b RawValue>,
}

impl Grant {
    /// A token that counts for so long from now on.
    ///
    /// # Errors
    /// When it can't be a header's value.
    pub fn new(token: &Secret, lifetime: Duration) -> Result<Self, FetchError> {
        let bearer = Secret::concat(["Bearer ", token.expose()]);
        // The header takes the wiped memory over, where a copy of it would stay behind.
        let mut header = HeaderValue::from_maybe_shared(bearer.expose_shared()).map_err(|_| WRONG)?;
        header.set_sensitive(true);
        Ok(Self { header, lifetime: lifetime.min(Duration::from_secs(MAX_LIFETIME)) })
    }

    /// Reads an answer. Entra's v1 and managed identities write numbers as strings, v2 as integers; the Azure CLI calls
    /// the token `accessToken` and tells its end alone.
    ///
    /// # Errors
    /// When it holds no token. Nothing of the answer is in the error.
    pub fn parse(body: &[u8]) -> Result<Self, FetchError> {
        let given: Given<'_> = serde_json::from_slice(body).map_err(|_| WRONG)?;
        let token =
            Secret::from_json(given.access_token.get()).filter(|token| !token.expose().is_empty()).ok_or(WRONG)?;
        let until = |end: u64| end.saturating_sub(now());
        let seconds = given.expires_in.and_then(number).or_else(|| given.expires_on.and_then(number).map(until));
        let lifetime = seconds.map_or(UNKNOWN_LIFETIME, |seconds: u64| Duration::from_secs(seconds.min(MAX_LIFETIME)));
        Self::new(&token, lifetime)
    }

    /// How long it counts, from when it was asked for.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

/// Shows how long it counts, and nothing of the token.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// A number, also when it is written as a string.
pub(in crate::store) fn number<N: FromStr>(raw: &RawValue) -> Option<N> {
    raw.get().trim_matches('"').parse().ok()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

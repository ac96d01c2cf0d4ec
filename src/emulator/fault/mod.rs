//! Faults on purpose: each says what goes wrong, with which requests, and how often.

mod effect;
mod fate;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::limit::Limit;

pub(super) use effect::Effect;
pub use effect::Requests;
pub(super) use fate::{Fate, Faults, Request};

/// What goes wrong, with which requests, and how often.
///
/// A request meets the first fault of the list that is for it, beside all delays that are.
///
/// ```
/// use std::time::Duration;
/// use credflow::emulator::{Fault, Requests};
///
/// let faults = [
///     Fault::delayed(Duration::from_millis(20)),
///     Fault::throttled(Some(1)).times(3),
///     Fault::failed(503).on(Requests::Tokens).rate(0.1),
///     Fault::reset().of_vault("payments").of_secret("db-password"),
/// ];
/// assert_eq!(faults[1].to_string(), "throttled on gets, 3 times");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    #[serde(flatten)]
    pub(super) effect: Effect,
    on: Requests,
    #[serde(skip_serializing_if = "Option::is_none")]
    vault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

impl Fault {
    pub(super) fn new(effect: Effect) -> Self {
        Self { effect, on: effect.usual(), vault: None, secret: None, count: None, rate: None }
    }

    /// Every request takes so much longer.
    pub fn delayed(delay: Duration) -> Self {
        Self::new(Effect::Delayed { delay, jitter: Duration::ZERO })
    }

    /// Every request takes longer, at least by `delay` and by up to `jitter` more.
    pub fn jittered(delay: Duration, jitter: Duration) -> Self {
        Self::new(Effect::Delayed { delay, jitter })
    }

    /// GETs of secrets are answered 429, with `Retry-After` in seconds or without: Key Vault's was seen without.
    /// Entra ID's 429 is plain text, and has 60 when nothing is said, as was seen too.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        Self::new(Effect::Throttled { retry_after })
    }

    /// GETs of secrets are answered with a failure of the service: a status from 500 to 599, or 503 instead of any
    /// other.
    pub fn failed(status: u16) -> Self {
        Self::new(Effect::Failed { status: if (500..600).contains(&status) { status } else { 503 }, retry_after: None })
    }

    /// Each vault takes no more requests in a while; those beyond are answered 429. With [`Limit::KEY_VAULT`], secrets
    /// that are set are counted by themselves, up to [`Limit::CREATES`].
    pub fn limited(limit: Limit) -> Self {
        let Limit { requests, window } = limit;
        let creates = (limit == Limit::KEY_VAULT).then_some(Limit::CREATES);
        Self::new(Effect::Limited { requests, creates, window, retry_after: None })
    }

    /// GETs of secrets lose their connection before an answer.
    pub fn reset() -> Self {
        Self::new(Effect::Reset)
    }

    /// The answers to GETs of secrets end, with the connection, in the middle of the body.
    pub fn cut() -> Self {
        Self::new(Effect::Cut)
    }

    /// The bodies of the answers to GETs of secrets come at so many bytes a second; at least one.
    pub fn slow(bytes_per_second: u32) -> Self {
        Self::new(Effect::Slow { bytes_per_second: bytes_per_second.max(1) })
    }

    /// Vaults answer 403 `ForbiddenByFirewall`.
    pub fn firewall() -> Self {
        Self::new(Effect::Firewall)
    }

    /// Vaults answer 403 `ForbiddenByConnection`.
    pub fn private_link() -> Self {
        Self::new(Effect::PrivateLink)
    }

    /// Vaults answer 403 `ForbiddenByPolicy`.
    pub fn policy() -> Self {
        Self::new(Effect::Policy)
    }

    /// Pages of lists are empty and yet have a `nextLink`, as was recorded from the service.
    pub fn empty_page() -> Self {
        Self::new(Effect::EmptyPage)
    }

    /// The same with other requests.
    #[must_use]
    pub fn on(mut self, requests: Requests) -> Self {
        self.on = requests;
        self
    }

    /// The same with requests to that vault alone.
    #[must_use]
    pub fn of_vault(mut self, name: impl Into<String>) -> Self {
        self.vault = Some(name.into());
        self
    }

    /// The same with requests for secrets of that name alone; case doesn't tell names apart.
    #[must_use]
    pub fn of_secret(mut self, name: impl Into<String>) -> Self {
        self.secret = Some(name.into());
        self
    }

    /// The same with so many requests, and no more.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// The same with that share of the requests, from 0 to 1, by chance.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// The same with that `Retry-After`, in seconds, on what is throttled, failed or limited.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let Effect::Throttled { retry_after }
        | Effect::Failed { retry_after, .. }
        | Effect::Limited { retry_after, .. } = &mut self.effect
        {
            *retry_after = Some(seconds);
        }
        self
    }

    /// How many requests it still meets; nothing for one without end.
    pub fn left(&self) -> Option<u32> {
        self.count
    }

    fn meets(&self, request: &Request<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        self.on.covers(request.kind)
            && is(&self.vault, request.vault.map(|(_, vault)| vault))
            && is(&self.secret, request.secret)
            && self.count != Some(0)
            // One empty page before each that isn't, or a list would never end.
            && !(request.follows_empty_page && self.effect == Effect::EmptyPage)
    }
}

/// What it is, with which requests and how often, for people.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.effect.name(), self.on.name())?;
        match (&self.vault, &self.secret) {
            (Some(vault), Some(secret)) => write!(f, " of {vault}/{secret}")?,
            (Some(name), None) | (None, Some(name)) => write!(f, " of {name}")?,
            (None, None) => {}
        }
        if let Some(rate) = self.rate {
            write!(f, ", a share of {rate}")?;
        }
        self.count.map_or(Ok(()), |count| write!(f, ", {count} times"))
    }
}

//! Faults on purpose: each says what goes wrong, with which requests, and how often.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::limit::{Limit, Window};

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

/// Kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requests {
    /// Every one.
    All,
    /// Those for a token, of whichever endpoint.
    Tokens,
    /// Every one to a vault.
    Vaults,
    /// GETs of secrets.
    Gets,
    /// GETs of lists, and of deleted secrets.
    Lists,
    /// Those that change a vault, and backups.
    Writes,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum Effect {
    Delayed {
        #[serde(serialize_with = "seconds")]
        delay: Duration,
        #[serde(serialize_with = "seconds")]
        jitter: Duration,
    },
    Throttled {
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Failed {
        status: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Limited {
        requests: usize,
        #[serde(serialize_with = "seconds")]
        window: Duration,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    Reset,
    Cut,
    Slow {
        bytes_per_second: u32,
    },
    Firewall,
    PrivateLink,
    EmptyPage,
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Effect {
    /// The requests that it meets when nothing else is said.
    fn usual(self) -> Requests {
        match self {
            Self::Delayed { .. } => Requests::All,
            Self::Limited { .. } | Self::Firewall | Self::PrivateLink => Requests::Vaults,
            Self::EmptyPage => Requests::Lists,
            Self::Throttled { .. } | Self::Failed { .. } | Self::Reset | Self::Cut | Self::Slow { .. } => {
                Requests::Gets
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Delayed { .. } => "delayed",
            Self::Throttled { .. } => "throttled",
            Self::Failed { .. } => "failed",
            Self::Limited { .. } => "limited",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Slow { .. } => "slow",
            Self::Firewall => "firewall",
            Self::PrivateLink => "private-link",
            Self::EmptyPage => "empty-page",
        }
    }
}

impl Requests {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tokens => "tokens",
            Self::Vaults => "vaults",
            Self::Gets => "gets",
            Self::Lists => "lists",
            Self::Writes => "writes",
        }
    }

    /// Whether a request of that kind is one of these.
    fn covers(self, kind: Self) -> bool {
        match self {
            Self::All => true,
            Self::Vaults => kind != Self::Tokens,
            one => one == kind,
        }
    }
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

    /// Each vault takes no more requests in a while; those beyond are answered 429.
    pub fn limited(limit: Limit) -> Self {
        Self::new(Effect::Limited { requests: limit.requests, window: limit.window, retry_after: None })
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
            && is(&self.vault, request.vault.map(|(_, name)| name))
            && is(&self.secret, request.secret)
            && self.count != Some(0)
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

/// A request, as far as faults tell them apart.
pub(super) struct Request<'r> {
    pub(super) kind: Requests,
    /// The vault's place among the vaults, and its name.
    pub(super) vault: Option<(usize, &'r str)>,
    pub(super) secret: Option<&'r str>,
}

/// What becomes of one request: how long it takes, and what goes wrong then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fate {
    pub(super) delay: Duration,
    pub(super) effect: Option<Effect>,
}

/// The faults of a running emulator.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Running>);

#[derive(Debug)]
struct Running {
    fault: Fault,
    /// The requests of each vault that a limit counts.
    windows: HashMap<usize, Window>,
}

impl Faults {
    /// Adds one, the last of the list.
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(Running { fault, windows: HashMap::new() });
    }

    /// Those that still meet requests.
    pub(super) fn left(&self) -> Vec<Fault> {
        self.0.iter().map(|running| running.fault.clone()).filter(|fault| fault.count != Some(0)).collect()
    }

    /// Takes what becomes of a request.
    pub(super) fn fate(&mut self, request: &Request<'_>) -> Fate {
        let mut fate = Fate { delay: Duration::ZERO, effect: None };
        for Running { fault, windows } in &mut self.0 {
            let is_delay = matches!(fault.effect, Effect::Delayed { .. });
            if (fate.effect.is_some() && !is_delay) || !fault.meets(request) {
                continue;
            }
            if fault.rate.is_some_and(|rate| fastrand::f64() >= rate) {
                continue;
            }
            match fault.effect {
                Effect::Delayed { delay, jitter } => fate.delay += delay + jitter.mul_f64(fastrand::f64()),
                Effect::Limited { requests, window, retry_after } => {
                    let Some((vault, _)) = request.vault else { continue };
                    if windows.entry(vault).or_default().admits(Limit { requests, window }) {
                        continue;
                    }
                    fate.effect = Some(Effect::Throttled { retry_after });
                }
                effect => fate.effect = Some(effect),
            }
            fault.count = fault.count.map(|count| count - 1);
        }
        fate
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut all = Self::default();
        faults.into_iter().for_each(|fault| all.add(fault));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Request<'_> = Request { kind: Requests::Gets, vault: Some((0, "payments")), secret: Some("db") };
    const TOKEN: Request<'_> = Request { kind: Requests::Tokens, vault: None, secret: None };

    fn effects(faults: &mut Faults, request: &Request<'_>, count: usize) -> Vec<Option<&'static str>> {
        (0..count).map(|_| faults.fate(request).effect.map(Effect::name)).collect()
    }

    #[test]
    fn the_first_fault_that_is_for_a_request_meets_it() {
        let list = [Fault::throttled(None).times(1), Fault::failed(500).times(2), Fault::reset().on(Requests::Tokens)];
        let mut faults: Faults = list.into_iter().collect();
        assert_eq!(effects(&mut faults, &GET, 4), [Some("throttled"), Some("failed"), Some("failed"), None]);
        assert_eq!(effects(&mut faults, &TOKEN, 2), [Some("reset"); 2]);
        assert_eq!(faults.left().len(), 1);
    }

    #[test]
    fn faults_are_by_vault_and_secret() {
        for (fault, meets) in [
            (Fault::cut().of_vault("PAYMENTS"), true),
            (Fault::cut().of_vault("shared"), false),
            (Fault::cut().of_secret("DB"), true),
            (Fault::cut().of_secret("other"), false),
            (Fault::cut().on(Requests::Vaults), true),
            (Fault::cut().on(Requests::Writes), false),
            (Fault::cut().rate(0.0), false),
            (Fault::cut().rate(1.0), true),
        ] {
            let text = fault.to_string();
            let mut faults: Faults = [fault].into_iter().collect();
            assert_eq!(faults.fate(&GET).effect.is_some(), meets, "{text}");
            assert_eq!(faults.fate(&TOKEN).effect, None, "{text}");
        }
    }

    #[test]
    fn delays_add_up_beside_the_rest() {
        let (one, two) = (Duration::from_secs(1), Duration::from_secs(2));
        let list = [Fault::delayed(one), Fault::reset(), Fault::jittered(one, one), Fault::delayed(two).times(1)];
        let mut faults: Faults = list.into_iter().collect();
        let fate = faults.fate(&GET);
        assert!(fate.effect == Some(Effect::Reset) && (4 * one..=5 * one).contains(&fate.delay), "{fate:?}");
        assert!((2 * one..=3 * one).contains(&faults.fate(&TOKEN).delay));
    }

    #[test]
    fn a_limit_is_each_vaults_own() {
        let limit = Limit { requests: 2, window: Duration::from_secs(60) };
        let mut faults: Faults = [Fault::limited(limit).retry_after(5)].into_iter().collect();
        assert_eq!(effects(&mut faults, &GET, 3), [None, None, Some("throttled")]);
        let other = Request { vault: Some((1, "shared")), ..GET };
        assert_eq!(effects(&mut faults, &other, 1), [None]);
        assert_eq!(faults.fate(&GET).effect, Some(Effect::Throttled { retry_after: Some(5) }));
    }
}

//! Whether a store works: each thing that it takes on its own, without fetching a value.

use std::time::Duration;

use tokio::time::Instant;

use super::error::{FetchError, Unreachable};
use super::vault::{Vault, nobody};
use crate::config::DEFAULT_API_VERSION;

/// A clock that is further off than this makes certificates and assertions fail, in seconds (the leniency of Entra ID).
const CLOCK_TOLERANCE: u64 = 300;

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// As it should.
    Fine,
    /// With this error.
    Failed(FetchError),
    /// It wasn't made, as one before it failed.
    Skipped,
}

/// What the checks of one store found.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The vault's name has an address.
    pub dns: Check,
    /// A connection stands, and the certificate is trusted.
    pub tls: Check,
    /// A token is given.
    pub token: Check,
    /// The vault lets the identity read secrets.
    pub permission: Check,
    /// The vault takes the `api-version`.
    pub api_version: Check,
    /// This machine's clock is right, by the vault's.
    pub clock: Check,
    /// By how many seconds the vault's clock is ahead.
    pub clock_ahead: Option<i64>,
    /// How long the vault takes to answer, on a connection that stands.
    pub latency: Option<Duration>,
    /// How long the token took.
    pub token_took: Option<Duration>,
}

impl Probe {
    /// Nothing was checked yet.
    fn none() -> Self {
        Self {
            dns: Check::Skipped,
            tls: Check::Skipped,
            token: Check::Skipped,
            permission: Check::Skipped,
            api_version: Check::Skipped,
            clock: Check::Skipped,
            clock_ahead: None,
            latency: None,
            token_took: None,
        }
    }

    /// What is known of a store that can't be opened.
    pub fn unopened(error: FetchError) -> Self {
        let mut probe = Self::none();
        let of_connection = matches!(error, FetchError::CaFile(..) | FetchError::PlainHttp(_));
        *if of_connection { &mut probe.tls } else { &mut probe.token } = Check::Failed(error);
        probe
    }

    /// The checks by their names, in the order in which they were made.
    pub fn checks(&self) -> [(&'static str, &Check); 6] {
        [
            ("dns", &self.dns),
            ("tls", &self.tls),
            ("token", &self.token),
            ("permission", &self.permission),
            ("api-version", &self.api_version),
            ("clock", &self.clock),
        ]
    }
}

impl Vault {
    /// Makes the checks. Permission is proved by asking for a secret that isn't there: a vault looks at permissions
    /// first, so that "not found" is the good answer.
    pub async fn probe(&self, deadline: Instant) -> Probe {
        let mut probe = Probe::none();
        let checks = self.checks(&mut probe, deadline);
        // What the time ends in the middle of a check stays as the check left it.
        let ended = tokio::time::timeout_at(deadline, checks).await;
        if ended.is_err() {
            let late = [&mut probe.dns, &mut probe.tls, &mut probe.token, &mut probe.permission];
            if let Some(check) = late.into_iter().find(|check| **check == Check::Skipped) {
                *check = Check::Failed(FetchError::Deadline);
            }
        }
        probe
    }

    async fn checks(&self, probe: &mut Probe, deadline: Instant) {
        let answer = match self.greet(deadline).await {
            Ok(answer) => answer,
            Err(error) => {
                if matches!(error, FetchError::Unreachable { why: Unreachable::Dns, .. }) {
                    probe.dns = Check::Failed(error);
                } else {
                    probe.dns = Check::Fine;
                    probe.tls = Check::Failed(error);
                }
                return;
            }
        };
        (probe.dns, probe.tls) = (Check::Fine, Check::Fine);
        probe.clock_ahead = answer.clock_ahead();
        if let Some(ahead) = probe.clock_ahead {
            let is_off = ahead.unsigned_abs() > CLOCK_TOLERANCE;
            probe.clock = if is_off { Check::Failed(FetchError::Clock(ahead)) } else { Check::Fine };
        }
        let begun = Instant::now();
        if let Err(error) = self.token(deadline).await {
            probe.token = Check::Failed(error);
            return;
        }
        probe.token = Check::Fine;
        probe.token_took = Some(begun.elapsed());
        let begun = Instant::now();
        let asked = self.fetch(&nobody(), None, deadline).await;
        probe.latency = Some(begun.elapsed());
        match asked {
            Ok(_) | Err(FetchError::NotFound) => (probe.permission, probe.api_version) = (Check::Fine, Check::Fine),
            Err(error @ FetchError::BadRequest(_)) => self.doubt_version(probe, error, deadline).await,
            Err(error) => probe.permission = Check::Failed(error),
        }
    }

    /// A request was refused: by its `api-version`, if another one is taken.
    async fn doubt_version(&self, probe: &mut Probe, error: FetchError, deadline: Instant) {
        if self.store().api_version == DEFAULT_API_VERSION {
            probe.permission = Check::Failed(error);
            return;
        }
        match self.with_version(DEFAULT_API_VERSION).fetch(&nobody(), None, deadline).await {
            Ok(_) | Err(FetchError::NotFound) => {
                (probe.permission, probe.api_version) = (Check::Fine, Check::Failed(error));
            }
            Err(FetchError::BadRequest(_)) => probe.permission = Check::Failed(error),
            Err(other) => (probe.permission, probe.api_version) = (Check::Failed(other), Check::Failed(error)),
        }
    }
}

//! Whether a vault works: each thing that it takes on its own, without fetching a value.

use std::time::Duration;

use tokio::time::Instant;

use super::http::Answer;
use super::vault::{Vault, nobody};
use crate::config::DEFAULT_API_VERSION;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::fetched::Fetched;
use crate::store::probe::{Check, Probe};
use crate::store::provider::{Backend as _, BoxFuture, Probing};
use crate::store::tries::Tries;
use crate::store::unreachable::Unreachable;

/// A clock that is further off than this makes certificates and assertions fail, in seconds (the leniency of Entra ID).
const CLOCK_TOLERANCE: u64 = 300;

/// How long a vault may take to answer well, where there is so much time.
const GREETING_TIME: Duration = Duration::from_secs(20);

/// What the checks of one vault found so far.
pub(super) struct Checks {
    /// The vault's name has an address.
    dns: Check,
    /// A connection stands, and the certificate is trusted.
    tls: Check,
    /// A Key Vault answers, and has time to.
    answer: Check,
    /// A token is given.
    token: Check,
    /// The vault lets the identity read secrets.
    permission: Check,
    /// The vault takes the `api-version`.
    api_version: Check,
    /// This machine's clock is right, by the vault's.
    clock: Check,
    /// By how many seconds the vault's clock is ahead.
    clock_ahead: Option<i64>,
    /// How long the vault takes to answer, on a connection that stands.
    latency: Option<Duration>,
    /// How long the token took.
    token_took: Option<Duration>,
}

impl Checks {
    /// Nothing was checked yet.
    fn none() -> Self {
        Self {
            dns: Check::Skipped,
            tls: Check::Skipped,
            answer: Check::Skipped,
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
    pub(super) fn unopened(error: FetchError) -> Self {
        let mut probe = Self::none();
        let of_connection =
            matches!(error, FetchError::CaFile(..) | FetchError::SystemAuthorities(_) | FetchError::PlainHttp(_));
        *if of_connection { &mut probe.tls } else { &mut probe.token } = Check::Failed(error);
        probe
    }

    /// All of them, in the order in which they are made.
    pub(super) fn into_probe(self) -> Probe {
        let checks = [
            ("dns", self.dns),
            ("tls", self.tls),
            ("answer", self.answer),
            ("token", self.token),
            ("permission", self.permission),
            ("api-version", self.api_version),
            ("clock", self.clock),
        ];
        let (clock_ahead, latency, token_took) = (self.clock_ahead, self.latency, self.token_took);
        Probe { clock_ahead, latency, token_took, ..Probe::of(checks) }
    }
}

impl Probing for Vault {
    fn probe<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Probe> {
        Box::pin(async {
            let mut probe = Checks::none();
            let checks = self.checks(&mut probe, call);
            // What the time ends in the middle of a check stays as the check left it.
            let ended = tokio::time::timeout_at(call.deadline, checks).await;
            if ended.is_err() {
                if probe.token == Check::Skipped {
                    probe.token = Check::Failed(self.shared.tokens.late());
                } else if probe.permission == Check::Skipped {
                    let late = FetchError::Deadline { host: self.host.to_string(), what: "a secret" };
                    probe.answer = Check::Failed(late);
                }
            }
            probe.into_probe()
        })
    }
}

impl Vault {
    /// Makes the checks. Permission is proved by asking for a secret that isn't there: a vault looks at permissions
    /// first, so that "not found" is the good answer.
    async fn checks(&self, probe: &mut Checks, call: &Call) {
        if let Some(answer) = self.greeting(probe, call).await {
            probe.clock_ahead = answer.clock_ahead();
            if let Some(ahead) = probe.clock_ahead {
                let is_off = ahead.unsigned_abs() > CLOCK_TOLERANCE;
                probe.clock = if is_off { Check::Failed(FetchError::Clock(ahead)) } else { Check::Fine };
            }
        }
        if probe.answer != Check::Fine {
            // No token is asked for; what is wrong with it on this machine is told all the same.
            if let Err(error) = self.shared.tokens.source().is_there().await {
                probe.token = Check::Failed(error);
            }
            return;
        }
        let begun = Instant::now();
        if let Err(error) = self.token(call).await {
            probe.token = Check::Failed(error);
            return;
        }
        probe.token = Check::Fine;
        probe.token_took = Some(begun.elapsed());
        let begun = Instant::now();
        let asked = self.ask_for_nobody(call).await;
        probe.latency = Some(begun.elapsed());
        match asked {
            Ok(_) | Err(FetchError::NotFound) => (probe.permission, probe.api_version) = (Check::Fine, Check::Fine),
            Err(error @ FetchError::BadRequest(_)) => self.doubt_version(probe, error, call).await,
            Err(error) if is_of_answer(&error) => probe.answer = Check::Failed(error),
            Err(error) => probe.permission = Check::Failed(error),
        }
    }

    /// Asks for a secret that isn't there, as secrets are asked for.
    async fn ask_for_nobody(&self, call: &Call) -> Result<Fetched, FetchError> {
        let nobody = nobody();
        let tries = Tries { throttle: &self.shared.throttle, host: &self.host, what: "a secret", call };
        let asked = tries.run(|| self.ready(call), || self.fetch(&nobody, None, call)).await;
        asked.map_err(|error| self.explain(error))
    }

    /// Asks without a token. What is known of the name, the connection and who answers is in the checks afterwards.
    async fn greeting(&self, probe: &mut Checks, call: &Call) -> Option<Answer> {
        let call = call.before(Instant::now() + GREETING_TIME);
        let mut last = None;
        let greeted = tokio::time::timeout_at(call.deadline, self.greet(&call, &mut last)).await;
        let error = match greeted.unwrap_or_else(|_| Err(last.unwrap_or_else(|| self.late()))) {
            Ok(answer) => {
                (probe.dns, probe.tls) = (Check::Fine, Check::Fine);
                probe.answer = match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
                    FetchError::TokenRejected if answer.challenge().is_none() => {
                        Check::Failed(FetchError::NotAVault("it does not say which token it takes"))
                    }
                    error @ FetchError::NotAVault(_) => Check::Failed(error),
                    _ => Check::Fine,
                };
                return Some(answer);
            }
            Err(error) => error,
        };
        match error {
            FetchError::Unreachable { why: Unreachable::Dns | Unreachable::NameService, .. } => {
                probe.dns = Check::Failed(error);
            }
            FetchError::Unreachable { why: Unreachable::Reset | Unreachable::Timeout, .. } => {
                (probe.dns, probe.tls, probe.answer) = (Check::Fine, Check::Fine, Check::Failed(error));
            }
            FetchError::Unreachable { .. } => (probe.dns, probe.tls) = (Check::Fine, Check::Failed(error)),
            // Nothing came about in the time that there was.
            FetchError::Deadline { .. } => probe.answer = Check::Failed(error),
            error => (probe.dns, probe.tls, probe.answer) = (Check::Fine, Check::Fine, Check::Failed(error)),
        }
        None
    }

    /// A request was refused: by its `api-version`, if another one is taken.
    async fn doubt_version(&self, probe: &mut Checks, error: FetchError, call: &Call) {
        if self.properties.api_version == DEFAULT_API_VERSION {
            probe.permission = Check::Failed(error);
            return;
        }
        match self.with_version(DEFAULT_API_VERSION).ask_for_nobody(call).await {
            Ok(_) | Err(FetchError::NotFound) => {
                (probe.permission, probe.api_version) = (Check::Fine, Check::Failed(error));
            }
            Err(FetchError::BadRequest(_)) => probe.permission = Check::Failed(error),
            Err(other) if is_of_answer(&other) => probe.answer = Check::Failed(other),
            Err(other) => (probe.permission, probe.api_version) = (Check::Failed(other), Check::Failed(error)),
        }
    }
}

/// Whether it is about who answers and how well, and not about whom it lets in.
fn is_of_answer(error: &FetchError) -> bool {
    matches!(error, FetchError::NotAVault(_) | FetchError::Answer(_)) || error.is_transient()
}

//! Whether a store works: each thing that it takes on its own, without fetching a value.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::Answer;
use super::vault::{Task, Vault, nobody};
use crate::config::{DEFAULT_API_VERSION, Store};
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::pool::Pool;
use crate::store::unreachable::Unreachable;

/// A clock that is further off than this makes certificates and assertions fail, in seconds (the leniency of Entra ID).
const CLOCK_TOLERANCE: u64 = 300;

/// How long one request may take, at most: whoever waits for it is a person.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// How long a vault may take to answer well, where there is so much time.
const GREETING_TIME: Duration = Duration::from_secs(20);

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
    /// A Key Vault answers, and has time to.
    pub answer: Check,
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

/// Checks stores side by side, within that time. What was found comes in their order.
pub async fn probe(stores: &[Store], timeout: Duration) -> Vec<Probe> {
    let deadline = Instant::now() + timeout;
    // A request that is late says more than a time that is over.
    let time = REQUEST_TIME.min(timeout / 3);
    let stores: Vec<Store> = stores
        .iter()
        .map(|store| Store { request_timeout: store.request_timeout.min(time), ..store.clone() })
        .collect();
    let pool = Pool::new();
    let call = Call::until(deadline);
    let mut tasks = JoinSet::new();
    for (index, store) in stores.into_iter().enumerate() {
        let (pool, call) = (pool.clone(), call.clone());
        tasks.spawn(async move {
            let probe = match pool.open(&store, &call).await {
                Ok(vault) => vault.probe(&call).await,
                Err(error) => Probe::unopened(error),
            };
            (index, probe)
        });
    }
    let mut found = tasks.join_all().await;
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, probe)| probe).collect()
}

impl Probe {
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
    fn unopened(error: FetchError) -> Self {
        let mut probe = Self::none();
        let of_connection =
            matches!(error, FetchError::CaFile(..) | FetchError::SystemAuthorities(_) | FetchError::PlainHttp(_));
        *if of_connection { &mut probe.tls } else { &mut probe.token } = Check::Failed(error);
        probe
    }

    /// The checks by their names, in the order in which they were made.
    pub fn checks(&self) -> [(&'static str, &Check); 7] {
        [
            ("dns", &self.dns),
            ("tls", &self.tls),
            ("answer", &self.answer),
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
    async fn probe(&self, call: &Call) -> Probe {
        let mut probe = Probe::none();
        let checks = self.checks(&mut probe, call);
        // What the time ends in the middle of a check stays as the check left it.
        let ended = tokio::time::timeout_at(call.deadline, checks).await;
        if ended.is_err() {
            if probe.token == Check::Skipped {
                probe.token = Check::Failed(self.source().late());
            } else if probe.permission == Check::Skipped {
                probe.answer = Check::Failed(self.late(Task::Secret));
            }
        }
        probe
    }

    async fn checks(&self, probe: &mut Probe, call: &Call) {
        if let Some(answer) = self.greeting(probe, call).await {
            probe.clock_ahead = answer.clock_ahead();
            if let Some(ahead) = probe.clock_ahead {
                let is_off = ahead.unsigned_abs() > CLOCK_TOLERANCE;
                probe.clock = if is_off { Check::Failed(FetchError::Clock(ahead)) } else { Check::Fine };
            }
        }
        if probe.answer != Check::Fine {
            // No token is asked for; what is wrong with it on this machine is told all the same.
            if let Err(error) = self.source().is_there().await {
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
        let asked = self.fetch(&nobody(), None, call).await;
        probe.latency = Some(begun.elapsed());
        match asked {
            Ok(_) | Err(FetchError::NotFound) => (probe.permission, probe.api_version) = (Check::Fine, Check::Fine),
            Err(error @ FetchError::BadRequest(_)) => self.doubt_version(probe, error, call).await,
            Err(error) if is_of_answer(&error) => probe.answer = Check::Failed(error),
            Err(error) => probe.permission = Check::Failed(error),
        }
    }

    /// Asks without a token. What is known of the name, the connection and who answers is in the checks afterwards.
    async fn greeting(&self, probe: &mut Probe, call: &Call) -> Option<Answer> {
        let call = call.before(Instant::now() + GREETING_TIME);
        let mut last = None;
        let greeted = tokio::time::timeout_at(call.deadline, self.greet(&call, &mut last)).await;
        let error = match greeted.unwrap_or_else(|_| Err(last.unwrap_or_else(|| self.late(Task::Challenge)))) {
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
    async fn doubt_version(&self, probe: &mut Probe, error: FetchError, call: &Call) {
        if self.store().api_version == DEFAULT_API_VERSION {
            probe.permission = Check::Failed(error);
            return;
        }
        match self.with_version(DEFAULT_API_VERSION).fetch(&nobody(), None, call).await {
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
    let is_late = matches!(error, FetchError::Deadline { .. } | FetchError::NotAVault(_) | FetchError::Answer(_));
    is_late || error.is_transient()
}

//! Key Vault's `GET /secrets/{name}/{version}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::answer::bundle::Fetched;
use super::http::{Answer, Caller, Exchange};
use super::identity::Source;
use super::target::{Learnt, Target};
use super::token::{Token, Tokens};
use crate::config::Store;
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::{Asked, FetchEvent};
use crate::store::retry::{Failed, Retry};
use crate::store::throttle::Throttle;
use crate::store::unreachable::Unreachable;

/// An open store.
pub struct Vault {
    store: Store,
    host: Arc<str>,
    client: Caller,
    tokens: Arc<Tokens>,
    throttle: Arc<Throttle>,
    target: Mutex<Learnt>,
    /// The generation of the last token that the vault took; 0 without one.
    accepted: AtomicU64,
}

/// How far a fetch is.
#[derive(Default)]
struct Course {
    task: Task,
    /// Why the last request failed.
    last: Option<FetchError>,
}

/// What somebody is asked for.
#[derive(Clone, Copy, Default)]
pub(in crate::store) enum Task {
    #[default]
    Challenge,
    Token,
    Secret,
}

impl Vault {
    pub(in crate::store) fn new(store: &Store, client: Caller, tokens: Arc<Tokens>, throttle: Arc<Throttle>) -> Self {
        Self {
            store: store.clone(),
            host: store.host().into(),
            client,
            tokens,
            throttle,
            target: Mutex::default(),
            accepted: AtomicU64::new(0),
        }
    }

    /// Fetches one secret, the latest version of it without one. It is over when the call is.
    ///
    /// # Errors
    /// What won't heal, at once; what may heal, when tries or time are used up.
    pub async fn fetch(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<Fetched, FetchError> {
        let mut course = Course::default();
        let tries = self.tries(name, version, call, &mut course);
        match tokio::time::timeout_at(call.deadline, tries).await {
            Ok(result) => result,
            Err(_) => Err(course.last.unwrap_or_else(|| self.late(course.task))),
        }
    }

    /// That there was no time left, and who was asked for what.
    pub(in crate::store) fn late(&self, task: Task) -> FetchError {
        match task {
            Task::Token => self.tokens.source().late(),
            Task::Challenge => FetchError::Deadline { host: self.host.to_string(), what: "its tenant and resource" },
            Task::Secret => FetchError::Deadline { host: self.host.to_string(), what: "a secret" },
        }
    }

    /// The tokens that count, of all who share its identity.
    pub(crate) fn tokens(&self) -> Vec<Secret> {
        self.tokens.given()
    }

    /// Has a token, fetching it if need be.
    pub(in crate::store) async fn token(&self, call: &Call) -> Result<Token, FetchError> {
        let target = self.target(call).await?;
        self.tokens.get(&target, call).await
    }

    async fn tries(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
        course: &mut Course,
    ) -> Result<Fetched, FetchError> {
        let url = self.address(name, version);
        let target = self.target(call).await?;
        let mut retry = Retry::of(call, &self.host);
        let mut renewed = false;
        loop {
            // Whoever can't have a token hears of it before the queue for a place.
            course.task = Task::Token;
            self.tokens.get(&target, call).await?;
            course.task = Task::Secret;
            let permit = self.throttle.enter(call.deadline).await;
            let mut permit =
                permit.map_err(|why| course.last.take().or(why).unwrap_or_else(|| self.late(Task::Secret)))?;
            // In the queue the token may have grown old, or been refused.
            course.task = Task::Token;
            let token = self.tokens.get(&target, call).await?;
            course.task = Task::Secret;
            let failed = match self.request(&url, &token, &target, version, call).await {
                Ok(fetched) => {
                    permit.succeeded();
                    self.accepted.fetch_max(token.generation, Ordering::Relaxed);
                    return Ok(fetched);
                }
                Err(failed) => failed,
            };
            match &failed.error {
                FetchError::TokenRejected if !renewed && self.may_have_ended(&token) => {
                    self.tokens.refused(&target, &token);
                    renewed = true;
                }
                error if error.is_of_load() => {
                    let pause = permit.throttled(failed.asked, error);
                    call.tell(|| FetchEvent::Throttled { host: Arc::clone(&self.host), pause });
                    course.last = Some(failed.error);
                }
                _ => {
                    drop(permit);
                    course.last = Some(failed.error.clone());
                    retry.after(failed).await.map_err(|error| self.meant(error))?;
                }
            }
        }
    }

    /// With a token that Entra ID gave, names have addresses; where the vault's has none, there is no such vault.
    fn meant(&self, error: FetchError) -> FetchError {
        match error {
            FetchError::Unreachable { host, why: Unreachable::Dns } if self.tokens.source().is_remote() => {
                FetchError::UnknownVault(host)
            }
            error => error,
        }
    }

    /// Whether another token may help: one that counted may have been revoked, or have ended on the way. One that is
    /// fresh and was never taken is refused for what it is, as the next one would be.
    fn may_have_ended(&self, token: &Token) -> bool {
        token.generation <= self.accepted.load(Ordering::Relaxed) || !token.is_fresh()
    }

    fn address(&self, name: &SecretName, version: Option<SecretVersion>) -> Url {
        let version = version.map_or_else(String::new, |version| version.to_string());
        let mut url = self.store.vault_url.clone();
        url.set_path(&format!("secrets/{name}/{version}"));
        url.query_pairs_mut().append_pair("api-version", &self.store.api_version);
        url
    }

    async fn request(
        &self,
        url: &Url,
        token: &Token,
        target: &Target,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<Fetched, Failed> {
        let answer = self.ask(url, Some(token), call).await?;
        if answer.status == 200 {
            let fetched = Fetched::parse(answer.body.as_bytes())?;
            if version.is_some_and(|version| version != fetched.version) {
                return Err(FetchError::Answer("it is another version than the one asked for").into());
            }
            return Ok(fetched);
        }
        let error = match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
            FetchError::TokenRejected => answer.challenge().map_or(FetchError::TokenRejected, |it| target.differs(it)),
            error => error,
        };
        Err(Failed { error, asked: answer.asked() })
    }

    async fn ask(&self, url: &Url, token: Option<&Token>, call: &Call) -> Result<Answer, FetchError> {
        let request = self.client.get(url.clone()).header(ACCEPT, "application/json");
        let request = request.header("x-ms-client-request-id", request_id());
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, token.header.clone()),
            None => request,
        };
        // On the heap, so that the many who wait for their turn are small.
        let what = if token.is_some() { Asked::Secret } else { Asked::Challenge };
        let exchange = Exchange { host: &self.host, what, timeout: self.store.request_timeout, call };
        Box::pin(self.client.send(request, exchange)).await
    }

    /// What its tokens are for. Whoever comes while the vault is being asked waits for its one answer.
    async fn target(&self, call: &Call) -> Result<Arc<Target>, FetchError> {
        let asked = Instant::now();
        let mut learnt = self.target.lock().await;
        if let Some(known) = learnt.since(asked, call) {
            return known;
        }
        let source = self.tokens.source();
        let tenant = source.tenant(self.store.identity.tenant.as_deref());
        let target = match self.store.resource() {
            Some(resource) if tenant.is_some() || !source.wants_tenant() => {
                Ok(Target { tenant, resource: resource.to_owned() })
            }
            resource => match Box::pin(self.greet(call, &mut None)).await {
                Ok(answer) => match (Target::of(answer.challenge(), tenant, resource, &self.store), resource) {
                    // It has a tenant of its own, which may be the right one.
                    (Err(FetchError::NoChallenge), Some(resource)) if !source.needs_tenant() => {
                        Ok(Target { tenant: None, resource: resource.to_owned() })
                    }
                    (target, _) => target,
                },
                Err(error) => Err(error),
            },
        };
        learnt.set(target)
    }

    /// Asks for nothing in particular without a token, as Microsoft's own clients do first: a vault answers with a
    /// challenge that tells its tenant and resource.
    pub(in crate::store) async fn greet(
        &self,
        call: &Call,
        last: &mut Option<FetchError>,
    ) -> Result<Answer, FetchError> {
        let url = self.address(&nobody(), None);
        let mut retry = Retry::of(call, &self.host);
        loop {
            let permit = self.throttle.enter(call.deadline).await;
            let mut permit = permit.map_err(|why| last.take().or(why).unwrap_or_else(|| self.late(Task::Challenge)))?;
            let failed = match self.ask(&url, None, call).await {
                Ok(answer) => match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
                    error if error.is_of_load() => {
                        let pause = permit.throttled(answer.asked(), &error);
                        call.tell(|| FetchEvent::Throttled { host: Arc::clone(&self.host), pause });
                        *last = Some(error);
                        continue;
                    }
                    error if error.is_transient() => Failed { error, asked: answer.asked() },
                    _ => return Ok(answer),
                },
                Err(error) => error.into(),
            };
            drop(permit);
            *last = Some(failed.error.clone());
            retry.after(failed).await?;
        }
    }

    /// Where its tokens come from.
    pub(in crate::store) fn source(&self) -> &Source {
        self.tokens.source()
    }

    /// The same vault, asked in another `api-version`.
    pub(in crate::store) fn with_version(&self, version: &str) -> Self {
        let store = Store { api_version: version.to_owned(), ..self.store.clone() };
        Self::new(&store, self.client.clone(), Arc::clone(&self.tokens), Arc::clone(&self.throttle))
    }

    pub(in crate::store) fn store(&self) -> &Store {
        &self.store
    }
}

/// The name of a secret that no vault has.
pub(in crate::store) fn nobody() -> SecretName {
    let name = format!("credflow-probe-{:032x}", fastrand::u128(..));
    name.parse().expect("internal error: a name of letters, digits and dashes")
}

/// An id for the service's own log.
fn request_id() -> String {
    let bits = format!("{:032x}", fastrand::u128(..));
    [&bits[..8], &bits[8..12], &bits[12..16], &bits[16..20], &bits[20..]].join("-")
}

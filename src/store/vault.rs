//! Key Vault's `GET /secrets/{name}/{version}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::answer::bundle::Fetched;
use super::error::{FetchError, Unreachable};
use super::http::{Answer, Caller};
use super::retry::{Failed, Retry};
use super::target::{Learnt, Target};
use super::throttle::Throttle;
use super::token::{Token, Tokens};
use crate::config::Store;
use crate::reference::{SecretName, SecretVersion};

/// An open store.
pub struct Vault {
    store: Store,
    host: String,
    client: Caller,
    tokens: Arc<Tokens>,
    throttle: Arc<Throttle>,
    target: Mutex<Learnt>,
    /// The generation of a token that the vault refused, until it takes one again; 0 without one.
    refused: AtomicU64,
}

impl Vault {
    pub(super) fn new(store: &Store, client: Caller, tokens: Arc<Tokens>, throttle: Arc<Throttle>) -> Self {
        Self {
            store: store.clone(),
            host: store.vault_url.host_str().unwrap_or_default().to_owned(),
            client,
            tokens,
            throttle,
            target: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// Fetches one secret, the latest version of it without one. It is over at the deadline.
    ///
    /// # Errors
    /// What won't heal, at once; what may heal, when tries or time are used up.
    pub async fn fetch(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        deadline: Instant,
    ) -> Result<Fetched, FetchError> {
        let mut last = None;
        let tries = self.tries(name, version, deadline, &mut last);
        match tokio::time::timeout_at(deadline, tries).await {
            Ok(result) => result,
            Err(_) => Err(last.unwrap_or(FetchError::Deadline)),
        }
    }

    /// Has a token, fetching it if need be.
    pub(super) async fn token(&self, deadline: Instant) -> Result<Token, FetchError> {
        let target = self.target(deadline).await?;
        self.tokens.get(&target, deadline).await
    }

    async fn tries(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        deadline: Instant,
        last: &mut Option<FetchError>,
    ) -> Result<Fetched, FetchError> {
        let url = self.address(name, version);
        let target = self.target(deadline).await?;
        let mut retry = Retry::until(deadline);
        let mut renewed = false;
        loop {
            // Whoever can't have a token hears of it before the queue for a place.
            self.tokens.get(&target, deadline).await?;
            let permit = self.throttle.enter(deadline).await;
            let mut permit = permit.map_err(|error| last.take().unwrap_or(error))?;
            // In the queue the token may have grown old, or been refused.
            let token = self.tokens.get(&target, deadline).await?;
            let failed = match self.request(&url, &token, &target, version).await {
                Ok(fetched) => {
                    permit.succeeded();
                    self.refused.store(0, Ordering::Relaxed);
                    return Ok(fetched);
                }
                Err(failed) => failed,
            };
            match &failed.error {
                FetchError::TokenRejected if !renewed && self.is_first_refusal(&token) => {
                    self.tokens.refused(&target, &token).await;
                    renewed = true;
                }
                FetchError::Throttled => {
                    permit.throttled(failed.asked);
                    *last = Some(failed.error);
                }
                _ => {
                    if matches!(failed.error, FetchError::Server(503)) {
                        permit.throttled(failed.asked);
                    }
                    drop(permit);
                    *last = Some(failed.error.clone());
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

    /// Whether another token may help. One may have been revoked or have ended on the way; where its successor is
    /// refused too, all will be.
    fn is_first_refusal(&self, token: &Token) -> bool {
        let first = self.refused.compare_exchange(0, token.generation, Ordering::Relaxed, Ordering::Relaxed);
        first.map_or_else(|first| token.generation <= first, |_| true)
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
    ) -> Result<Fetched, Failed> {
        let answer = self.ask(url, Some(token)).await?;
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

    async fn ask(&self, url: &Url, token: Option<&Token>) -> Result<Answer, FetchError> {
        let request = self.client.get(url.clone()).header(ACCEPT, "application/json");
        let request = request.header("x-ms-client-request-id", request_id());
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, token.header.clone()),
            None => request,
        };
        // On the heap, so that the many who wait for their turn are small.
        Box::pin(self.client.send(request, &self.host, self.store.request_timeout)).await
    }

    /// What its tokens are for. Whoever comes while the vault is being asked waits for its one answer.
    async fn target(&self, deadline: Instant) -> Result<Arc<Target>, FetchError> {
        let asked = Instant::now();
        let mut learnt = self.target.lock().await;
        if let Some(known) = learnt.since(asked) {
            return known;
        }
        let source = self.tokens.source();
        let tenant = source.tenant(self.store.identity.tenant.as_deref());
        let target = match self.store.resource() {
            Some(resource) if tenant.is_some() || !source.needs_tenant() => {
                Ok(Target { tenant, resource: resource.to_owned() })
            }
            resource => match Box::pin(self.greet(deadline)).await {
                Ok(answer) => Target::of(answer.challenge(), tenant, resource, &self.store),
                Err(error) => Err(error),
            },
        };
        learnt.set(target)
    }

    /// Asks for nothing in particular without a token, as Microsoft's own clients do first: a vault answers with a
    /// challenge that tells its tenant and resource.
    pub(super) async fn greet(&self, deadline: Instant) -> Result<Answer, FetchError> {
        let url = self.address(&nobody(), None);
        let mut retry = Retry::until(deadline);
        loop {
            let mut permit = self.throttle.enter(deadline).await?;
            let failed = match self.ask(&url, None).await {
                Ok(answer) => match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
                    FetchError::Throttled => {
                        permit.throttled(answer.asked());
                        continue;
                    }
                    error if error.is_transient() => Failed { error, asked: answer.asked() },
                    _ => return Ok(answer),
                },
                Err(error) => error.into(),
            };
            drop(permit);
            retry.after(failed).await?;
        }
    }

    /// The same vault, asked in another `api-version`.
    pub(super) fn with_version(&self, version: &str) -> Self {
        let store = Store { api_version: version.to_owned(), ..self.store.clone() };
        Self::new(&store, self.client.clone(), Arc::clone(&self.tokens), Arc::clone(&self.throttle))
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }
}

/// The name of a secret that no vault has.
pub(super) fn nobody() -> SecretName {
    let name = format!("credflow-probe-{:032x}", fastrand::u128(..));
    name.parse().expect("internal error: a name of letters, digits and dashes")
}

/// An id for the service's own log.
fn request_id() -> String {
    let bits = format!("{:032x}", fastrand::u128(..));
    [&bits[..8], &bits[8..12], &bits[12..16], &bits[16..20], &bits[20..]].join("-")
}

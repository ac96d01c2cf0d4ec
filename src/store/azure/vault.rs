//! Key Vault's `GET /secrets/{name}/{version}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::http::{Answer, Caller, Exchange};
use super::identity::Environment;
use super::target::{Learnt, TokenTarget};
use super::token::{Token, Tokens};
use super::token_source::TenantUse;
use crate::config::AzureVault;
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::Asked;
use crate::store::fetched::Fetched;
use crate::store::provider::{Backend, BoxFuture, Listing, Probing, Versions};
use crate::store::retry::Failed;
use crate::store::throttle::Throttle;
use crate::store::tries::{Tries, at_once};
use crate::store::unreachable::Unreachable;

/// An open vault.
pub(super) struct Vault {
    pub(super) properties: AzureVault,
    pub(super) host: Arc<str>,
    pub(super) shared: Shared,
    target: Mutex<Learnt>,
    /// The generation of the last token that the vault took; 0 without one.
    accepted: AtomicU64,
}

/// What other stores may have as well.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) client: Caller,
    pub(super) tokens: Arc<Tokens>,
    pub(super) throttle: Arc<Throttle>,
    /// How long one request may take.
    pub(super) timeout: Duration,
    /// The variables that its identity went by; none where an engine gives its tokens.
    pub(super) environment: Option<Environment>,
}

/// What the body of a 200 says.
type Parse<T> = fn(&[u8]) -> Result<T, FetchError>;

impl Vault {
    pub(super) fn new(properties: AzureVault, shared: Shared) -> Self {
        let host = properties.host().into();
        Self { properties, host, shared, target: Mutex::default(), accepted: AtomicU64::new(0) }
    }

    /// That there was no time left for a challenge.
    pub(super) fn late(&self) -> FetchError {
        FetchError::Deadline { host: self.host.to_string(), what: "its tenant and resource" }
    }

    /// Has a token, fetching it if need be.
    pub(super) async fn token(&self, call: &Call) -> Result<Token, FetchError> {
        let tokens = &self.shared.tokens;
        let target = timeout_at(call.deadline, self.target(call)).await.unwrap_or_else(|_| Err(self.late()))?;
        timeout_at(call.deadline, tokens.get(&target, call)).await.unwrap_or_else(|_| Err(tokens.late()))
    }

    /// Asks for a secret, once.
    async fn try_fetch(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        call: &Call,
    ) -> Result<Fetched, Failed> {
        self.get(Asked::Secret, &self.address(name, version), Fetched::parse, call).await
    }

    /// Asks for something of the vault, once; with another token, if the one at hand may have ended on the way.
    pub(super) async fn get<T>(&self, what: Asked, url: &Url, parse: Parse<T>, call: &Call) -> Result<T, Failed> {
        let target = self.target(call).await?;
        let token = self.shared.tokens.get(&target, call).await?;
        match self.request((what, url), &token, &target, parse, call).await {
            Err(Failed { error: FetchError::TokenRejected, .. }) if self.may_have_ended(&token) => {
                self.shared.tokens.refused(&target, &token);
                let token = self.shared.tokens.get(&target, call).await?;
                self.request((what, url), &token, &target, parse, call).await
            }
            result => result,
        }
    }

    /// Whether another token may help: one that counted may have been revoked, or have ended on the way. One that is
    /// fresh and was never taken is refused for what it is, as the next one would be.
    fn may_have_ended(&self, token: &Token) -> bool {
        token.generation <= self.accepted.load(Ordering::Relaxed) || !token.is_fresh()
    }

    fn address(&self, name: &SecretName, version: Option<SecretVersion>) -> Url {
        let version = version.map_or_else(String::new, |version| version.to_string());
        self.path(&format!("secrets/{name}/{version}"))
    }

    pub(super) fn path(&self, path: &str) -> Url {
        let mut url = self.properties.url.clone();
        url.set_path(path);
        url.query_pairs_mut().append_pair("api-version", &self.properties.api_version);
        url
    }

    async fn request<T>(
        &self,
        (what, url): (Asked, &Url),
        token: &Token,
        target: &TokenTarget,
        parse: Parse<T>,
        call: &Call,
    ) -> Result<T, Failed> {
        let answer = self.ask(what, url, Some(token), call).await?;
        if answer.status == 200 {
            self.accepted.fetch_max(token.generation, Ordering::Relaxed);
            return Ok(parse(answer.body.as_bytes())?);
        }
        let error = match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
            FetchError::TokenRejected => answer.challenge().map_or(FetchError::TokenRejected, |it| target.differs(it)),
            error => error,
        };
        Err(Failed { error, asked: answer.asked() })
    }

    async fn ask(&self, what: Asked, url: &Url, token: Option<&Token>, call: &Call) -> Result<Answer, FetchError> {
        let request = self.shared.client.get(url.clone()).header(ACCEPT, "application/json");
        let request = request.header("x-ms-client-request-id", request_id());
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, token.header_for(url, &self.properties)?),
            None => request,
        };
        let exchange = Exchange { host: &self.host, what, timeout: self.shared.timeout, call };
        self.shared.client.send(request, exchange).await
    }

    /// What its tokens are for. Whoever comes while the vault is being asked waits for its one answer.
    async fn target(&self, call: &Call) -> Result<Arc<TokenTarget>, FetchError> {
        let asked = Instant::now();
        let mut learnt = self.target.lock().await;
        if let Some(known) = learnt.since(asked, call) {
            return known;
        }
        let (source, vault) = (self.shared.tokens.source(), &self.properties);
        let is_local = source.is_local();
        let tenant = vault.identity.tenant.as_deref().or(source.tenant()).map(str::to_owned);
        let target = match vault.resource() {
            // No token is asked for that couldn't be sent.
            Some(resource) if !vault.may_receive(resource, is_local) => Err(FetchError::foreign(&vault.url, resource)),
            Some(resource) if tenant.is_some() || source.tenant_use() == TenantUse::None => {
                Ok(TokenTarget { tenant, resource: resource.to_owned() })
            }
            resource => match Box::pin(self.greet(call, &mut None)).await {
                Ok(answer) => {
                    match (TokenTarget::of(answer.challenge(), tenant, resource, vault, is_local), resource) {
                        // It has a tenant of its own, which may be the right one.
                        (Err(FetchError::NoChallenge), Some(resource)) if source.tenant_use() != TenantUse::Needed => {
                            Ok(TokenTarget { tenant: None, resource: resource.to_owned() })
                        }
                        (target, _) => target,
                    }
                }
                Err(error) => Err(error),
            },
        };
        learnt.set(target, call)
    }

    /// Asks for nothing in particular without a token, as Microsoft's own clients do first: a vault answers with a
    /// challenge that tells its tenant and resource.
    pub(super) async fn greet(&self, call: &Call, last: &mut Option<FetchError>) -> Result<Answer, FetchError> {
        let url = self.address(&nobody(), None);
        let once = || async {
            let answer = self.ask(Asked::Challenge, &url, None, call).await?;
            match FetchError::of_vault(answer.status, answer.body.as_bytes()) {
                error if error.is_retryable() => Err(Failed { error, asked: answer.asked() }),
                _ => Ok(answer),
            }
        };
        let throttle = &self.shared.throttle;
        let tries = Tries { throttle, host: &self.host, what: "its tenant and resource", call };
        tries.repeat(last, at_once, || Box::pin(once())).await
    }

    /// The same vault, asked in another `api-version`.
    pub(super) fn with_version(&self, version: &str) -> Self {
        let properties = AzureVault { api_version: version.to_owned(), ..self.properties.clone() };
        Self::new(properties, self.shared.clone())
    }
}

impl Backend for Vault {
    fn fetch<'a>(
        &'a self,
        secret: &'a SecretName,
        version: Option<SecretVersion>,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>> {
        Box::pin(self.try_fetch(secret, version, call))
    }

    fn ready<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<(), FetchError>> {
        Box::pin(async { self.token(call).await.map(drop) })
    }

    /// With a token that Entra ID gave, names have addresses; where the vault's has none, there is no such vault.
    fn explain(&self, error: FetchError) -> FetchError {
        let tokens = &self.shared.tokens;
        match error {
            FetchError::Unreachable { host, why: Unreachable::Dns }
                if *host == *self.host && tokens.source().is_remote() && !tokens.given().is_empty() =>
            {
                FetchError::UnknownVault(host)
            }
            error => error,
        }
    }

    fn is_current(&self) -> bool {
        let environment = self.shared.environment.as_ref();
        environment.is_none_or(|then| *then == Environment::of(&self.properties.identity.proof))
    }

    fn tokens(&self) -> Vec<Secret> {
        self.shared.tokens.given()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn versions(&self) -> Option<&dyn Versions> {
        Some(self)
    }

    fn probing(&self) -> Option<&dyn Probing> {
        Some(self)
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

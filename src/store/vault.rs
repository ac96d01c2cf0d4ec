//! Key Vault's `GET /secrets/{name}/{version}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;
use url::Url;

use super::error::{FetchError, REDIRECT, Unreachable};
use super::http;
use super::retry::{Retry, retry_after};
use super::throttle::Throttle;
use super::token::{Token, Tokens};
use crate::config::Store;
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;

/// An open store.
pub struct Vault {
    url: Url,
    host: String,
    api_version: String,
    timeout: Duration,
    client: Client,
    tokens: Arc<Tokens>,
    throttle: Arc<Throttle>,
    /// The generation of a token that the vault refused, until it takes one again; 0 without one.
    refused: AtomicU64,
}

/// A secret as the vault gave it.
#[derive(Debug)]
pub struct Fetched {
    /// The value.
    pub value: Secret,
    /// The version that it is; "latest" is one of them by now.
    pub version: SecretVersion,
    /// When it begins and ceases to be meant for use, in seconds since 1970. The service gives it out all the same.
    pub not_before: Option<i64>,
    /// See `not_before`.
    pub expires: Option<i64>,
    /// Whether it is enabled, where the vault says so. A secret that isn't is not given out.
    pub enabled: Option<bool>,
    /// What its owner says that the value is, as it came: `application/x-pkcs12` for a certificate's secret.
    pub content_type: Option<String>,
}

/// How one try ended otherwise than well.
struct Failed {
    error: FetchError,
    asked: Option<Duration>,
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, asked: None }
    }
}

impl Vault {
    pub(super) fn new(store: &Store, client: Client, tokens: Arc<Tokens>, throttle: Arc<Throttle>) -> Self {
        Self {
            url: store.vault_url.clone(),
            host: store.vault_url.host_str().unwrap_or_default().to_owned(),
            api_version: store.api_version.clone(),
            timeout: store.request_timeout,
            client,
            tokens,
            throttle,
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

    /// Proves that a token is given and that the vault lets it read secrets, and tells how long that took. It asks for
    /// a secret that isn't there: a vault looks at permissions first, so that "not found" is the good answer.
    ///
    /// # Errors
    /// As [`Vault::fetch`].
    pub async fn probe(&self, deadline: Instant) -> Result<Duration, FetchError> {
        let begun = Instant::now();
        match self.fetch(&probe_name(), None, deadline).await {
            Ok(_) | Err(FetchError::NotFound) => Ok(begun.elapsed()),
            Err(error) => Err(error),
        }
    }

    async fn tries(
        &self,
        name: &SecretName,
        version: Option<SecretVersion>,
        deadline: Instant,
        last: &mut Option<FetchError>,
    ) -> Result<Fetched, FetchError> {
        let url = self.address(name, version);
        let mut retry = Retry::until(deadline);
        let mut renewed = false;
        loop {
            // Whoever can't have a token hears of it before the queue for a place.
            self.tokens.get(deadline).await?;
            let permit = self.throttle.enter(deadline).await;
            let permit = permit.map_err(|error| last.take().unwrap_or(error))?;
            // In the queue the token may have grown old, or been refused.
            let token = self.tokens.get(deadline).await?;
            let failed = match self.request(&url, &token, version).await {
                Ok(fetched) => {
                    self.throttle.succeeded();
                    self.refused.store(0, Ordering::Relaxed);
                    return Ok(fetched);
                }
                Err(failed) => failed,
            };
            match &failed.error {
                FetchError::TokenRejected if !renewed && self.is_first_refusal(&token) => {
                    self.tokens.refused(&token).await;
                    renewed = true;
                }
                FetchError::Throttled => {
                    self.throttle.throttled(&permit, failed.asked);
                    *last = Some(failed.error);
                }
                _ => {
                    if matches!(failed.error, FetchError::Server(503)) {
                        self.throttle.throttled(&permit, failed.asked);
                    }
                    drop(permit);
                    *last = Some(failed.error.clone());
                    retry.after(failed.error, failed.asked).await?;
                }
            }
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
        let mut url = self.url.clone();
        url.set_path(&format!("secrets/{name}/{version}"));
        url.query_pairs_mut().append_pair("api-version", &self.api_version);
        url
    }

    async fn request(&self, url: &Url, token: &Token, version: Option<SecretVersion>) -> Result<Fetched, Failed> {
        let request = self
            .client
            .get(url.clone())
            .header(AUTHORIZATION, token.header.clone())
            .header(ACCEPT, "application/json")
            .header("x-ms-client-request-id", request_id());
        let exchange = async {
            let response = request.send().await.map_err(|error| http::unreachable(&self.host, &error))?;
            let (status, asked) = (response.status(), retry_after(response.headers()));
            let body = http::body(&self.host, response).await?;
            Ok::<_, FetchError>((status, asked, body))
        };
        let late = FetchError::Unreachable { host: self.host.clone(), why: Unreachable::Timeout };
        let (status, asked, body) = tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(late))?;
        if status == StatusCode::OK {
            let fetched = bundle(body.as_bytes())?;
            if version.is_some_and(|version| version != fetched.version) {
                return Err(FetchError::Answer("it is another version than the one asked for").into());
            }
            return Ok(fetched);
        }
        let error = refusal(status, body.as_bytes());
        Err(Failed { error, asked })
    }
}

/// The name of a secret that no vault has.
fn probe_name() -> SecretName {
    let name = format!("credflow-probe-{:032x}", fastrand::u128(..));
    name.parse().expect("internal error: a name of letters, digits and dashes")
}

/// An id for the service's own log.
fn request_id() -> String {
    let bits = format!("{:032x}", fastrand::u128(..));
    [&bits[..8], &bits[8..12], &bits[12..16], &bits[16..20], &bits[20..]].join("-")
}

#[derive(Deserialize)]
struct Bundle<'b> {
    #[serde(borrow)]
    value: Option<&'b RawValue>,
    id: Option<String>,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

/// A secret bundle, as Microsoft's REST reference has it.
fn bundle(body: &[u8]) -> Result<Fetched, FetchError> {
    const NOT_A_BUNDLE: FetchError = FetchError::Answer("it is not a secret's JSON");
    let bundle: Bundle<'_> = serde_json::from_slice(body).map_err(|_| NOT_A_BUNDLE)?;
    let value = bundle.value.ok_or(FetchError::Answer("it holds no value"))?;
    let id = bundle.id.ok_or(NOT_A_BUNDLE)?;
    let version = id.rsplit('/').next().and_then(|version| version.parse().ok());
    Ok(Fetched {
        value: Secret::from_json(value.get()).ok_or(FetchError::Answer("its value is not a text"))?,
        version: version.ok_or(FetchError::Answer("it names no version"))?,
        not_before: bundle.attributes.nbf,
        expires: bundle.attributes.exp,
        enabled: bundle.attributes.enabled,
        content_type: bundle.content_type,
    })
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: Reason,
}

#[derive(Deserialize, Default)]
struct Reason {
    #[serde(default)]
    innererror: Option<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The meaning of a refusal, by status and codes.
fn refusal(status: StatusCode, body: &[u8]) -> FetchError {
    match status {
        StatusCode::UNAUTHORIZED => FetchError::TokenRejected,
        StatusCode::NOT_FOUND => FetchError::NotFound,
        StatusCode::TOO_MANY_REQUESTS => FetchError::Throttled,
        StatusCode::FORBIDDEN => {
            let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
            let inner = refusal.error.innererror.map(|inner| inner.code);
            match inner.as_deref() {
                Some("ForbiddenByRbac") => FetchError::DeniedByRole,
                Some("AccessDenied") => FetchError::DeniedByPolicy,
                Some("ForbiddenByPolicy") => FetchError::DeniedWithoutUser,
                Some("ForbiddenByFirewall") => FetchError::DeniedByFirewall,
                Some("ForbiddenByConnection") => FetchError::DeniedByConnection,
                Some("SecretDisabled") => FetchError::Disabled,
                _ => FetchError::Denied,
            }
        }
        status if status.is_redirection() => REDIRECT,
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            FetchError::Server(status.as_u16())
        }
        status => FetchError::BadRequest(status.as_u16()),
    }
}

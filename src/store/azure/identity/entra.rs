//! Entra ID's token endpoint: the client credentials grant (RFC 6749, section 4.4) with a secret or an assertion.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::assertion::assertion;
use crate::config::SecretSource;
use crate::secret::Secret;
use crate::store::apart::apart_with;
use crate::store::azure::answer::grant::Grant;
use crate::store::azure::http::{Caller, Exchange};
use crate::store::azure::spoilt::Spoilt;
use crate::store::azure::target::TokenTarget;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::Asked;
use crate::store::retry::Failed;
use crate::store::secret_source::text;

/// The type of an assertion (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A clock that is further off than this makes assertions that don't count, in seconds.
const CLOCK_TOLERANCE: i64 = 30;

/// An application that asks Entra ID for tokens.
pub(super) struct Application {
    pub(super) authority: Url,
    pub(super) client: String,
    pub(super) credential: Credential,
    pub(super) http: Caller,
    pub(super) timeout: Duration,
    /// By how many seconds Entra ID's clock is ahead, once that is known to matter.
    pub(super) clock_ahead: AtomicI64,
}

/// What proves an application.
pub(super) enum Credential {
    Secret(SecretSource),
    Certificate(PathBuf),
    /// A file with a platform's token, which changes from time to time.
    Federated(PathBuf),
}

impl Application {
    /// Asks for a token, once.
    pub(super) async fn token(&self, target: &TokenTarget, call: &Call) -> Result<Grant, Failed> {
        let failed = match self.request(target, call).await {
            Err(failed) if failed.error == FetchError::AssertionTime => failed,
            result => return result,
        };
        // The answer told the time; with a clock that is right there is nothing to mend, nor in another's assertion.
        let is_own = matches!(self.credential, Credential::Certificate(_));
        if is_own && self.clock_ahead.load(Ordering::Relaxed) != 0 {
            self.request(target, call).await
        } else {
            Err(failed)
        }
    }

    /// Whether what proves it can be read.
    pub(super) async fn is_there(&self) -> Result<(), FetchError> {
        self.proof(&self.authority).await.map(drop)
    }

    async fn request(&self, target: &TokenTarget, call: &Call) -> Result<Grant, Failed> {
        let url = self.endpoint(target.tenant.as_deref().ok_or(FetchError::NoChallenge)?);
        let proof = self.proof(&url).await?;
        let form = self.form(&proof, &target.resource);
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = self.http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let exchange = Exchange { host: &host, what: Asked::Token, timeout: self.timeout, call };
        let answer = self.http.send(request.body(Bytes::from_owner(form)), exchange).await;
        let answer = answer.map_err(|error| error.of_tokens(&host))?;
        if answer.status == 200 {
            return Ok(Grant::parse(answer.body.as_bytes()).map_err(|error| error.of_tokens(&host))?);
        }
        let error = FetchError::of_entra(answer.status, answer.body.as_bytes()).of_tokens(&host);
        if error == FetchError::AssertionTime {
            let ahead = answer.clock_ahead().filter(|ahead| ahead.abs() > CLOCK_TOLERANCE);
            self.clock_ahead.store(ahead.unwrap_or(0), Ordering::Relaxed);
        }
        let error = match (&error, &self.credential) {
            (FetchError::WrongSecret, Credential::Secret(_)) => {
                Spoilt::of(&proof).map_or(error, FetchError::SpoiltSecret)
            }
            _ => error,
        };
        Err(Failed { error, asked: answer.asked() })
    }

    /// What proves it: its secret, or an assertion.
    async fn proof(&self, endpoint: &Url) -> Result<Arc<Secret>, FetchError> {
        match &self.credential {
            // All who wait for the token have deadlines of their own.
            Credential::Secret(source) => source.read(Instant::now() + self.timeout).await,
            Credential::Certificate(file) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
                let now = i64::try_from(now).unwrap_or(0) + self.clock_ahead.load(Ordering::Relaxed);
                let (path, client, endpoint) = (file.clone(), self.client.clone(), endpoint.to_string());
                apart_with(file, move || assertion(&path, &client, &endpoint, now)).await.map(Arc::new)
            }
            Credential::Federated(file) => {
                let path = file.clone();
                apart_with(file, move || text(&path, FetchError::FederatedToken)).await.map(Arc::new)
            }
        }
    }

    /// The form, in memory that is wiped.
    fn form(&self, secret: &Secret, resource: &str) -> Zeroizing<String> {
        let scope = format!("{resource}/.default");
        let mut form = Zeroizing::new(String::with_capacity(secret.expose().len() * 3 + scope.len() * 3 + 512));
        form.push_str("grant_type=client_credentials");
        let mut field = |name: &str, value: &str| {
            form.extend(["&", name, "="]);
            form.extend(byte_serialize(value.as_bytes()));
        };
        field("client_id", &self.client);
        field("scope", &scope);
        match self.credential {
            Credential::Secret(_) => field("client_secret", secret.expose()),
            Credential::Certificate(_) | Credential::Federated(_) => {
                field("client_assertion_type", JWT_BEARER);
                field("client_assertion", secret.expose());
            }
        }
        form
    }

    fn endpoint(&self, tenant: &str) -> Url {
        let mut url = self.authority.clone();
        // Segment by segment, so that a tenant can't lead to another path.
        let mut segments = url.path_segments_mut().expect("internal error: https and http have paths");
        segments.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
        drop(segments);
        url
    }
}

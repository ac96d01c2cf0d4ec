//! Tokens of Entra ID: one for an identity, fetched once for all who wait.

use std::env::VarError;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::error::{FetchError, REDIRECT, Unreachable};
use super::http;
use super::retry::{Retry, retry_after};
use crate::config::{Identity, SecretSource, Store};
use crate::secret::Secret;

/// How long before its end a token is renewed, at most (the margin of Microsoft's own clients).
const MARGIN: Duration = Duration::from_secs(300);

/// How long after a renewal that failed the next one is tried, while the old token counts (as Microsoft's Python client).
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// The lifetime of a token whose answer doesn't tell.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(600);

/// The tokens of one identity.
pub(super) struct Tokens {
    identity: Identity,
    client: Client,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    generation: u64,
    /// The last failure and its time. What won't heal counts for all who come later, anything else for those who
    /// were waiting.
    failed: Option<(FetchError, Instant)>,
}

/// A token as the header that carries it. The header is marked as sensitive, so that nothing prints it.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// Which token it is, to say later that it was refused.
    pub(super) generation: u64,
    renew: Instant,
    end: Instant,
}

impl Tokens {
    /// No token yet.
    pub(super) fn new(store: &Store, client: Client) -> Self {
        Self { identity: store.identity.clone(), client, timeout: store.request_timeout, state: Mutex::default() }
    }

    /// The token. Whoever comes while it is being fetched waits for the same one.
    pub(super) async fn get(&self, deadline: Instant) -> Result<Token, FetchError> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some((error, at)) = &state.failed
            && (asked <= *at || !error.is_transient())
        {
            return Err(error.clone());
        }
        let now = Instant::now();
        let old = state.current.clone().filter(|token| token.end > now);
        if let Some(token) = old.as_ref().filter(|token| token.renew > now) {
            return Ok(token.clone());
        }
        // With a token that still counts there is no waiting for another try.
        match self.fetch(if old.is_some() { now } else { deadline }).await {
            Ok((header, lifetime)) => {
                state.generation += 1;
                let begun = now;
                let token = Token {
                    header,
                    generation: state.generation,
                    renew: begun + lifetime - MARGIN.min(lifetime / 2),
                    end: begun + lifetime,
                };
                state.current = Some(token.clone());
                state.failed = None;
                Ok(token)
            }
            Err(error) => match old {
                Some(mut token) if error.is_transient() => {
                    token.renew = Instant::now() + RENEWAL_PAUSE;
                    state.current = Some(token.clone());
                    Ok(token)
                }
                _ => {
                    state.failed = Some((error.clone(), Instant::now()));
                    Err(error)
                }
            },
        }
    }

    /// Notes that a vault refused a token, so that the next one who asks gets another. One of a later generation
    /// stays.
    pub(super) async fn refused(&self, token: &Token) {
        let mut state = self.state.lock().await;
        if state.current.as_ref().is_some_and(|current| current.generation == token.generation) {
            state.current = None;
        }
    }

    async fn fetch(&self, deadline: Instant) -> Result<(HeaderValue, Duration), FetchError> {
        let form = self.form()?;
        let mut retry = Retry::until(deadline);
        loop {
            let (error, asked) = match self.request(&form).await {
                Ok(found) => return Ok(found),
                Err(failed) => failed,
            };
            retry.after(error, asked).await?;
        }
    }

    /// The form of the client credentials grant, in memory that is wiped.
    fn form(&self) -> Result<Zeroizing<String>, FetchError> {
        let identity = &self.identity;
        let secret = client_secret(&identity.client_secret)?;
        let scope = format!("{}/.default", identity.resource);
        let mut form = Zeroizing::new(String::with_capacity(secret.expose().len() * 3 + scope.len() * 3 + 512));
        form.push_str("grant_type=client_credentials");
        let fields = [("client_id", identity.client.as_str()), ("scope", &scope), ("client_secret", secret.expose())];
        for (name, value) in fields {
            form.extend(["&", name, "="]);
            form.extend(byte_serialize(value.as_bytes()));
        }
        Ok(form)
    }

    async fn request(&self, form: &str) -> Result<(HeaderValue, Duration), (FetchError, Option<Duration>)> {
        let url = self.endpoint();
        let host = url.host_str().unwrap_or_default().to_owned();
        let request =
            self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        let exchange = async {
            let response = request.send().await.map_err(|error| http::unreachable(&host, &error))?;
            let (status, asked) = (response.status(), retry_after(response.headers()));
            let body = http::body(&host, response).await?;
            Ok((status, asked, body))
        };
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        let late = FetchError::Unreachable { host: host.clone(), why: Unreachable::Timeout };
        let (status, asked, body) = answer.unwrap_or(Err(late)).map_err(|error| (error, None))?;
        if status == StatusCode::OK {
            return granted(body.as_bytes()).map_err(|error| (error, None));
        }
        Err((denied(status, body.as_bytes()), asked))
    }

    fn endpoint(&self) -> Url {
        let mut url = self.identity.authority.clone();
        // Segment by segment, so that a tenant can't lead to another path.
        url.path_segments_mut().expect("internal error: https and http have paths").pop_if_empty().extend([
            self.identity.tenant.as_str(),
            "oauth2",
            "v2.0",
            "token",
        ]);
        url
    }
}

/// Reads the client secret from where it is.
fn client_secret(source: &SecretSource) -> Result<Arc<Secret>, FetchError> {
    match source {
        SecretSource::Literal(secret) => Ok(Arc::clone(secret)),
        SecretSource::Variable(name) => match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Arc::new(Secret::new(value))),
            Err(VarError::NotUnicode(_)) => Err(FetchError::SecretNotText(name.clone())),
            _ => Err(FetchError::SecretUnset(name.clone())),
        },
        SecretSource::File(path) => {
            let unreadable = |why: String| FetchError::SecretUnreadable(path.display().to_string(), why);
            let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| unreadable(error.to_string()))?);
            let text = str::from_utf8(&bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
            let value = text.strip_suffix('\n').unwrap_or(text);
            let value = value.strip_suffix('\r').unwrap_or(value);
            if value.is_empty() {
                return Err(unreadable("it is empty".to_owned()));
            }
            Ok(Arc::new(Secret::concat([value])))
        }
    }
}

#[derive(Deserialize)]
struct Granted<'b> {
    #[serde(borrow)]
    access_token: &'b RawValue,
    #[serde(borrow)]
    expires_in: Option<&'b RawValue>,
}

/// A token and its lifetime. Entra's v1 writes numbers as strings, v2 as integers; both are read.
fn granted(body: &[u8]) -> Result<(HeaderValue, Duration), FetchError> {
    const WRONG: FetchError = FetchError::Answer("Entra ID's answer holds no token");
    let granted: Granted<'_> = serde_json::from_slice(body).map_err(|_| WRONG)?;
    let token =
        Secret::from_json(granted.access_token.get()).filter(|token| !token.expose().is_empty()).ok_or(WRONG)?;
    let bearer = Secret::concat(["Bearer ", token.expose()]);
    let mut header = HeaderValue::from_str(bearer.expose()).map_err(|_| WRONG)?;
    header.set_sensitive(true);
    let seconds = granted.expires_in.and_then(number::<u64>);
    // A lifetime beyond a year is nonsense, and could overflow a clock.
    let lifetime = seconds.map_or(UNKNOWN_LIFETIME, |seconds| Duration::from_secs(seconds.min(31_536_000)));
    Ok((header, lifetime))
}

/// A number, also when it is written as a string.
fn number<N: FromStr>(raw: &RawValue) -> Option<N> {
    raw.get().trim_matches('"').parse().ok()
}

#[derive(Deserialize, Default)]
struct Denied<'b> {
    #[serde(borrow, default)]
    error_codes: Vec<&'b RawValue>,
}

/// The meaning of a refusal. Its AADSTS number only makes the words friendlier.
fn denied(status: StatusCode, body: &[u8]) -> FetchError {
    let denied: Denied<'_> = serde_json::from_slice(body).unwrap_or_default();
    let code = denied.error_codes.first().and_then(|raw| number::<u32>(raw));
    if status.is_redirection() {
        return REDIRECT;
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
        return FetchError::EntraBusy(status.as_u16());
    }
    match code {
        Some(90_002 | 900_023) => FetchError::UnknownTenant,
        Some(700_016) => FetchError::UnknownApplication,
        Some(7_000_215) => FetchError::WrongSecret,
        Some(7_000_222) => FetchError::ExpiredSecret,
        Some(500_011 | 50_001) => FetchError::UnknownResource,
        // As Microsoft documents them: faults that heal, whatever the status.
        Some(90_006 | 90_012 | 90_024 | 90_033 | 90_090 | 50_000) => FetchError::EntraBusy(status.as_u16()),
        code => FetchError::Refused { status: status.as_u16(), code },
    }
}

//! Connections: TLS, names and proxies.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::{Host, Url};

use super::answer::challenge::Challenge;
use super::answer::wait::wait;
use super::names::Names;
use crate::config::{AzureVault, is_loopback};
use crate::secret::Buffer;
use crate::store::apart::read_file;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::{Asked, FetchEvent};
use crate::store::unreachable::Unreachable;

/// The largest answer that is read, in bytes. A secret has at most 25 KB.
const MAX_BODY: usize = 1 << 20;

/// The largest file of certificate authorities, in bytes. Those of whole systems have a quarter of a megabyte.
const MAX_CA_FILE: usize = 4 << 20;

/// How long a connection may take to stand, at most. It has two thirds of a request's time, and a name half of that, so
/// that a request which is late tells what it was late in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One client for addresses that are reached alike. All of them share the sockets that this process may have open.
pub(in crate::store) struct Clients {
    known: Mutex<Vec<(Kind, Client)>>,
    sockets: Arc<Semaphore>,
}

/// What tells clients apart.
#[derive(PartialEq)]
struct Kind {
    /// They stay on this machine.
    local: bool,
    /// They do without TLS.
    plain: bool,
    /// Whom they trust.
    ca_file: Option<PathBuf>,
    /// How long a connection may take.
    time: Duration,
}

/// A client and its part of the sockets.
#[derive(Clone)]
pub(in crate::store) struct Caller {
    client: Client,
    sockets: Arc<Semaphore>,
}

impl Clients {
    /// No client yet.
    pub(in crate::store) fn new() -> Self {
        Self { known: Mutex::default(), sockets: Arc::new(Semaphore::new(most_sockets())) }
    }

    /// The client for an address of a store. There is none that would send a token or a secret in clear over a network.
    pub(in crate::store) fn of(
        &self,
        vault: &AzureVault,
        timeout: Duration,
        address: &Url,
    ) -> Result<Caller, FetchError> {
        let local = is_loopback(address);
        let plain = match address.scheme() {
            "https" => false,
            "http" if local => true,
            _ => return Err(FetchError::PlainHttp(address.host_str().unwrap_or_default().to_owned())),
        };
        self.kind(local, plain, vault.ca_file.clone(), timeout)
    }

    /// The client for an address that the platform gives tokens at: always near, and with TLS on this machine alone.
    pub(in crate::store) fn near(
        &self,
        vault: &AzureVault,
        timeout: Duration,
        address: &Url,
    ) -> Result<Caller, FetchError> {
        let is_link_local = matches!(address.host(), Some(Host::Ipv4(address)) if address.is_link_local());
        match address.scheme() {
            "http" if is_link_local || is_loopback(address) => self.kind(true, true, None, timeout),
            "https" if is_loopback(address) => self.kind(true, false, vault.ca_file.clone(), timeout),
            _ => Err(FetchError::PlainHttp(address.host_str().unwrap_or_default().to_owned())),
        }
    }

    fn kind(
        &self,
        local: bool,
        plain: bool,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Result<Caller, FetchError> {
        let kind = Kind { local, plain, ca_file, time: CONNECT_TIMEOUT.min(timeout * 2 / 3) };
        let sockets = Arc::clone(&self.sockets);
        if let Some(client) = self.known(&kind) {
            return Ok(Caller { client, sockets });
        }
        // Nobody else waits for the files that this reads.
        let built = build(&kind)?;
        // Whoever was first shares its connections.
        let client = self.known(&kind).unwrap_or_else(|| {
            self.lock().push((kind, built.clone()));
            built
        });
        Ok(Caller { client, sockets })
    }

    fn known(&self, kind: &Kind) -> Option<Client> {
        self.lock().iter().find(|(other, _)| other == kind).map(|(_, client)| client.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Kind, Client)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most requests in flight to all hosts together, so that each may have a socket of its own and half of what this
/// process may open is left: many vaults at once would otherwise run out of descriptors.
fn most_sockets() -> usize {
    #[cfg(unix)]
    let open = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    #[cfg(not(unix))]
    let open = u64::MAX;
    usize::try_from(open / 2).unwrap_or(usize::MAX).clamp(16, 1024)
}

impl Caller {
    /// A GET of an address.
    pub(in crate::store) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    /// A POST to an address.
    pub(in crate::store) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    /// One request and its answer, within the time for one.
    pub(in crate::store) async fn send(
        &self,
        request: RequestBuilder,
        exchange: Exchange<'_>,
    ) -> Result<Answer, FetchError> {
        let Exchange { host, what, timeout, call } = exchange;
        let _socket = self.sockets.acquire().await.expect("internal error: the semaphore is never closed");
        let begun = Instant::now();
        call.tell(|| FetchEvent::Requested { host: host.into(), what });
        let exchange = async {
            let response = request.send().await.map_err(|error| FetchError::of_request(host, &error))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let received = SystemTime::now();
            Ok(Answer { status, body: body(host, response).await?, headers, received })
        };
        let late = FetchError::Unreachable { host: host.to_owned(), why: Unreachable::Timeout };
        let answer = tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(late));
        call.tell(|| {
            let (host, took) = (host.into(), begun.elapsed());
            match &answer {
                Ok(answer) => FetchEvent::Answered { host, what, status: answer.status, took },
                Err(error) => FetchEvent::Unanswered { host, what, code: error.code(), took },
            }
        });
        answer
    }
}

/// What a request is about.
pub(in crate::store) struct Exchange<'e> {
    /// Who is asked.
    pub(in crate::store) host: &'e str,
    pub(in crate::store) what: Asked,
    /// How long it may take.
    pub(in crate::store) timeout: Duration,
    pub(in crate::store) call: &'e Call,
}

fn build(kind: &Kind) -> Result<Client, FetchError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls(kind.plain, kind.ca_file.as_deref())?)
        .dns_resolver(Arc::new(Names(kind.time / 2)))
        // A redirect would carry the token to a place that nobody configured.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(kind.time)
        .tcp_nodelay(true)
        .user_agent(concat!("credflow/", env!("CARGO_PKG_VERSION")));
    if kind.local {
        builder = builder.no_proxy();
    }
    Ok(builder.build().expect("internal error: the client's settings are fixed"))
}

fn tls(plain: bool, ca_file: Option<&Path>) -> Result<rustls::ClientConfig, FetchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("internal error: ring has the protocol versions");
    if plain {
        // Nothing to trust where nothing is encrypted; reading the system's authorities takes time.
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let extra = ca_file.map_or_else(|| Ok(Vec::new()), certificates)?;
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider).map_err(|error| match ca_file {
            Some(path) => FetchError::CaFile(path.display().to_string(), error.to_string()),
            None => FetchError::SystemAuthorities(error.to_string()),
        })?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let fault = |why: String| FetchError::CaFile(path.display().to_string(), why);
    let pem = read_file(path, MAX_CA_FILE).map_err(|error| fault(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(fault("it holds no certificate in PEM form".to_owned())),
    }
}

/// An answer, whole.
pub(in crate::store) struct Answer {
    pub(in crate::store) status: u16,
    pub(in crate::store) body: Buffer,
    headers: HeaderMap,
    received: SystemTime,
}

impl Answer {
    /// How long the service asks to wait.
    pub(in crate::store) fn asked(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// What a vault says to who comes without a token.
    pub(in crate::store) fn challenge(&self) -> Option<Challenge> {
        let headers = self.headers.get_all(WWW_AUTHENTICATE).into_iter();
        headers.filter_map(|header| header.to_str().ok()).find_map(Challenge::parse)
    }

    /// By how many seconds the service's clock is ahead of this machine's.
    pub(in crate::store) fn clock_ahead(&self) -> Option<i64> {
        let date = httpdate::parse_http_date(self.headers.get(DATE)?.to_str().ok()?).ok()?;
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Some(match date.duration_since(self.received) {
            Ok(ahead) => seconds(ahead),
            // The header has whole seconds, cut off.
            Err(behind) => -seconds(behind.duration()),
        })
    }
}

/// What the service asks for: in Microsoft's own headers, or in everybody's.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let names = ["retry-after-ms", "x-ms-retry-after-ms", RETRY_AFTER.as_str()];
    names.into_iter().find_map(|name| wait(name, headers.get(name)?.to_str().ok()?))
}

/// A body, whole and bounded, in memory that is wiped.
async fn body(host: &str, mut response: Response) -> Result<Buffer, FetchError> {
    const TOO_LARGE: FetchError = FetchError::Answer("it is larger than a secret can be");
    let expected = response.content_length().unwrap_or(0);
    if expected > MAX_BODY as u64 {
        return Err(TOO_LARGE);
    }
    let mut body = Buffer::with_capacity(usize::try_from(expected).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| FetchError::of_request(host, &error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(TOO_LARGE);
        }
        body.push(&chunk);
    }
    Ok(body)
}

//! The store against real sockets: a scripted server that plays Entra ID and Key Vault on loopback.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use credflow::config::{AzureVault, Identity, Proof, SecretSource, Store, StoreKind};
use credflow::reference::SecretName;
use credflow::secret::Secret;
use credflow::store::azure::{AzureKeyVault, Grant, TokenSource, TokenTarget};
use credflow::store::{
    Asked, BoxFuture, Call, Failed, FetchError, FetchEvent, FetchEvents, Fetched, OpenStore, Pool, Unreachable,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock::{Pace, pace};

/// What must never be seen in an error.
const CLIENT_SECRET: &str = "canary-client-secret&=%+";
const TOKEN: &str = "canary-token";
const VALUE: &str = "canary-value";
const BODY: &str = "canary-body";
const VERSION: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// One request as it came.
#[derive(Debug, Clone)]
struct Request {
    line: String,
    headers: HashMap<String, String>,
    body: String,
    at: Instant,
}

impl Request {
    fn is_for_token(&self) -> bool {
        self.line.contains("/oauth2/v2.0/token")
    }
}

/// What is answered.
enum Reply {
    /// A whole answer, with further header lines.
    Http(u16, &'static str, String),
    /// Bytes as they are, then the end of the connection.
    Raw(String),
    /// A body without an end.
    Endless,
    /// Bytes as they are, then a reset.
    Reset(String),
    /// A byte now and then.
    Trickle,
    /// Nothing, for ever.
    Silence,
}

/// The script: the request and how many of its kind came before it.
type Script = dyn Fn(&Request, usize) -> Reply + Send + Sync;

struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    /// Who waits for it waits in its time.
    _pace: Pace,
}

impl Server {
    async fn start(script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&script)));
            }
        });
        Self { port, seen, _pace: pace() }
    }

    /// A server that always gives a token, and plays the vault by the script.
    async fn vault(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |request, before| if request.is_for_token() { token(before) } else { script(before) }).await
    }

    /// A server that plays Entra ID by the script, and always gives a secret.
    async fn entra(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |request, before| if request.is_for_token() { script(before) } else { secret() }).await
    }

    fn seen(&self, of_token: bool) -> Vec<Request> {
        let seen = self.seen.lock().expect("the log");
        seen.iter().filter(|request| request.is_for_token() == of_token).cloned().collect()
    }

    fn tokens(&self) -> usize {
        self.seen(true).len()
    }

    fn fetches(&self) -> usize {
        self.seen(false).len()
    }

    fn store(&self) -> Store {
        let url = format!("http://vault.localhost:{}", self.port);
        Store {
            name: "payments".parse().expect("a name"),
            kind: StoreKind::Azure(Box::new(AzureVault {
                url: url.parse().expect("an address"),
                identity: Identity {
                    authority: Some(url.parse().expect("an address")),
                    tenant: Some("7d1c".to_owned()),
                    resource: Some("https://vault.azure.net".to_owned()),
                    proof: client_secret(SecretSource::Literal(Arc::new(Secret::new(CLIENT_SECRET.to_owned())))),
                },
                api_version: "7.4".to_owned(),
                ca_file: None,
                allow_custom_domain: false,
            })),
            max_concurrency: NonZeroU16::new(32).expect("not zero"),
            request_timeout: Duration::from_secs(60),
            timeout: None,
            enforce_validity: false,
        }
    }
}

fn azure(store: &mut Store) -> &mut AzureVault {
    store.azure_mut().expect("a vault")
}

fn client_secret(secret: SecretSource) -> Proof {
    Proof::ClientSecret { client: "3f0a".to_owned(), secret }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Vec<Request>>>, script: Arc<Script>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let before = {
            let mut seen = seen.lock().expect("the log");
            let before = seen.iter().filter(|other| other.is_for_token() == request.is_for_token()).count();
            seen.push(request.clone());
            before
        };
        match script(&request, before) {
            Reply::Http(status, headers, body) => {
                let length = body.len();
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
                // Long enough for a whole wave to be under way at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Reply::Endless => {
                let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                let mut sent = stream.write_all(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                while sent.is_ok() {
                    sent = stream.write_all(chunk.as_bytes()).await;
                }
                return;
            }
            Reply::Reset(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.get_ref().set_zero_linger().expect("a socket");
                return;
            }
            Reply::Trickle => {
                let mut sent = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n").await;
                while sent.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    sent = stream.write_all(b" ").await;
                }
                return;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let headers: HashMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: lines[0].clone(), headers, body: String::from_utf8(body).expect("text"), at: Instant::now() })
}

fn http(status: u16, body: impl Into<String>) -> Reply {
    Reply::Http(status, "", body.into())
}

/// The token after so many others, each another one.
fn token(before: usize) -> Reply {
    http(200, format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{TOKEN}-{before}"}}"#))
}

fn secret() -> Reply {
    http(200, bundle(&format!(r#""value":"{VALUE}","#)))
}

fn bundle(value: &str) -> String {
    format!(
        r#"{{{value}"contentType":"text/plain","id":"https://v.vault.azure.net/secrets/s/{VERSION}","attributes":{{"enabled":true,"nbf":17,"exp":18}}}}"#
    )
}

async fn open(store: &Store) -> Result<Arc<OpenStore>, FetchError> {
    Pool::new().open(store, &within(300.0)).await
}

/// A call that has so many seconds.
fn within(seconds: f64) -> Call {
    Call::within(Duration::from_secs_f64(seconds))
}

fn name() -> SecretName {
    "DB-Password".parse().expect("a name")
}

/// One fetch from a store of its own. Whatever goes wrong, nothing secret is in the error.
async fn fetch_within(store: &Store, seconds: f64) -> Result<Fetched, FetchError> {
    let call = within(seconds);
    let result = match open(store).await {
        Ok(vault) => vault.fetch(&name(), None, &call).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        hides(store, error);
    }
    result
}

fn hides(store: &Store, error: &FetchError) {
    let shown = format!("{error} {error:?} {} {}", error.code(), error.remedy(store, &name(), None));
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.chars().any(|character| character.is_control() && character != '\n'), "{shown}");
}

async fn fetch(store: &Store) -> Result<Fetched, FetchError> {
    fetch_within(store, 30.0).await
}

/// The code of the error, or `ok`.
async fn code(store: &Store) -> &'static str {
    fetch(store).await.map_or_else(|error| error.code(), |_| "ok")
}

/// Many fetches at once from one vault.
async fn fetch_many(vault: &Arc<OpenStore>, count: usize, seconds: u32) -> Vec<Result<Fetched, FetchError>> {
    let call = within(f64::from(seconds));
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (vault, call) = (Arc::clone(vault), call.clone());
        tasks.spawn(async move { vault.fetch(&name(), None, &call).await });
    }
    tasks.join_all().await
}

#[tokio::test(start_paused = true)]
async fn a_fetch_is_what_microsoft_documents() {
    let server = Server::vault(|_| secret()).await;
    let store = server.store();
    let vault = open(&store).await.expect("a vault");
    let version = VERSION.parse().expect("a version");
    let call = within(5.0);
    let fetched = vault.fetch(&name(), Some(version), &call).await.expect("a secret");
    assert_eq!(fetched.value.expose(), VALUE);
    assert_eq!(fetched.version, version);
    assert_eq!((fetched.not_before, fetched.expires), (Some(17), Some(18)));
    assert_eq!((fetched.enabled, fetched.content_type.as_deref()), (Some(true), Some("text/plain")));
    assert!(!format!("{fetched:?}").contains(VALUE));

    let asked = &server.seen(false)[0];
    assert_eq!(asked.line, format!("GET /secrets/DB-Password/{VERSION}?api-version=7.4 HTTP/1.1"));
    assert_eq!(asked.headers["authorization"], format!("Bearer {TOKEN}-0"));
    assert_eq!(asked.headers["accept"], "application/json");
    assert_eq!(asked.headers["user-agent"], concat!("credflow/", env!("CARGO_PKG_VERSION")));
    assert_eq!(asked.headers["x-ms-client-request-id"].len(), 36);
    let asked = &server.seen(true)[0];
    assert_eq!(asked.line, "POST /7d1c/oauth2/v2.0/token HTTP/1.1");
    let mut fields: Vec<_> = asked.body.split('&').collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "client_id=3f0a",
            "client_secret=canary-client-secret%26%3D%25%2B",
            "grant_type=client_credentials",
            "scope=https%3A%2F%2Fvault.azure.net%2F.default",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn another_version_than_the_one_asked_for_is_refused() {
    let server = Server::vault(|_| secret()).await;
    let vault = open(&server.store()).await.expect("a vault");
    let other = "00000000000000000000000000000001".parse().expect("a version");
    let call = within(5.0);
    let error = vault.fetch(&name(), Some(other), &call).await.expect_err("another version");
    assert_eq!(error.code(), "answer");
}

#[tokio::test(start_paused = true)]
async fn fifty_fetches_share_one_token() {
    let server = Server::vault(|_| secret()).await;
    let vault = open(&server.store()).await.expect("a vault");
    assert!(fetch_many(&vault, 50, 5).await.iter().all(Result::is_ok));
    assert_eq!((server.tokens(), server.fetches()), (1, 50));
}

#[tokio::test(start_paused = true)]
async fn stores_of_one_identity_share_one_token() {
    let server = Server::vault(|_| secret()).await;
    let mut stores = [server.store(), server.store(), server.store()];
    azure(&mut stores[1]).url = format!("http://other.localhost:{}", server.port).parse().expect("an address");
    azure(&mut stores[2]).identity.proof = Proof::ClientSecret {
        client: "another".to_owned(),
        secret: SecretSource::Literal(Arc::new(Secret::new(CLIENT_SECRET.to_owned()))),
    };
    let call = within(5.0);
    let pool = Pool::new();
    for store in &stores {
        let vault = pool.open(store, &call).await.expect("a vault");
        assert!(vault.fetch(&name(), None, &call).await.is_ok());
    }
    assert_eq!((server.tokens(), server.fetches()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_bound_on_requests_in_flight_holds() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let vault_port = listener.local_addr().expect("an address").port();
    let (gauge, peak) = (Arc::clone(&now), Arc::clone(&most));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (gauge, peak) = (Arc::clone(&gauge), Arc::clone(&peak));
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                while read(&mut stream).await.is_some() {
                    peak.fetch_max(gauge.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    gauge.fetch_sub(1, Ordering::SeqCst);
                    let body = bundle(r#""value":"v","#);
                    let answer = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let entra = Server::entra(token).await;
    let mut store = entra.store();
    azure(&mut store).url = format!("http://localhost:{vault_port}").parse().expect("an address");
    store.max_concurrency = NonZeroU16::new(3).expect("not zero");
    let vault = open(&store).await.expect("a vault");
    assert!(fetch_many(&vault, 30, 5).await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn numbers_may_be_strings() {
    let server = Server::entra(|_| http(200, format!(r#"{{"expires_in":"3599","access_token":"{TOKEN}"}}"#))).await;
    assert_eq!(code(&server.store()).await, "ok");
    let server = Server::entra(|_| http(401, r#"{"error":"invalid_client","error_codes":["7000222"]}"#)).await;
    assert_eq!(code(&server.store()).await, "expired-client-secret");
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_the_whole_vault() {
    let throttled =
        |before| if before < 4 { Reply::Http(429, "Retry-After: 1\r\n", BODY.to_owned()) } else { secret() };
    let server = Server::vault(throttled).await;
    let mut store = server.store();
    store.max_concurrency = NonZeroU16::new(4).expect("not zero");
    let vault = open(&store).await.expect("a vault");
    assert!(fetch_many(&vault, 20, 10).await.iter().all(Result::is_ok));
    let seen = server.seen(false);
    // One wasted wave, and nothing while the pause lasts.
    assert_eq!(seen.len(), 24);
    let pause = seen[4].at - seen[3].at;
    // The answer takes a moment itself.
    assert!((1000..1100).contains(&pause.as_millis()), "{pause:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_zero_is_no_licence_to_hammer() {
    let server = Server::vault(|_| Reply::Http(429, "Retry-After: 0\r\n", BODY.to_owned())).await;
    let error = fetch_within(&server.store(), 2.0).await.expect_err("throttled");
    assert_eq!(error, FetchError::Throttled);
    assert!(server.fetches() <= 5, "{}", server.fetches());
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_ends_at_once() {
    let server = Server::vault(|_| Reply::Http(429, "Retry-After: 60\r\n", BODY.to_owned())).await;
    let begun = Instant::now();
    assert_eq!(fetch(&server.store()).await.expect_err("throttled"), FetchError::Throttled);
    assert!(begun.elapsed() < Duration::from_secs(1));
    let server = Server::vault(|_| Reply::Http(503, "Retry-After: 60\r\n", BODY.to_owned())).await;
    assert_eq!(fetch(&server.store()).await.expect_err("a fault"), FetchError::Server(503));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_counted_and_is_refused_is_renewed_once_for_all() {
    let (revoked, accepted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (reason, count) = (Arc::clone(&revoked), Arc::clone(&accepted));
    let server = Server::start(move |request, before| {
        if request.is_for_token() {
            return token(before);
        }
        if request.headers["authorization"].ends_with("-0") && reason.load(Ordering::SeqCst) > 0 {
            return http(401, BODY);
        }
        count.fetch_add(1, Ordering::SeqCst);
        secret()
    })
    .await;
    let vault = open(&server.store()).await.expect("a vault");
    assert!(fetch_many(&vault, 1, 5).await.iter().all(Result::is_ok));
    revoked.store(1, Ordering::SeqCst);
    assert!(fetch_many(&vault, 10, 5).await.iter().all(Result::is_ok));
    assert_eq!((server.tokens(), server.fetches(), accepted.load(Ordering::SeqCst)), (2, 21, 11));
}

#[tokio::test(start_paused = true)]
async fn a_refused_fresh_token_is_final_at_once() {
    let server = Server::vault(|_| http(401, BODY)).await;
    let mut store = server.store();
    store.max_concurrency = NonZeroU16::new(2).expect("not zero");
    let vault = open(&store).await.expect("a vault");
    let refused = |results: Vec<Result<Fetched, FetchError>>| {
        results.into_iter().all(|result| result.err() == Some(FetchError::TokenRejected))
    };
    assert!(refused(fetch_many(&vault, 20, 5).await));
    assert_eq!((server.tokens(), server.fetches()), (1, 20));
    // Later fetches don't ask for a second.
    assert!(refused(fetch_many(&vault, 5, 5).await));
    assert_eq!(server.tokens(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_keeps_nobody_while_the_old_token_counts() {
    let server = Server::entra(|before| match before {
        0 => http(200, format!(r#"{{"expires_in":4,"access_token":"{TOKEN}"}}"#)),
        _ => Reply::Silence,
    })
    .await;
    let vault = open(&server.store()).await.expect("a vault");
    assert!(fetch_many(&vault, 5, 5).await.iter().all(Result::is_ok));
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let begun = Instant::now();
    assert!(fetch_many(&vault, 20, 5).await.iter().all(Result::is_ok));
    // Half of what is left of the old one, and then the answers.
    assert!((900..1100).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(server.tokens(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_its_end_and_kept_when_that_fails() {
    let server = Server::entra(|before| {
        if before == 0 {
            return http(200, format!(r#"{{"expires_in":4,"access_token":"{TOKEN}"}}"#));
        }
        http(503, BODY)
    })
    .await;
    let vault = open(&server.store()).await.expect("a vault");
    assert!(fetch_many(&vault, 5, 5).await.iter().all(Result::is_ok));
    assert_eq!(server.tokens(), 1);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let begun = Instant::now();
    assert!(fetch_many(&vault, 5, 5).await.iter().all(Result::is_ok));
    assert_eq!(server.tokens(), 2);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failed_token_is_reported_for_all_and_asked_for_once() {
    let server = Server::entra(|_| http(401, r#"{"error_codes":[7000215]}"#)).await;
    let vault = open(&server.store()).await.expect("a vault");
    let results = fetch_many(&vault, 50, 5).await;
    assert!(results.into_iter().all(|result| result.err() == Some(FetchError::WrongSecret)));
    assert_eq!((server.tokens(), server.fetches()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_heals_is_not_held_against_later_fetches() {
    let server = Server::entra(|before| {
        if before == 0 { Reply::Http(429, "Retry-After: 60\r\n", "Too Many Requests".into()) } else { token(before) }
    })
    .await;
    let vault = open(&server.store()).await.expect("a vault");
    let results = fetch_many(&vault, 20, 5).await;
    assert!(results.into_iter().all(|result| result.err() == Some(FetchError::EntraBusy(429))));
    assert_eq!(server.tokens(), 1);
    assert!(fetch_many(&vault, 3, 5).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn faults_that_heal_are_tried_again() {
    let cut = || Reply::Raw("HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{\"value\":\"canary".to_owned());
    let reset = || Reply::Reset("HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{\"value\":\"canary".to_owned());
    let faults = [|| http(500, BODY), || http(503, BODY), || http(408, BODY), || Reply::Raw(String::new()), cut, reset];
    for fault in faults {
        let server = Server::vault(move |before| if before < 2 { fault() } else { secret() }).await;
        assert_eq!(code(&server.store()).await, "ok");
        assert_eq!(server.fetches(), 3);
        let server = Server::entra(move |before| if before < 1 { fault() } else { token(before) }).await;
        assert_eq!(code(&server.store()).await, "ok");
        assert_eq!(server.tokens(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_heal_has_the_time_that_there_is() {
    const BRIEF: &str = "retry-after-ms: 20\r\n";
    for status in [500, 502, 504, 408] {
        let busy = move |before| if before < 12 { Reply::Http(status, BRIEF, BODY.to_owned()) } else { secret() };
        let server = Server::vault(busy).await;
        assert_eq!(code(&server.store()).await, "ok", "{status}");
        assert_eq!(server.fetches(), 13);
    }
    let busy = |before| if before < 12 { Reply::Http(500, BRIEF, BODY.to_owned()) } else { token(before) };
    let server = Server::entra(busy).await;
    assert_eq!(code(&server.store()).await, "ok");
    assert_eq!(server.tokens(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_503_pauses_the_vault_as_a_429_does() {
    const FIRST: usize = 100;
    for status in [429, 503] {
        let busy = move |before| match before {
            ..FIRST => Reply::Http(status, "retry-after-ms: 300\r\n", BODY.to_owned()),
            _ => secret(),
        };
        let server = Server::vault(busy).await;
        let vault = open(&server.store()).await.expect("a vault");
        assert!(fetch_many(&vault, 300, 30).await.iter().all(Result::is_ok));
        assert_eq!(server.fetches(), 300 + FIRST);
        let seen = server.seen(false);
        let pauses = seen.windows(2).filter(|pair| pair[1].at - pair[0].at >= Duration::from_millis(200)).count();
        // Waves of 32, 16, and then 8.
        assert!((1..=9).contains(&pauses), "{status}: {pauses}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_always_reset_is_told_in_the_end() {
    let server = Server::vault(|_| Reply::Reset(String::new())).await;
    let begun = Instant::now();
    let error = fetch_within(&server.store(), 3.0).await.expect_err("a reset");
    assert!(matches!(error, FetchError::Unreachable { why: Unreachable::Reset, .. }), "{error:?}");
    assert!(begun.elapsed() <= Duration::from_secs(3) && server.fetches() >= 3, "{}", server.fetches());
    assert!(error.remedy(&server.store(), &name(), None).contains("proxy or firewall"));
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_short_for_good_is_a_broken_connection() {
    let server =
        Server::vault(|_| Reply::Raw("HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{\"value\":\"canary".to_owned()))
            .await;
    let error = fetch_within(&server.store(), 1.2).await.expect_err("cut short");
    assert!(matches!(error, FetchError::Unreachable { why: Unreachable::Reset, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_secret_are_final() {
    let answers = [
        "<html>canary".to_owned(),
        String::new(),
        "[]".to_owned(),
        bundle(""),
        bundle(r#""value":null,"#),
        bundle(r#""value":7,"#),
        bundle(r#""value":"\ud800","#),
        r#"{"value":"canary"}"#.to_owned(),
        r#"{"value":"canary","id":"https://v/secrets/s/canary"}"#.to_owned(),
        format!("{{\"value\":\"{}\"}}", "canary".repeat(1 << 18)),
    ];
    for answer in answers {
        let server = Server::vault(move |_| http(200, answer.clone())).await;
        assert_eq!(code(&server.store()).await, "answer");
        assert_eq!(server.fetches(), 1);
    }
    for answer in
        ["canary", "{}", r#"{"access_token":7}"#, r#"{"access_token":"canary\r\nX: y"}"#, r#"{"access_token":""}"#]
    {
        let server = Server::entra(move |_| http(200, answer)).await;
        assert_eq!(code(&server.store()).await, "token-answer", "{answer}");
        assert_eq!((server.tokens(), server.fetches()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_answers_in_the_place_of_entra_is_named_and_counts_for_the_store() {
    let page = || "<html>canary".to_owned();
    let replies: [fn(String) -> Reply; 4] = [
        |page| http(200, page),
        |page| http(404, page),
        |page| Reply::Http(302, "Location: http://localhost:9/\r\n", page),
        |page| Reply::Raw(format!("HTTP/1.1 200 X\r\nContent-Length: 10000000000\r\n\r\n{page}")),
    ];
    for reply in replies {
        let server = Server::entra(move |_| reply(page())).await;
        let error = fetch(&server.store()).await.expect_err("no token");
        assert_eq!(error.code(), "token-answer");
        assert!(error.is_of_store() && error.to_string().contains("vault.localhost"), "{error}");
        assert!(error.remedy(&server.store(), &name(), None).contains("`authority`"));
        assert_eq!((server.tokens(), server.fetches()), (1, 0));
    }
    let server = Server::entra(|_| Reply::Endless).await;
    assert_eq!(code(&server.store()).await, "token-answer");
    assert!(FetchError::BadRequest(400).is_of_store());
}

#[tokio::test(start_paused = true)]
async fn a_body_without_end_is_bounded() {
    // It's the size that ends it: what is read until the time is over is late instead.
    let server = Server::vault(|_| Reply::Endless).await;
    assert_eq!(code(&server.store()).await, "answer");
}

#[tokio::test(start_paused = true)]
async fn a_body_said_to_be_huge_is_not_read() {
    let huge = "HTTP/1.1 200 X\r\nContent-Length: 10000000000\r\n\r\n{".to_owned();
    let server = Server::vault(move |_| Reply::Raw(huge.clone())).await;
    assert_eq!(code(&server.store()).await, "answer");
    assert_eq!(server.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trickling_body_has_the_time_of_one_request() {
    let server = Server::vault(|before| if before == 0 { Reply::Trickle } else { secret() }).await;
    let mut store = server.store();
    store.request_timeout = Duration::from_secs(5);
    assert_eq!(code(&store).await, "ok");
    let seen = server.seen(false);
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_service_says_in_many_ways_how_long_to_wait() {
    let forms: [(&dyn Fn() -> String, u64); 4] = [
        (&|| "Retry-After: 1".to_owned(), 1000),
        (&|| format!("Retry-After: {}", httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(10))), 10_000),
        (&|| "x-ms-retry-after-ms: 700".to_owned(), 700),
        (&|| "retry-after-ms: 700".to_owned(), 700),
    ];
    for status in [429, 503] {
        for (form, expected) in forms {
            let begun = SystemTime::now();
            let form = form();
            let headers: &'static str = Box::leak(format!("{form}\r\n").into_boxed_str());
            let busy = move |before| if before == 0 { Reply::Http(status, headers, BODY.to_owned()) } else { secret() };
            let server = Server::vault(busy).await;
            assert_eq!(code(&server.store()).await, "ok");
            let seen = server.seen(false);
            let pause = seen[1].at - seen[0].at;
            // The answer takes a moment itself.
            let expected = Duration::from_millis(expected);
            assert!(pause < expected + Duration::from_millis(100), "{status} {form}: {pause:?}");
            // A date is a time of the machine's clock, in whole seconds, cut off.
            let gone = if form.ends_with("GMT") {
                begun.elapsed().expect("a clock") + Duration::from_secs(1)
            } else {
                Duration::ZERO
            };
            assert!(pause + gone >= expected, "{status} {form}: {pause:?} {gone:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn entra_throttles_in_plain_text() {
    let busy = |before| match before {
        0 => Reply::Http(429, "Retry-After: 1\r\nContent-Type: text/plain\r\n", "Too Many Requests".to_owned()),
        _ => token(before),
    };
    let server = Server::entra(busy).await;
    assert_eq!(code(&server.store()).await, "ok");
    let seen = server.seen(true);
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(1));
    let server = Server::entra(|_| Reply::Http(429, "Retry-After: 60\r\n", "Too Many Requests".to_owned())).await;
    assert_eq!(code(&server.store()).await, "entra-busy");
    assert_eq!(server.tokens(), 1);
}

/// The header of an assertion in a form, and its claims.
fn assertion(form: &str) -> [serde_json::Value; 2] {
    use base64::Engine as _;
    let assertion = form.split("client_assertion=").nth(1).expect("an assertion");
    let mut parts = assertion.split('.');
    [(); 2].map(|()| {
        let json = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(parts.next().expect("a part")).expect("base64");
        serde_json::from_slice(&json).expect("JSON")
    })
}

#[tokio::test(start_paused = true)]
async fn an_assertion_is_signed_as_microsoft_documents() {
    use base64::Engine as _;
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/application.pem");
    let server = Server::entra(token).await;
    let mut store = server.store();
    azure(&mut store).identity.proof =
        Proof::ClientCertificate { client: "3f0a".to_owned(), certificate: file.clone() };
    assert_eq!(code(&store).await, "ok");
    let [header, claims] = assertion(&server.seen(true)[0].body);
    let certificate = CertificateDer::from_pem_file(file).expect("a certificate");
    let digest = ring::digest::digest(&ring::digest::SHA256, &certificate);
    let thumbprint = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(header, serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
    assert_eq!((&claims["iss"], &claims["sub"]), (&"3f0a".into(), &"3f0a".into()));
    assert_eq!(claims["aud"], format!("http://vault.localhost:{}/7d1c/oauth2/v2.0/token", server.port));
    let lifetime = claims["exp"].as_i64().zip(claims["nbf"].as_i64()).map(|(end, begin)| end - begin);
    assert!(lifetime.is_some_and(|lifetime| (300..=900).contains(&lifetime)), "{claims}");
}

#[tokio::test(start_paused = true)]
async fn the_token_of_a_platform_that_has_expired_is_no_matter_of_the_clock() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(7200));
    let headers: &'static str = Box::leak(format!("Date: {date}\r\n").into_boxed_str());
    let refuse = move |_| Reply::Http(401, headers, r#"{"error":"invalid_client","error_codes":[700024]}"#.to_owned());
    let server = Server::entra(refuse).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "a.token").expect("a file");
    let mut store = server.store();
    azure(&mut store).identity.proof =
        Proof::WorkloadIdentity { client: Some("3f0a".to_owned()), token_file: Some(file.path().to_owned()) };
    let error = fetch(&store).await.expect_err("a refusal");
    assert_eq!(error, FetchError::AssertionTime);
    assert!(error.remedy(&store, &name(), None).contains("the platform's token has expired"));
    // Another try would send the same token.
    assert_eq!(server.tokens(), 1);
}

#[tokio::test(start_paused = true)]
async fn remedies_fit_the_identity() {
    let server = Server::vault(|_| secret()).await;
    let mut store = server.store();
    let remedy = |store: &Store, error: &FetchError| error.remedy(store, &name(), None);
    let policy = |store: &Store| remedy(store, &FetchError::DeniedByPolicy);
    assert!(policy(&store).contains("--spn 3f0a "));
    azure(&mut store).identity.proof = Proof::AzureCli;
    assert!(policy(&store).contains("--object-id \"$(az ad signed-in-user show --query id -o tsv)\" "));
    azure(&mut store).identity.proof = Proof::ManagedIdentity { client: None };
    assert!(policy(&store).contains("--object-id PRINCIPAL-ID "));
    azure(&mut store).identity.proof = Proof::ManagedIdentity { client: Some("77".to_owned()) };
    assert!(policy(&store).contains("--object-id \"$(az ad sp show --id 77 --query id -o tsv)\" "));
    for error in [
        FetchError::DeniedByConnection,
        FetchError::WrongTenant("11111111-1111-1111-1111-111111111111".to_owned()),
        FetchError::TokenRejected,
    ] {
        assert!(remedy(&store, &error).contains("\naz keyvault show --name vault --query "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_assertion_follows_the_clock_of_entra() {
    const AHEAD: u64 = 7200;
    let refuse = |ahead: u64| {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(ahead));
        let headers: &'static str = Box::leak(format!("Date: {date}\r\n").into_boxed_str());
        Reply::Http(401, headers, r#"{"error":"invalid_client","error_codes":[700024]}"#.to_owned())
    };
    let certificate = Proof::ClientCertificate {
        client: "3f0a".to_owned(),
        certificate: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/application.pem"),
    };
    let server = Server::entra(move |before| if before == 0 { refuse(AHEAD) } else { token(before) }).await;
    let mut store = server.store();
    azure(&mut store).identity.proof = certificate.clone();
    assert_eq!(code(&store).await, "ok");
    let seen = server.seen(true);
    let issued = |request: &Request| assertion(&request.body)[1]["iat"].as_u64().expect("a time");
    let later = issued(&seen[1]) - issued(&seen[0]);
    assert!(later.abs_diff(AHEAD) < 60, "{later}");
    // With clocks that agree, another assertion would fare no better.
    let server = Server::entra(move |_| refuse(0)).await;
    let mut store = server.store();
    azure(&mut store).identity.proof = certificate;
    assert_eq!(code(&store).await, "clock");
    assert_eq!(server.tokens(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_federated_token_is_read_again_for_each_token() {
    // A token of no life is asked for each time.
    let brief = |_| http(200, format!(r#"{{"expires_in":0,"access_token":"{TOKEN}"}}"#));
    let server = Server::entra(brief).await;
    let folder = std::env::temp_dir().join(format!("credflow-federated-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("token");
    let mut store = server.store();
    azure(&mut store).identity.proof =
        Proof::WorkloadIdentity { client: Some("3f0a".to_owned()), token_file: Some(file.clone()) };
    std::fs::write(&file, "first.token").expect("a file");
    let vault = open(&store).await.expect("a vault");
    let name = name();
    let call = within(5.0);
    let fetch = || vault.fetch(&name, None, &call);
    fetch().await.expect("a secret");
    std::fs::write(&file, "second.token\n").expect("a file");
    fetch().await.expect("a secret");
    let sent: Vec<String> = server.seen(true).into_iter().map(|request| request.body).collect();
    assert!(sent[0].ends_with("&client_assertion=first.token"), "{}", sent[0]);
    assert!(sent.last().is_some_and(|body| body.ends_with("&client_assertion=second.token")));
    assert!(sent[0].contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"));
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(start_paused = true)]
async fn a_challenge_tells_why_a_token_is_refused() {
    let ours = "7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90";
    let cases = [
        (ours, "https://vault.azure.net", "token-rejected", "in the tenant"),
        (ours, "https://vault.azure.cn", "wrong-resource", "azure-resource: https://vault.azure.cn"),
        ("11111111-1111-1111-1111-111111111111", "https://vault.azure.net", "wrong-tenant", "tenant-id: 11111111"),
        ("corp.example", "https://vault.azure.net", "token-rejected", "in the tenant"),
    ];
    for (tenant, resource, expected, remedy) in cases {
        let header = format!(
            "WWW-Authenticate: Bearer authorization=\"https://login.microsoftonline.com/{tenant}\", resource=\"{resource}\"\r\n"
        );
        let header: &'static str = Box::leak(header.into_boxed_str());
        let server = Server::vault(move |_| Reply::Http(401, header, BODY.to_owned())).await;
        let mut store = server.store();
        azure(&mut store).identity.tenant = Some(ours.to_owned());
        let error = fetch(&store).await.expect_err("a refusal");
        assert_eq!(error.code(), expected);
        assert!(error.remedy(&store, &name(), None).contains(remedy));
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::vault(|_| secret()).await;
    let target: &'static str =
        Box::leak(format!("Location: http://localhost:{}/\r\n", elsewhere.port).into_boxed_str());
    let server = Server::vault(move |_| Reply::Http(307, target, BODY.to_owned())).await;
    assert_eq!(code(&server.store()).await, "not-a-vault");
    let server = Server::entra(move |_| Reply::Http(307, target, BODY.to_owned())).await;
    assert_eq!(code(&server.store()).await, "token-answer");
    assert_eq!((elsewhere.tokens(), elsewhere.fetches(), server.fetches()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_kept() {
    let cases = [
        (Server::vault(|_| Reply::Silence).await, "asked for a secret"),
        (Server::entra(|_| Reply::Silence).await, "asked for a token"),
    ];
    for (server, expected) in cases {
        let begun = Instant::now();
        let mut store = server.store();
        azure(&mut store).identity.authority =
            Some(format!("http://login.localhost:{}", server.port).parse().expect("an address"));
        let error = fetch_within(&store, 5.0).await.expect_err("no time");
        // Whoever is silent is named.
        let host = if expected.ends_with("token") { "login.localhost" } else { "vault.localhost" };
        assert_eq!(error.to_string(), format!("there was no time left while {host} was {expected}"));
        assert!(error.remedy(&store, &name(), None).contains(host));
        assert!((5000..5010).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        // With the time for one request shorter, it is the peer's fault.
        store.request_timeout = Duration::from_secs(1);
        let error = fetch_within(&store, 10.0).await.expect_err("no answer");
        assert!(error.to_string().contains(host), "{error}");
        if expected.ends_with("secret") {
            assert!(matches!(error, FetchError::Unreachable { why: Unreachable::Timeout, .. }), "{error:?}");
            assert!(error.remedy(&store, &name(), None).contains("holds answers back"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_vault_have_their_meaning() {
    let inner = |code: &str| {
        format!(r#"{{"error":{{"code":"Forbidden","message":"canary","innererror":{{"code":"{code}"}}}}}}"#)
    };
    let cases = [
        (
            403,
            inner("ForbiddenByRbac"),
            "denied-by-role",
            "az role assignment create --role \"Key Vault Secrets User\" --assignee 3f0a",
        ),
        (
            403,
            inner("AccessDenied"),
            "denied-by-access-policy",
            "az keyvault set-policy --name vault --spn 3f0a --secret-permissions get",
        ),
        (403, inner("ForbiddenByFirewall"), "denied-by-firewall", "az keyvault network-rule add --name vault"),
        (403, inner("ForbiddenByConnection"), "denied-by-private-link", "private endpoint"),
        (403, inner("ForbiddenByPolicy"), "denied-by-policy", "3f0a"),
        (403, inner("SecretDisabled"), "disabled", "--name DB-Password --enabled true"),
        (403, inner("canary\\u001b[31m"), "denied", "3f0a"),
        (403, "<html>canary".to_owned(), "denied", "3f0a"),
        (403, "[]".to_owned(), "denied", "3f0a"),
        (
            404,
            r#"{"error":{"code":"SecretNotFound"}}"#.to_owned(),
            "not-found",
            "az keyvault secret recover --vault-name vault --name DB-Password",
        ),
        (400, r#"{"error":{"code":"BadParameter"}}"#.to_owned(), "bad-request", "api-version"),
        (404, r#"{"error":{"code":"canary"}}"#.to_owned(), "bad-request", "api-version"),
        (404, "<html>canary".to_owned(), "not-a-vault", "is a Key Vault's"),
        (400, "<html>canary".to_owned(), "not-a-vault", "is a Key Vault's"),
        (405, BODY.to_owned(), "not-a-vault", "is a Key Vault's"),
        (401, BODY.to_owned(), "token-rejected", "7d1c"),
    ];
    for (status, body, expected, remedy) in cases {
        let server = Server::vault(move |_| http(status, body.clone())).await;
        let error = fetch(&server.store()).await.expect_err("a refusal");
        assert_eq!(error.code(), expected);
        let found = error.remedy(&server.store(), &name(), None);
        assert!(found.contains(remedy), "{found}");
        assert_eq!(server.fetches(), 1, "{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_entra_have_their_meaning() {
    let cases = [
        (400, "90002", "unknown-tenant"),
        (400, "900023", "unknown-tenant"),
        (400, "700016", "unknown-application"),
        (401, "7000215", "wrong-client-secret"),
        (401, "7000222", "expired-client-secret"),
        (400, "500011", "unknown-resource"),
        (400, "53003", "conditional-access"),
        (400, "7000112", "disabled-application"),
        (400, "7000229", "no-service-principal"),
        (401, "700027", "unknown-certificate"),
        (401, "700213", "no-federated-credential"),
        (401, "700024", "clock"),
        (400, "65001", "token-refused"),
        (400, "", "token-refused"),
    ];
    for (status, number, expected) in cases {
        let body = format!(r#"{{"error":"canary","error_description":"canary","error_codes":[{number}]}}"#);
        let server = Server::entra(move |_| http(status, body.clone())).await;
        assert_eq!(code(&server.store()).await, expected);
        assert_eq!(server.tokens(), 1, "{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_that_cannot_be_reached_say_why() {
    let server = Server::vault(|_| secret()).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    // Somebody who doesn't speak TLS.
    let clear = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let clear_port = clear.local_addr().expect("an address").port();
    let hellos = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hellos);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = clear.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 X\r\n\r\n").await;
        }
    });
    let cases = [
        (format!("http://localhost:{closed}"), Unreachable::Refused, "check the address and its port"),
        ("https://nobody.invalid".to_owned(), Unreachable::Dns, "correct the address"),
        (format!("https://localhost:{clear_port}"), Unreachable::Tls, "TLS 1.2"),
    ];
    for (url, expected, remedy) in cases {
        let mut store = server.store();
        azure(&mut store).url = url.parse().expect("an address");
        azure(&mut store).allow_custom_domain = true;
        let error = fetch(&store).await.expect_err("nobody there");
        assert!(error.remedy(&store, &name(), None).contains(remedy), "{error}");
        // What isn't there comes with no more time.
        assert!(!error.remedy(&store, &name(), None).contains("time"), "{error}");
        let FetchError::Unreachable { why, .. } = error else { panic!("{url}: {error:?}") };
        assert_eq!(why, expected, "{url}");
    }
    // Final at once: another try would meet the same peer.
    assert_eq!(hellos.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn plain_http_leaves_this_machine_never() {
    let server = Server::vault(|_| secret()).await;
    let far = || "http://192.0.2.1".parse().expect("an address");
    let mut store = server.store();
    azure(&mut store).url = far();
    assert_eq!(open(&store).await.err().map(|error| error.code()), Some("plain-http"));
    let mut store = server.store();
    azure(&mut store).identity.authority = Some(far());
    assert_eq!(open(&store).await.err().map(|error| error.code()), Some("plain-http"));
    assert_eq!((server.tokens(), server.fetches()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_ca_file_that_is_none_is_named() {
    let server = Server::vault(|_| secret()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.pem");
    std::fs::write(&text, BODY).expect("a file");
    for path in [folder.path().join("missing.pem"), text] {
        let mut store = server.store();
        azure(&mut store).url = "https://localhost:1".parse().expect("an address");
        azure(&mut store).ca_file = Some(path.clone());
        let error = open(&store).await.err().expect("no authorities");
        assert_eq!(error.code(), "ca-file");
        assert!(error.to_string().contains(&path.display().to_string()));
        hides(&store, &error);
    }
}

/// The secret that Entra gets from such a source, or the error's code.
async fn sent(source: SecretSource) -> String {
    let server = Server::vault(|_| secret()).await;
    let mut store = server.store();
    azure(&mut store).identity.proof = client_secret(source);
    if let Err(error) = fetch(&store).await {
        return error.code().to_owned();
    }
    let body = server.seen(true)[0].body.clone();
    let field = body.split('&').find_map(|field| field.strip_prefix("client_secret="));
    field.expect("a client secret").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_client_secret_comes_from_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let file = |name: &str, content: &[u8]| -> PathBuf {
        std::fs::write(path(name), content).expect("a file");
        path(name)
    };
    let unreadable = "client-secret-unreadable";
    assert_eq!(sent(SecretSource::File(file("bare", b"s1"))).await, "s1");
    assert_eq!(sent(SecretSource::File(file("line", b"s2\n"))).await, "s2");
    assert_eq!(sent(SecretSource::File(file("windows", b"s3\r\n"))).await, "s3");
    assert_eq!(sent(SecretSource::File(file("lines", b"s4\n\n"))).await, "s4%0A");
    assert_eq!(sent(SecretSource::File(file("empty", b"\n"))).await, unreadable);
    assert_eq!(sent(SecretSource::File(file("bytes", b"canary\xff"))).await, unreadable);
    assert_eq!(sent(SecretSource::File(path("missing"))).await, unreadable);
    assert_eq!(sent(SecretSource::Variable("CREDFLOW_TEST_UNSET".to_owned())).await, "client-secret-unset");
    assert_eq!(sent(SecretSource::Variable("CARGO_PKG_NAME".to_owned())).await, "credflow");
}

#[tokio::test(start_paused = true)]
async fn what_stands_around_a_refused_client_secret_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    let cases = [
        ("\u{feff}canary\n", "begins with a byte-order mark", "without a byte-order mark"),
        ("\"canary\"\n", "stands in quotes", "take the quotes around the value in "),
        ("'canary'", "stands in quotes", "take the quotes around the value in "),
        (" canary", "has blanks around it", "take the blanks around the value in "),
        ("canary\n\n", "has blanks around it", "take the blanks around the value in "),
    ];
    for (content, what, remedy) in cases {
        std::fs::write(&path, content).expect("a file");
        let server = Server::entra(|_| http(401, r#"{"error_codes":[7000215]}"#)).await;
        let mut store = server.store();
        azure(&mut store).identity.proof = client_secret(SecretSource::File(path.clone()));
        let error = fetch(&store).await.expect_err("a refusal");
        assert_eq!(error.code(), "wrong-client-secret");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.remedy(&store, &name(), None).contains(remedy), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_firewall_and_a_missing_version_have_their_own_remedies() {
    let store = Server::vault(|_| secret()).await.store();
    let refused = |message: &str| {
        let body =
            serde_json::json!({ "error": { "message": message, "innererror": { "code": "ForbiddenByFirewall" } } });
        FetchError::of_vault(403, body.to_string().as_bytes()).remedy(&store, &name(), None)
    };
    let remedy = refused("Client address is not authorized.\r\nClient address: 203.0.113.7\r\nCaller: canary");
    assert!(remedy.ends_with(" --ip-address 203.0.113.7"), "{remedy}");
    assert!(refused("Client address: 2001:db8::1 from unknown subnet").ends_with(" --ip-address 2001:db8::1"));
    for odd in ["", "Client address: canary", "Client address: 1.2.3.4.5", "Client address: "] {
        assert!(refused(odd).ends_with(" --ip-address ADDRESS"), "{odd}");
    }
    let version = "0f1e2d3c4b5a69788796a5b4c3d2e1f0".parse().expect("a version");
    let remedy = FetchError::NotFound.remedy(&store, &name(), Some(version));
    assert!(remedy.contains("list-versions") && !remedy.contains("recover"), "{remedy}");
    assert!(FetchError::NotFound.remedy(&store, &name(), None).contains("recover"));
}

/// Runs one of the tests below, which are only for this, with such an environment.
fn again(test: &str, configure: impl FnOnce(&mut Command)) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args([
        "--exact",
        &format!("{}::{test}", module_path!().split_once("::").expect("a module").1),
        "--ignored",
    ]);
    configure(&mut command);
    let output = command.output().expect("a run");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[test]
fn proxies_are_not_for_loopback() {
    again("within_a_proxy", |command| {
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, "http://127.0.0.1:1");
        }
        for name in ["no_proxy", "NO_PROXY"] {
            command.env_remove(name);
        }
    });
}

#[tokio::test(start_paused = true)]
#[ignore = "run by another test, with proxies in its environment"]
async fn within_a_proxy() {
    let server = Server::vault(|_| secret()).await;
    assert_eq!(code(&server.store()).await, "ok");
    // A vault elsewhere doesn't lend its proxy to an authority here.
    let mut store = server.store();
    azure(&mut store).url = "https://nobody.invalid".parse().expect("an address");
    azure(&mut store).allow_custom_domain = true;
    assert_eq!(code(&store).await, "unreachable");
    assert_eq!(server.tokens(), 2);
}

#[cfg(unix)]
#[test]
fn a_variable_must_hold_text() {
    use std::os::unix::ffi::OsStrExt;
    again("with_odd_variables", |command| {
        command.env("CREDFLOW_TEST_EMPTY", "");
        command.env("CREDFLOW_TEST_BYTES", std::ffi::OsStr::from_bytes(b"canary\xff"));
    });
}

#[tokio::test(start_paused = true)]
#[ignore = "run by another test, with odd variables in its environment"]
async fn with_odd_variables() {
    assert_eq!(sent(SecretSource::Variable("CREDFLOW_TEST_EMPTY".to_owned())).await, "client-secret-unset");
    assert_eq!(sent(SecretSource::Variable("CREDFLOW_TEST_BYTES".to_owned())).await, "client-secret-not-text");
}

/// Tokens of an engine's own.
#[derive(Default)]
struct OwnTokens {
    asked: AtomicUsize,
    /// They are a local emulator's.
    are_local: bool,
}

impl TokenSource for OwnTokens {
    fn host(&self) -> &'static str {
        "the engine"
    }

    fn is_local(&self) -> bool {
        self.are_local
    }

    fn token<'a>(&'a self, target: &'a TokenTarget, _call: &'a Call) -> BoxFuture<'a, Result<Grant, Failed>> {
        assert_eq!(target.resource, "https://vault.azure.net");
        let nth = self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if nth == 0 {
                return Err(Failed::from(FetchError::EntraBusy(503)));
            }
            Ok(Grant::new(&Secret::new(format!("own-{nth}")), Duration::from_secs(3600))?)
        })
    }
}

/// A pool whose tokens come from there.
fn pool_of(tokens: &Arc<OwnTokens>) -> Pool {
    let tokens = Arc::clone(tokens);
    let azure = AzureKeyVault::new().with_tokens(move |_| Some(Arc::clone(&tokens) as Arc<dyn TokenSource>));
    Pool::new().with_provider(Arc::new(azure))
}

#[tokio::test(start_paused = true)]
async fn an_engine_gives_tokens_of_its_own() {
    // The vault refuses the first one once it was taken.
    let server = Server::vault(|before| if before == 3 { http(401, "{}") } else { secret() }).await;
    let tokens = Arc::new(OwnTokens { are_local: true, ..OwnTokens::default() });
    let pool = pool_of(&tokens);
    let mut stores = [server.store(), server.store()];
    azure(&mut stores[1]).url = format!("http://other.localhost:{}", server.port).parse().expect("an address");
    // What the configuration says of an identity isn't looked at.
    for store in &mut stores {
        azure(store).identity.proof = client_secret(SecretSource::Variable("UNSET".to_owned()));
    }
    let call = within(20.0);
    for store in &stores {
        let open = pool.open(store, &call).await.expect("a store");
        for _ in 0..2 {
            open.fetch(&name(), None, &call).await.expect("a secret");
        }
    }
    // Tried again, shared by both stores, and renewed when it is refused.
    assert_eq!((tokens.asked.load(Ordering::SeqCst), server.tokens()), (3, 0));
    let sent: Vec<String> = server.seen(false).iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(sent, ["Bearer own-1", "Bearer own-1", "Bearer own-1", "Bearer own-1", "Bearer own-2"]);
}

/// What a caller does with the fields.
type Change = Box<dyn Fn(&mut AzureVault)>;

/// Whatever a caller makes of a store's fields, no token leaves its resource's domain, and none is asked for in vain.
#[tokio::test(start_paused = true)]
async fn no_token_goes_to_a_host_outside_of_its_resource() {
    let server = Server::vault(|_| secret()).await;
    let url = |text: &str| text.parse::<url::Url>().expect("an address");
    let changes: [Change; 10] = [
        // To this machine, with tokens of Entra ID itself; these don't come from `authority`, which is on this machine.
        Box::new(|vault| vault.identity.proof = Proof::AzureCli),
        Box::new(|vault| vault.identity.proof = Proof::ManagedIdentity { client: None }),
        Box::new(|vault| vault.identity.authority = None),
        Box::new(move |vault| vault.identity.authority = Some(url("https://login.microsoftonline.com"))),
        Box::new(move |vault| vault.url = url("https://evil.example")),
        Box::new(move |vault| vault.url = url("https://vault.azure.net.evil.example")),
        Box::new(move |vault| vault.url = url("https://evilvault.azure.net")),
        // Texts that who gives tokens may read otherwise than who parses addresses.
        Box::new(move |vault| {
            vault.url = url("https://a.evil.example");
            vault.identity.resource = Some("https://evil.example/https://vault.azure.net".to_owned());
        }),
        Box::new(move |vault| {
            vault.url = url("https://a.vault.azure.net.evil.example");
            vault.identity.resource = Some("https://vault.azure.net\n.evil.example".to_owned());
        }),
        Box::new(move |vault| {
            vault.url = url("https://a.evil.example");
            vault.identity.resource = Some("https://vault.azure.net@evil.example".to_owned());
        }),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut store = server.store();
        change(azure(&mut store));
        let tokens = Arc::<OwnTokens>::default();
        for pool in [Pool::new(), pool_of(&tokens)] {
            let call = within(20.0);
            let open = pool.open(&store, &call).await.expect("a store");
            let error = open.fetch(&name(), None, &call).await.expect_err("a refusal");
            assert_eq!(error.code(), "foreign-host", "{index}: {error}");
            assert!(error.remedy(&store, &name(), None).contains("allow-custom-domain"), "{index}");
        }
        assert_eq!(tokens.asked.load(Ordering::SeqCst), 0, "{index}");
    }
    assert!(server.seen.lock().expect("the log").is_empty());
}

/// The address of the next page comes from the vault: it gets no token elsewhere, another vault of the domain included.
#[tokio::test(start_paused = true)]
async fn a_next_page_is_the_vaults_own() {
    let server = Server::vault(|before| match before {
        0 => http(200, r#"{"value":[{"id":"https://x/secrets/a"}],"nextLink":"https://evil.vault.azure.net/secrets"}"#),
        _ => http(200, r#"{"value":[{"id":"https://x/secrets/a_b"}],"nextLink":null}"#),
    })
    .await;
    let call = within(5.0);
    let open = open(&server.store()).await.expect("a vault");
    let error = open.names(&call).await.expect_err("another host's page");
    assert_eq!(error, FetchError::Answer("its next page is another host's"));
    let error = open.names(&call).await.expect_err("a name that is none");
    assert_eq!(error, FetchError::Answer("it is not a page of a list"));
    assert_eq!(server.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_list_is_told_as_such() {
    let server = Server::vault(|_| http(200, r#"{"value":[],"nextLink":null}"#)).await;
    let (events, mut happened) = FetchEvents::channel(100);
    let call = within(5.0).telling(Some(events));
    let open = open(&server.store()).await.expect("a vault");
    open.names(&call).await.expect("names");
    open.versions(&name(), &call).await.expect("versions");
    drop(call);
    let mut asked = Vec::new();
    while let Some(event) = happened.next().await {
        if let FetchEvent::Requested { what, .. } = event {
            asked.push(what);
        }
    }
    assert_eq!(asked, [Asked::Token, Asked::List, Asked::List]);
}

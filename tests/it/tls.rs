//! TLS, names, proxies and the challenge of a vault in no known cloud: real handshakes on loopback, with certificates
//! that are wrong in one way each.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use credflow::emulator::{Authority, Emulator, Vault};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

const VERSION: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const CANARY: &str = "canary-7f3a9c";
const DAY: Duration = Duration::from_secs(86_400);

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn acceptor(issuer: &Issuer, names: &[&str], end: SystemTime) -> TlsAcceptor {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.not_before = (SystemTime::now() - 30 * DAY).into();
    params.not_after = end.into();
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// Entra ID and Key Vault behind TLS, for any host. The resource is what its challenge asks for; the log has each
/// request line and whether a token came with it.
struct Server {
    port: u16,
    log: Arc<Mutex<Vec<(String, bool)>>>,
    /// How many connections were made.
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(tls: TlsAcceptor, resource: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::<AtomicUsize>::default();
        let (kept, count) = (Arc::clone(&log), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (tls, log) = (tls.clone(), Arc::clone(&log));
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let mut stream = BufReader::new(stream);
                    loop {
                        let (mut line, mut length, mut has_token) = (String::new(), 0, false);
                        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                            return;
                        }
                        loop {
                            let mut header = String::new();
                            let _ = stream.read_line(&mut header).await;
                            let header = header.trim_end().to_ascii_lowercase();
                            if header.is_empty() {
                                break;
                            }
                            has_token |= header.starts_with("authorization:");
                            length =
                                header.strip_prefix("content-length: ").map_or(length, |it| it.parse().expect("it"));
                        }
                        let mut body = vec![0; length];
                        let _ = stream.read_exact(&mut body).await;
                        log.lock().expect("the log").push((line.clone(), has_token));
                        let answer = answer(&line, has_token, resource);
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, log: kept, connections }
    }

    fn log(&self) -> Vec<(String, bool)> {
        self.log.lock().expect("the log").clone()
    }
}

fn answer(line: &str, has_token: bool, resource: &str) -> String {
    let http = |status: u16, header: &str, body: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{header}\r\n{body}", body.len())
    };
    if line.starts_with("POST") {
        return http(200, "", r#"{"expires_in":3599,"access_token":"canary-token"}"#);
    }
    if !has_token {
        let challenge = format!(
            "WWW-Authenticate: Bearer authorization=\"https://elsewhere.example/7d1c\", resource=\"{resource}\"\r\n"
        );
        return http(401, &challenge, r#"{"error":{"code":"Unauthorized"}}"#);
    }
    http(200, "", &format!(r#"{{"value":"{CANARY}","id":"https://v/secrets/s/{VERSION}"}}"#))
}

/// A proxy that takes CONNECT to anywhere, and leads there. Its log has the hosts.
async fn proxy(to: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hosts = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&hosts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                let _ = stream.read_line(&mut line).await;
                log.lock().expect("the log").push(line.trim_end().to_owned());
                while {
                    line.clear();
                    stream.read_line(&mut line).await.unwrap_or(0) > 2
                } {}
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\n\r\n").await;
                let mut there = TcpStream::connect(("127.0.0.1", to)).await.expect("the server");
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    (port, hosts)
}

struct Project(tempfile::TempDir);

impl Project {
    fn new(issuer: &str, store: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("ca.pem"), issuer).expect("a file");
        let store = store.lines().map(str::trim).collect::<Vec<_>>().join("\n    ");
        let config = format!(
            "stores:\n  payments:\n    {store}\n    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08\n    client-secret: {{ env: S }}\n"
        );
        fs::write(folder.path().join("credflow.yaml"), config).expect("a file");
        Self(folder)
    }

    /// Runs a command that needs the value, with time that only a hang takes. `ok`, or what was said.
    async fn exec(&self, variables: &[(&str, &str)]) -> Result<(), String> {
        self.exec_within(300, variables).await
    }

    async fn exec_within(&self, seconds: u64, variables: &[(&str, &str)]) -> Result<(), String> {
        let mut command = crate::project::program();
        let script = format!("test \"$V\" = {CANARY}");
        command
            .args(["exec", "--timeout", &seconds.to_string(), "--", "sh", "-c", &script])
            .current_dir(self.0.path())
            .env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("S", "canary-secret");
        command.env("V", "$<credential:payments/plain>").envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("canary"), "{said}");
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[tokio::test]
async fn a_certificate_must_be_trusted_right_and_in_its_time() {
    let (issuer, stranger) = (authority(), authority());
    let (later, past) = (SystemTime::now() + DAY, SystemTime::now() - DAY);
    let cases = [
        (&issuer, "localhost", later, None),
        (&stranger, "localhost", later, Some(["not trusted", "ca-file"])),
        (&issuer, "another.localhost", later, Some(["for another name", "ordinary name"])),
        (&issuer, "localhost", past, Some(["has expired", "clock"])),
    ];
    for (signer, name, end, expected) in cases {
        let server = Server::start(acceptor(signer, &[name], end), "https://vault.azure.net").await;
        let url = format!("https://localhost:{}", server.port);
        let store = format!(
            "vault-url: {url}\nauthority: {url}\ntenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90\nca-file: ca.pem"
        );
        let result = Project::new(&issuer.pem(), &store).exec(&[]).await;
        match expected {
            None => assert_eq!(result, Ok(())),
            Some(expected) => {
                let said = result.expect_err("no value");
                assert!(expected.iter().all(|expected| said.contains(expected)), "{said}");
                assert_eq!(server.log(), [], "nothing is sent to who isn't trusted");
                // Another handshake would meet the same certificate.
                assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{said}");
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_leads_to_a_vault_that_tells_its_tenant_and_resource() {
    let issuer = authority();
    let hosts = ["payments.vault.corp.example", "login.corp.example"];
    let tls = acceptor(&issuer, &hosts, SystemTime::now() + DAY);
    let server = Server::start(tls, "https://vault.corp.example").await;
    let (port, asked) = proxy(server.port).await;
    let through = format!("http://127.0.0.1:{port}");
    let store =
        "vault-url: https://payments.vault.corp.example\nauthority: https://login.corp.example\nca-file: ca.pem";
    let project = Project::new(&issuer.pem(), store);
    project.exec(&[("HTTPS_PROXY", &through)]).await.expect("a value");
    let lines = asked.lock().expect("the log").clone();
    assert!(lines.iter().any(|line| line.starts_with("CONNECT payments.vault.corp.example:443")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("CONNECT login.corp.example:443")), "{lines:?}");
    let log = server.log();
    assert!(!log[0].1, "the first request has no token");
    assert!(log[1].0.starts_with("POST /7d1c/oauth2/v2.0/token"), "{log:?}");
    assert!(log[2].1);
    assert_eq!(log.len(), 3);
    // A host that the proxy isn't for is asked directly, and isn't there.
    let no_proxy = [("HTTPS_PROXY", through.as_str()), ("NO_PROXY", ".corp.example")];
    let said = project.exec(&no_proxy).await.expect_err("no value");
    assert!(said.contains("its name has no address"), "{said}");
}

/// A proxy that answers every CONNECT so. It counts them.
async fn answering(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::<AtomicUsize>::default();
    let asked = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            asked.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, count)
}

#[tokio::test]
async fn faults_of_a_proxy_are_told_as_its_own() {
    let store = "vault-url: https://payments.vault.corp.example\nauthority: https://login.corp.example
        azure-resource: https://vault.corp.example\ntenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90";
    let project = Arc::new(Project::new("", store));
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let (login, asked) = answering("HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n").await;
    let (refusing, _) = answering("HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n").await;
    let local = |port: u16| format!("http://127.0.0.1:{port}");
    let cases = [
        (local(closed), "login.corp.example can't be reached: the proxy can't be reached", "correct HTTPS_PROXY"),
        ("http://proxy.invalid:3128".to_owned(), "the proxy can't be reached", "NO_PROXY"),
        (local(login), "the proxy asks for a login (HTTP 407)", "USER:PASSWORD"),
    ];
    // Side by side, as most are asked again after a while.
    let mut tasks = JoinSet::new();
    for (through, expected, remedy) in cases {
        let project = Arc::clone(&project);
        tasks.spawn(async move {
            let said = project.exec(&[("HTTPS_PROXY", &through)]).await.expect_err("no value");
            assert!(said.contains(expected) && said.contains(remedy), "{through}: {said}");
        });
    }
    tasks.join_all().await;
    // This one is asked as long as there is time. However slow the machine is, some time is enough for an answer.
    for seconds in (1..9).map(|doubled| 1 << doubled) {
        let said = project.exec_within(seconds, &[("HTTPS_PROXY", &local(refusing))]).await.expect_err("no value");
        if !said.contains("there was no time left") {
            assert!(said.contains("the proxy makes no connection to it") && said.contains("NO_PROXY"), "{said}");
            break;
        }
        assert!(seconds < 256, "{said}");
    }
    // A login isn't found by trying again.
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_machine_without_authorities_is_told() {
    let project = Project::new(
        "",
        "vault-url: https://payments.vault.azure.net\ntenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90",
    );
    let (file, folder) = (project.path("empty.pem"), project.path("none"));
    fs::write(&file, "").expect("a file");
    let nothing =
        [("SSL_CERT_FILE", file.to_str().expect("a path")), ("SSL_CERT_DIR", folder.to_str().expect("a path"))];
    let said = project.exec(&nothing).await.expect_err("no value");
    assert!(said.contains("system-authorities") && said.contains("ca-certificates"), "{said}");
}

#[tokio::test]
async fn a_vault_gets_no_token_for_a_domain_that_it_is_not_in() {
    let issuer = authority();
    let hosts = ["payments.vault.corp.example", "login.microsoftonline.com"];
    let server = Server::start(acceptor(&issuer, &hosts, SystemTime::now() + DAY), "https://vault.azure.net").await;
    let (port, asked) = proxy(server.port).await;
    let through = format!("http://127.0.0.1:{port}");
    let store = "vault-url: https://payments.vault.corp.example\nca-file: ca.pem";
    let project = Project::new(&issuer.pem(), store);
    let said = project.exec(&[("HTTPS_PROXY", &through)]).await.expect_err("no value");
    assert!(said.contains("foreign-resource") && said.contains("https://vault.azure.net"), "{said}");
    assert!(server.log().iter().all(|(line, has_token)| !has_token && line.starts_with("GET")));
    assert!(!asked.lock().expect("the log").iter().any(|line| line.contains("login")));
    // Unless the store says that it may.
    let project = Project::new(&issuer.pem(), &format!("{store}\nallow-custom-domain: true"));
    project.exec(&[("HTTPS_PROXY", &through)]).await.expect("a value");
}

#[tokio::test]
async fn a_vault_without_an_address_is_unknown_once_a_token_was_given() {
    let issuer = authority();
    let server = Server::start(acceptor(&issuer, &["login.corp.example"], SystemTime::now() + DAY), "none").await;
    let (port, _) = proxy(server.port).await;
    let through = format!("http://127.0.0.1:{port}");
    let store = "vault-url: https://nobody.vault.invalid\nazure-resource: https://vault.invalid\ntenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90
        authority: https://login.corp.example\nca-file: ca.pem";
    let variables = [("HTTPS_PROXY", through.as_str()), ("NO_PROXY", "vault.invalid")];
    let said = Project::new(&issuer.pem(), store).exec(&variables).await.expect_err("no vault");
    assert!(said.contains("there is no vault nobody.vault.invalid") && said.contains("az keyvault list"), "{said}");
}

#[tokio::test]
async fn the_system_s_authorities_are_trusted_as_its_variables_say() {
    let issuer = authority();
    let server =
        Server::start(acceptor(&issuer, &["localhost"], SystemTime::now() + DAY), "https://vault.azure.net").await;
    let url = format!("https://localhost:{}", server.port);
    let project = Project::new(
        &issuer.pem(),
        &format!("vault-url: {url}\nauthority: {url}\ntenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90"),
    );
    let file = project.path("ca.pem").display().to_string();
    project.exec(&[("SSL_CERT_FILE", &file)]).await.expect("a value");
    let said = project.exec(&[]).await.expect_err("no value");
    assert!(said.contains("not trusted"), "{said}");
}

#[tokio::test]
async fn the_emulator_speaks_tls_and_http_2() {
    let authority = Authority::new();
    let pem = authority.pem().to_owned();
    let vault = Vault::new("payments").secret("plain", CANARY);
    let emulator = Emulator::builder().vault(vault).https(authority).start().await.expect("an emulator");
    let application = &emulator.applications()[0];
    let url = emulator.vault_url("payments").expect("a vault");
    assert_eq!(url.scheme(), "https");
    let store = format!(
        "vault-url: {url}\nauthority: {}\ntenant-id: {}\nca-file: ca.pem",
        emulator.authority(),
        application.tenant
    );
    let project = Project::new(&pem, &store);
    let config = fs::read_to_string(project.path("credflow.yaml")).expect("the configuration");
    fs::write(
        project.path("credflow.yaml"),
        config
            .replace("client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08", &format!("client-id: {}", application.client)),
    )
    .expect("a file");
    project.exec(&[("S", application.client_secret().expose())]).await.expect("a value");
    assert_eq!(emulator.counts().of_secret("payments", "plain"), 1);
}

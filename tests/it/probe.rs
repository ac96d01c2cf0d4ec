//! `stores test` against vaults that are wrong in one way each: what a person sees, and what a program gets.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use credflow::config::Config;
use credflow::emulator::{Access, Emulator, Vault};
use credflow::source::Source;
use credflow::store::{Check, Pool};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::clock::pace;

const CANARY: &str = "canary-7f3a9c";

struct World {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

impl World {
    async fn start(offset: i64) -> Self {
        let vault = |name: &str| Vault::new(name).secret("plain", CANARY);
        let emulator = Emulator::builder()
            .vault(vault("fine"))
            .vault(vault("role").access(Access::NoRole))
            .vault(vault("policy").access(Access::NoPolicy))
            .vault(vault("firewall").access(Access::Firewall))
            .vault(vault("link").access(Access::PrivateLink))
            .clock_offset(offset)
            .start()
            .await
            .expect("an emulator");
        Self { emulator, folder: tempfile::tempdir().expect("a folder") }
    }

    /// A store of that vault, with further properties.
    fn store(&self, name: &str, vault: &str, properties: &str) -> String {
        let url = self.emulator.vault_url(vault).expect("a vault");
        self.at(name, url.as_str(), properties)
    }

    fn at(&self, name: &str, url: &str, properties: &str) -> String {
        let application = &self.emulator.applications()[0];
        let (authority, client) = (self.emulator.authority(), &application.client);
        format!(
            "  {name}:\n    vault-url: {url}\n    authority: {authority}\n    client-id: {client}\n    client-secret: {{ env: S }}\n{properties}"
        )
    }

    /// What `stores test` prints, and its exit code.
    async fn test(&self, stores: &str, args: &[&str]) -> (String, Option<i32>) {
        fs::write(self.folder.path().join("credflow.yaml"), format!("stores:\n{stores}")).expect("a file");
        let mut command = crate::project::program();
        command.args(["stores", "test", "--timeout", "300"]).args(args).current_dir(self.folder.path()).env_clear();
        command.env("S", self.emulator.applications()[0].client_secret().expose());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!out.contains("canary") && err.is_empty(), "{out}{err}");
        let port = self.emulator.address().port().to_string();
        (out.replace(&port, "PORT"), output.status.code())
    }
}

/// Numbers that differ from run to run.
fn scrub(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" ms\n") {
        let digits = rest[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        out += &rest[..at - digits];
        out += "N ms\n";
        rest = &rest[at + 4..];
    }
    out + rest
}

#[tokio::test]
async fn each_store_has_a_line_and_each_failure_its_remedy() {
    let world = World::start(0).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
    let stores = [
        world.store("fine", "fine", ""),
        world.store("role", "role", ""),
        world.store("policy", "policy", ""),
        world.store("firewall", "firewall", ""),
        world.store("link", "link", ""),
        world.store("old", "fine", "    api-version: \"6.5\"\n"),
        world.store("tenant", "fine", "    tenant-id: 11111111-1111-1111-1111-111111111111\n"),
        world.at("ca", "https://localhost:9", "    ca-file: missing.pem\n"),
        world.at("nobody", "https://nobody.vault.invalid", "    azure-resource: https://vault.invalid\n"),
        world.at("closed", &format!("http://localhost:{closed}"), ""),
    ];
    let (text, code) = world.test(&stores.concat(), &[]).await;
    assert_eq!(code, Some(3));
    insta::assert_snapshot!(scrub(&text));
    // No value was asked for.
    let counts = world.emulator.counts();
    assert!(counts.gets.keys().all(|(_, secret)| secret.starts_with("credflow-probe-")), "{counts:?}");
}

/// Somebody who answers everything so; nothing at all without an answer.
async fn peer(answer: Option<String>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    match &answer {
                        Some(answer) => stream.write_all(answer.as_bytes()).await.expect("a socket"),
                        None => std::future::pending().await,
                    }
                }
            });
        }
    });
    port
}

#[tokio::test(start_paused = true)]
async fn who_answers_badly_is_not_blamed_for_its_name_or_its_connection() {
    let http = |status: u16, header: &str, body: &str| {
        Some(format!("HTTP/1.1 {status} X\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len()))
    };
    let challenge = "WWW-Authenticate: Basic realm=\"canary\"\r\n";
    let peers = [
        ("silent", None, "does not answer in time (unreachable)"),
        ("busy", http(503, "", "canary"), "the store has a fault (HTTP 503) (server-fault)"),
        ("throttled", http(429, "Retry-After: 1\r\n", "canary"), "the store is throttling (throttled)"),
        ("patient", http(429, "Retry-After: 600\r\n", "canary"), "the store is throttling (throttled)"),
        ("page", http(404, "", "<html>canary"), "no Key Vault: its refusal has no code (not-a-vault)"),
        ("home", http(200, "", "<html>canary"), "no Key Vault: its refusal has no code (not-a-vault)"),
        ("portal", http(302, "Location: http://localhost:9/\r\n", ""), "is not followed (not-a-vault)"),
        ("basic", http(401, challenge, "canary"), "does not say which token it takes (not-a-vault)"),
        ("closing", Some(String::from("nonsense\r\n\r\n")), "the connection broke (unreachable)"),
    ];
    let mut stores = String::from("stores:\n");
    for (name, answer, _) in &peers {
        let url = format!("http://localhost:{}", peer(answer.clone()).await);
        let _ = writeln!(
            stores,
            "  {name}:\n    vault-url: {url}\n    authority: {url}\n    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08\n    client-secret: {{ env: UNSET }}"
        );
    }
    let (config, _) = Config::parse(&Source::private("credflow.yaml", stores)).expect("a configuration");
    let _pace = pace();
    let begun = Instant::now();
    let probes = Pool::new().probe(&config.stores, Duration::from_secs(30)).await;
    // A vault has 20 s to answer well.
    assert!((19..=20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    for ((name, _, expected), probe) in peers.iter().zip(probes) {
        let probe = probe.expect("checks");
        let check = |of: &str| probe.check(of).expect("a check");
        assert_eq!((check("dns"), check("tls")), (&Check::Fine, &Check::Fine), "{name}");
        let told = |check: &Check| match check {
            Check::Failed(error) => format!("{error} ({})", error.code()),
            other => format!("{other:?}"),
        };
        assert!(told(check("answer")).ends_with(expected), "{name}: {}", told(check("answer")));
        // What is wrong on this machine is told beside it.
        let unset = "the variable UNSET with the client secret is not set";
        assert!(told(check("token")).starts_with(unset), "{name}: {}", told(check("token")));
        assert_eq!(*check("permission"), Check::Skipped, "{name}");
        let shown = format!("{probe:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_secret_is_told_beside_a_name_without_address() {
    let world = World::start(0).await;
    let nobody =
        |name: &str| world.at(name, "https://nobody.vault.invalid", "    azure-resource: https://vault.invalid\n");
    let stores = nobody("unset").replace("{ env: S }", "{ env: UNSET }")
        + &nobody("file").replace("{ env: S }", "{ file: none.txt }");
    let (text, code) = world.test(&stores, &[]).await;
    assert_eq!(code, Some(3), "{text}");
    for expected in
        ["unset: dns: ", "unset: token: the variable UNSET", "file: dns: ", "file: token: the file none.txt"]
    {
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn a_program_gets_json() {
    let world = World::start(0).await;
    let stores = [world.store("fine", "fine", ""), world.store("role", "role", "")].concat();
    let (text, code) = world.test(&stores, &["--format", "json"]).await;
    assert_eq!(code, Some(3));
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (fine, role) = (&json["stores"][0], &json["stores"][1]);
    assert_eq!((fine["store"].as_str(), fine["ok"].as_bool()), (Some("fine"), Some(true)));
    assert_eq!(fine["identity"], "client-secret");
    assert!(fine["latency-ms"].is_u64() && fine["clock-ahead-seconds"].is_i64());
    let checks: Vec<&str> =
        fine["checks"].as_array().expect("checks").iter().filter_map(|it| it["check"].as_str()).collect();
    assert_eq!(checks, ["dns", "tls", "answer", "token", "permission", "api-version", "clock"]);
    let failed = &role["checks"][4];
    assert_eq!((failed["result"].as_str(), failed["code"].as_str()), (Some("failed"), Some("denied-by-role")));
    assert!(failed["remedy"].as_str().is_some_and(|it| it.contains("az role assignment create")));
    assert_eq!(role["checks"][5]["result"], "skipped");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told() {
    for (offset, word) in [(3600, "behind"), (-3600, "ahead")] {
        let world = World::start(offset).await;
        let (text, code) = world.test(&world.store("fine", "fine", ""), &[]).await;
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("fine: clock: this machine's clock is 3") && text.contains(word), "{text}");
    }
    let world = World::start(0).await;
    let (text, code) = world.test(&world.store("fine", "fine", ""), &[]).await;
    assert_eq!(code, Some(0), "{text}");
}

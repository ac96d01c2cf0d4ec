//! Fetching in whole processes, against what the limits allow: many secrets, slow vaults, throttled vaults, many vaults.
//!
//! `cargo bench --bench fetch` prints the tables of `docs/performance.md`; with `-- latency`, `-- throttle` or
//! `-- vaults` one of them.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use credflow::emulator::{Authority, Builder, Emulator, Fault, Limit, Vault};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const CREDFLOW: &str = env!("CARGO_BIN_EXE_credflow");

/// Requests in flight for one vault when nobody says.
const CONCURRENCY: usize = 32;

/// When GETs of secrets came.
type Times = Arc<Mutex<Vec<Instant>>>;

/// An emulator with secrets spread over vaults, and a project that needs all of them.
struct Setting {
    times: Times,
    emulator: Emulator,
    folder: tempfile::TempDir,
    vaults: usize,
    secrets: usize,
}

impl Setting {
    fn new(runtime: &Runtime, vaults: usize, secrets: usize, faults: Vec<Fault>, https: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let times = Times::default();
        let log = Arc::clone(&times);
        let mut builder = Emulator::builder().faults(faults).observed(move |observed| {
            if observed.path.starts_with("/secrets/") {
                log.lock().expect("the log").extend(Instant::now().checked_sub(observed.elapsed));
            }
        });
        let mut workflow = String::from("steps:\n  - run: x\n    env:\n");
        for vault in 0..vaults {
            let name = format!("vault-{vault}");
            let mut filled = Vault::new(&name);
            for secret in 0..secrets / vaults {
                filled = filled.secret(&format!("secret-{secret}"), &format!("value-{secret}"));
                let _ = writeln!(workflow, "      V{vault}_{secret}: $<credential:{name}/secret-{secret}>");
            }
            builder = builder.vault(filled);
        }
        if https {
            let authority = Authority::new();
            fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
            builder = Builder::https(builder, authority);
        }
        let emulator = runtime.block_on(builder.start()).expect("an emulator");
        let application = &emulator.applications()[0];
        let mut config = String::from("stores:\n");
        for vault in 0..vaults {
            let name = format!("vault-{vault}");
            let url = emulator.vault_url(&name).expect("a vault");
            let (authority, tenant, client) = (emulator.authority(), &application.tenant, &application.client);
            let _ = write!(
                config,
                "  {name}:\n    vault-url: {url}\n    authority: {authority}\n    tenant-id: {tenant}\n    client-id: {client}\n    client-secret: {{ env: BENCH_SECRET }}\n    azure-resource: https://vault.azure.net\n"
            );
            if https {
                config.push_str("    ca-file: ca.pem\n");
            }
        }
        fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
        fs::write(folder.path().join("credflow.yaml"), config).expect("a file");
        Self { times, emulator, folder, vaults, secrets }
    }

    /// How often nothing came for most of a second.
    fn pauses(&self) -> usize {
        let mut times = self.times.lock().expect("the log").clone();
        times.sort_unstable();
        times.windows(2).filter(|pair| pair[1] - pair[0] > Duration::from_millis(900)).count()
    }

    /// A whole process that fetches all of it: how long it took, and its peak memory in megabytes.
    fn run(&self) -> (Duration, f64) {
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%M", CREDFLOW, "render", "w.yaml", "--timeout", "600"]);
        command.current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env("BENCH_SECRET", self.emulator.applications()[0].client_secret().expose());
        let begun = Instant::now();
        let output = command.output().expect("/usr/bin/time");
        let took = begun.elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let peak: f64 = said.lines().last().and_then(|line| line.trim().parse().ok()).expect("kilobytes");
        (took, peak * 1.024e-3)
    }

    /// The same GETs over bare sockets, one after the other on so many connections for each vault: no client can be
    /// faster against this emulator on this machine.
    async fn bare(&self, connections: usize) -> Duration {
        let address = self.emulator.address();
        let begun = Instant::now();
        let token = common::token(&self.emulator).await;
        let mut tasks = tokio::task::JoinSet::new();
        for vault in 0..self.vaults {
            let (next, each) = (Arc::new(AtomicUsize::new(0)), self.secrets / self.vaults);
            for _ in 0..connections.min(each) {
                let (next, token) = (Arc::clone(&next), token.clone());
                tasks.spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    loop {
                        let secret = next.fetch_add(1, Ordering::Relaxed);
                        if secret >= each {
                            return;
                        }
                        let request = format!(
                            "GET /secrets/secret-{secret}/?api-version=7.4 HTTP/1.1\r\nHost: vault-{vault}.localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
                        );
                        assert!(common::exchange(&mut stream, &request).await.starts_with("HTTP/1.1 200"));
                    }
                });
            }
        }
        tasks.join_all().await;
        begun.elapsed()
    }
}

/// The waves that the concurrency takes with the token before them, or the vault's own limit where that is later.
fn floor(secrets: usize, latency: Duration) -> Duration {
    let waves = u32::try_from(secrets.div_ceil(CONCURRENCY)).expect("some waves");
    let windows = u32::try_from((secrets - 1) / Limit::KEY_VAULT.requests).expect("some windows");
    (latency * (1 + waves)).max(Limit::KEY_VAULT.window * windows)
}

/// What prints one of the tables.
type Table = fn(&Runtime);

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let tables: [(&str, Table); 3] = [("latency", latency), ("throttle", throttle), ("vaults", vaults)];
    let wanted = std::env::args().skip(1).find(|wanted| tables.iter().any(|(name, _)| name == wanted));
    for (name, table) in tables {
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            table(&runtime);
        }
    }
}

fn latency(runtime: &Runtime) {
    println!("| secrets | latency | HTTP/1.1 | / floor | / bare sockets | HTTP/2 over TLS | / floor | memory |");
    println!("|---|---|---|---|---|---|---|---|");
    for secrets in [20, 100, 1_000, 10_000] {
        for milliseconds in [0, 20, 50] {
            row(runtime, secrets, Duration::from_millis(milliseconds));
        }
    }
}

fn throttle(runtime: &Runtime) {
    println!("\n| throttled with `Retry-After: 1` | time | pauses | throttled requests | other requests |");
    println!("|---|---|---|---|---|");
    let of_first = [3, 10, 30, 300]
        .map(|first| (format!("the first {first} of 1,000 fetches"), Fault::throttled(Some(1)).times(first)));
    let by_chance = ("three of ten, of 1,000 fetches".to_owned(), Fault::throttled(Some(1)).rate(0.3));
    for (what, fault) in of_first.into_iter().chain([by_chance]) {
        let setting = Setting::new(runtime, 1, 1_000, vec![fault], false);
        let (took, _) = setting.run();
        let counts = setting.emulator.counts();
        println!("| {what} | {took:.1?} | {} | {} | {} |", setting.pauses(), counts.throttled, counts.total());
    }
}

fn vaults(runtime: &Runtime) {
    const VAULTS: usize = 50;
    const SECRETS: usize = 10_000;
    let latency = Duration::from_millis(20);
    let faults = vec![Fault::delayed(latency), Fault::limited(Limit::KEY_VAULT)];
    let setting = Setting::new(runtime, VAULTS, SECRETS, faults, false);
    let bare = runtime.block_on(setting.bare(20));
    let before = setting.emulator.counts();
    let (took, memory) = setting.run();
    let counts = setting.emulator.counts();
    println!("\n10,000 secrets of 50 vaults at 20 ms, with Key Vault's own throttle:");
    common::ratio("whole process / what the limits allow", took, floor(SECRETS / VAULTS, latency), 1.5);
    common::ratio("whole process / bare sockets (1,000 connections)", took, bare, 1.5);
    common::ratio("bare sockets / what the limits allow", bare, floor(SECRETS / VAULTS, latency), 1.5);
    let (gets, tokens) = (counts.total() - before.total(), counts.tokens - before.tokens);
    println!(
        "{gets} GETs, {tokens} token request, {} throttled, peak memory {memory:.1} MB (at most 100)",
        counts.throttled
    );
}

fn row(runtime: &Runtime, secrets: usize, latency: Duration) {
    let faults = vec![Fault::delayed(latency)];
    let runs = if secrets > 1_000 { 1 } else { 3 };
    let best = |setting: &Setting| {
        let runs = (0..runs).map(|_| setting.run());
        runs.min_by_key(|(took, _)| *took).expect("a run")
    };
    let plain = Setting::new(runtime, 1, secrets, faults.clone(), false);
    let (plain_took, memory) = best(&plain);
    let bare = (0..runs).map(|_| runtime.block_on(plain.bare(CONCURRENCY))).min().expect("a run");
    let (http2_took, _) = best(&Setting::new(runtime, 1, secrets, faults, true));
    let floor = floor(secrets, latency);
    let against = |took: Duration| {
        if floor.is_zero() { "-".to_owned() } else { format!("{:.2}", took.as_secs_f64() / floor.as_secs_f64()) }
    };
    println!(
        "| {secrets} | {} ms | {plain_took:.1?} | {} | {:.2} | {http2_took:.1?} | {} | {memory:.0} MB |",
        latency.as_millis(),
        against(plain_took),
        plain_took.as_secs_f64() / bare.as_secs_f64(),
        against(http2_took),
    );
}

//! The emulator: how soon it is ready, and how many GETs it answers.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use credflow::emulator::{Emulator, Vault};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CREDFLOW: &str = env!("CARGO_BIN_EXE_credflow");

const CONNECTIONS: usize = 32;
const GETS: usize = 3_000;

fn main() {
    let (first, again, bare) = ready();
    common::ratio("ready to serve, keys made before / a start of the process alone", again, bare, 10.0);
    println!(
        "with the keys to be made: {first:.1?}; at most 50 ms: {}",
        if again.max(first).as_millis() < 50 { "within" } else { "ABOVE" }
    );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let rate = runtime.block_on(gets());
    println!(
        "GETs over {CONNECTIONS} HTTP/1.1 connections, client and emulator on the same two threads: {rate:.0} a second; at least 10,000: {}",
        if rate >= 10_000.0 { "within" } else { "BELOW" }
    );
}

/// From the start of the process until it says where it listens: the first time, the best of the later ones, and the
/// process with nothing to do.
fn ready() -> (Duration, Duration, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("vaults.yaml"), "payments: { db-password: hunter2 }\n").expect("a file");
    let start = || {
        let begun = Instant::now();
        let mut command = Command::new(CREDFLOW);
        command.args(["emulate", "vaults.yaml", "--port", "0"]).current_dir(folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // It listens by the time that it writes where.
        lines.next().expect("a line").expect("a line");
        let took = begun.elapsed();
        child.kill().expect("a process");
        child.wait().expect("an end");
        took
    };
    let first = start();
    let again = (0..10).map(|_| start()).min().expect("a run");
    let bare = common::best(10, || Command::new(CREDFLOW).arg("--version").stdout(Stdio::null()).status());
    (first, again, bare)
}

/// GETs a second.
async fn gets() -> f64 {
    let vault = (0..100).fold(Vault::new("payments"), |vault, index| vault.secret(&format!("s-{index}"), "value"));
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    let (address, token) = (emulator.address(), common::token(&emulator).await);
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for connection in 0..CONNECTIONS {
        let token = token.clone();
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            for get in 0..GETS {
                let secret = (connection + get) % 100;
                let request = format!(
                    "GET /secrets/s-{secret}/?api-version=7.4 HTTP/1.1\r\nHost: payments.localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
                );
                assert!(common::exchange(&mut stream, &request).await.starts_with("HTTP/1.1 200"));
            }
        });
    }
    tasks.join_all().await;
    (CONNECTIONS * GETS) as f64 / begun.elapsed().as_secs_f64()
}

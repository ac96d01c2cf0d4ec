//! Whole processes: a plan against `true`, a cold resolve of 100 secrets against its floor, memory against the file.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use credflow::emulator::{Emulator, Fault, Vault};

const CREDFLOW: &str = env!("CARGO_BIN_EXE_credflow");

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("credflow.yaml"), common::CONFIG).expect("a file");

    let small = "steps: [{ run: x, env: { A: $<credential:payments/a> } }]\n";
    fs::write(path("small.yaml"), small).expect("a file");
    let nothing = common::best(50, || run(Command::new("true")));
    let mut plan = || {
        let mut command = Command::new(CREDFLOW);
        command.args(["plan", &path("small.yaml")]);
        run(command);
    };
    let planning = common::best(50, &mut plan);
    println!(
        "plan of a small file: {planning:.1?}, `true`: {nothing:.1?}, {:.1?} more (at most 5 ms)",
        planning.saturating_sub(nothing)
    );

    let large = common::large();
    fs::write(path("large.yaml"), &large).expect("a file");
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", CREDFLOW, "check", &path("large.yaml")]).stdout(Stdio::null());
    match command.output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let peak: f64 = text.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or_default();
            let ratio = peak * 1024.0 / large.len() as f64;
            println!(
                "peak memory of a plan of {:.1} MB: {:.1} MB, {ratio:.2} of the file (at most 5)",
                large.len() as f64 / 1e6,
                peak * 1.024e-3
            );
        }
        Err(_) => println!("peak memory: needs /usr/bin/time"),
    }

    for latency in [50, 20, 0] {
        fetch(folder.path(), Duration::from_millis(latency), 100);
    }
}

/// A whole process that fetches so many secrets, against the floor: a token and the waves of 32 requests.
fn fetch(folder: &std::path::Path, latency: Duration, secrets: usize) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut vault = Vault::new("payments");
    let mut workflow = String::from("steps:\n  - run: x\n    env:\n");
    for index in 0..secrets {
        vault = vault.secret(&format!("secret-{index}"), &format!("value-{index}"));
        let _ = writeln!(workflow, "      V{index}: $<credential:payments/secret-{index}>");
    }
    let emulator =
        runtime.block_on(Emulator::builder().vault(vault).fault(Fault::delayed(latency)).start()).expect("an emulator");
    let config = format!(
        "stores:\n  payments:\n    vault-url: {}\n    authority: {}\n    tenant-id: {}\n    client-id: {}\n    client-secret: {{ env: BENCH_SECRET }}\n",
        emulator.vault_url("payments").expect("the vault").as_str().trim_end_matches('/'),
        emulator.authority().as_str().trim_end_matches('/'),
        emulator.applications()[0].tenant,
        emulator.applications()[0].client,
    );
    fs::write(folder.join("fetch.yaml"), workflow).expect("a file");
    fs::write(folder.join("fetch.config"), config).expect("a file");
    let runs = 5;
    let took = common::best(runs, || {
        let mut command = Command::new(CREDFLOW);
        command.arg("render").arg(folder.join("fetch.yaml")).arg("--config").arg(folder.join("fetch.config"));
        command.env("BENCH_SECRET", emulator.applications()[0].client_secret().expose());
        run(command);
    });
    let counts = emulator.counts();
    let (tokens, gets) = (counts.tokens / u64::from(runs), counts.total() / u64::from(runs));
    let waves = u32::try_from(secrets.div_ceil(32)).expect("a few waves");
    let floor = latency * (1 + waves);
    let what = format!("{secrets} secrets at {latency:?}, {tokens} token request, {gets} GETs, whole process / floor");
    if floor.is_zero() {
        println!("{what}: {took:.1?}");
    } else {
        common::ratio(&what, took, floor, 1.6);
    }
}

fn run(mut command: Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a process");
    assert!(status.success());
}

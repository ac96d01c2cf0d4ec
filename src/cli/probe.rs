//! `stores test`: what each store takes, side by side.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use super::args::{Test, TestFormat};
use super::waiting::Interrupt;
use super::{Exit, Terminal, fetch};
use crate::config::{Config, Store};
use crate::reference::{EnvironmentName, SecretName};
use crate::store::{Check, FetchError, Pool, Probe};

/// Tests all stores at once, and tells them in their order.
pub(super) async fn probe(mut config: Config, args: &Test, terminal: &Terminal) -> Exit {
    let mut stores = std::mem::take(&mut config.stores);
    let environment = config.environment().map(EnvironmentName::as_str);
    let emulated = match &args.fetching.emulate {
        None => None,
        Some(seed) => match fetch::emulator(seed, &stores, terminal).await {
            Ok((emulator, advice)) => {
                for store in &mut stores {
                    emulator.redirect(store);
                }
                Some((emulator, advice))
            }
            Err(exit) => return exit,
        },
    };
    let pool = Pool::new();
    let probes = pool.probe(&stores, args.fetching.timeout);
    let probes = match Interrupt::listen(terminal).or(probes).await {
        Ok(probes) => probes,
        Err(exit) => return exit,
    };
    // That a provider can't check its stores is what the one check says.
    let probes =
        probes.into_iter().map(|probe| probe.unwrap_or_else(|error| Probe::of([("probe", Check::Failed(error))])));
    let found: Vec<(&Store, Probe)> = stores.iter().zip(probes).collect();
    let any = any_secret();
    let remedy = |error: &FetchError, store: &Store| match &emulated {
        None => error.remedy(store, &any, None),
        Some((_, advice)) => advice.remedy(error, store, &any, None),
    };
    let out = match args.format {
        TestFormat::Human => human(&found, environment, remedy, terminal),
        TestFormat::Json => json(&found, environment, remedy),
    };
    let any_failed = found.iter().any(|(_, probe)| has_failed(probe));
    match terminal.result(out.as_bytes()) {
        Exit::Success if any_failed => Exit::World,
        exit => exit,
    }
}

fn has_failed(probe: &Probe) -> bool {
    probe.checks.iter().any(|(_, check)| matches!(check, Check::Failed(_)))
}

/// A line for each store, then what failed and what to do.
fn human(
    found: &[(&Store, Probe)],
    environment: Option<&str>,
    remedy: impl Fn(&FetchError, &Store) -> String,
    terminal: &Terminal,
) -> String {
    if found.is_empty() {
        return String::new();
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in found.iter().flat_map(|(_, probe)| &probe.checks) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let wide = found.iter().map(|(store, _)| store.name.as_str().len()).max().unwrap_or(0).max("store".len());
    let mut out = environment.map_or_else(String::new, |name| format!("environment {name}\n\n"));
    let _ = write!(out, "{:<wide$}", "store");
    for name in &names {
        let _ = write!(out, "  {name:<width$}", width = name.len().max("failed".len()));
    }
    out.push_str("  latency\n");
    for (store, probe) in found {
        let _ = write!(out, "{:<wide$}", store.name.as_str());
        for name in &names {
            let (colour, word) = match probe.check(name) {
                Some(Check::Fine) => ("32", "ok"),
                Some(Check::Failed(_)) => ("31", "failed"),
                Some(Check::Skipped) | None => ("2", "-"),
            };
            let pad = name.len().max("failed".len()) - word.len();
            let _ = write!(out, "  {}{:pad$}", terminal.paint(colour, word), "");
        }
        let latency = probe.latency.map_or_else(|| "-".to_owned(), |took| format!("{} ms", took.as_millis()));
        let _ = writeln!(out, "  {latency}");
    }
    for (store, probe) in found {
        for (name, check) in &probe.checks {
            let Check::Failed(error) = check else { continue };
            let _ = writeln!(out, "\n{}: {name}: {error} ({})", store.name, error.code());
            for line in remedy(error, store).lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

#[derive(Serialize)]
struct Findings<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'r str>,
    stores: Vec<Report<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report<'r> {
    store: &'r str,
    /// Its provider, unless that is Azure Key Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'r str>,
    vault: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'r str>,
    ok: bool,
    checks: Vec<Line<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ahead_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u128>,
}

#[derive(Serialize)]
struct Line<'r> {
    check: &'r str,
    result: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

fn json(
    found: &[(&Store, Probe)],
    environment: Option<&str>,
    remedy: impl Fn(&FetchError, &Store) -> String,
) -> String {
    let line = |store: &Store, name, check: &Check| match check {
        Check::Fine => Line { check: name, result: "ok", code: None, message: None, remedy: None },
        Check::Skipped => Line { check: name, result: "skipped", code: None, message: None, remedy: None },
        Check::Failed(error) => Line {
            check: name,
            result: "failed",
            code: Some(error.code()),
            message: Some(error.to_string()),
            remedy: Some(remedy(error, store)),
        },
    };
    let reports: Vec<Report<'_>> = found
        .iter()
        .map(|(store, probe)| Report {
            store: store.name.as_str(),
            provider: store.own_provider(),
            vault: store.address(),
            identity: store.azure().map(|vault| vault.identity.proof.name()),
            ok: !has_failed(probe),
            checks: probe.checks.iter().map(|(name, check)| line(store, name, check)).collect(),
            clock_ahead_seconds: probe.clock_ahead,
            token_ms: probe.token_took.map(|took| took.as_millis()),
            latency_ms: probe.latency.map(|took| took.as_millis()),
        })
        .collect();
    let body = serde_json::to_string_pretty(&Findings { environment, stores: reports });
    body.expect("internal error: texts and numbers are JSON") + "\n"
}

/// What stands for a secret in a remedy, where none is asked for.
fn any_secret() -> SecretName {
    "NAME".parse().expect("internal error: a name")
}

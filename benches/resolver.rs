//! A hundred runs of two secrets over HTTPS: through one resolver, with and without a cache, against a resolver for each.

#![allow(clippy::print_stdout, clippy::use_debug, missing_docs, reason = "a bench prints")]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use credflow::config::Config;
use credflow::emulator::{Authority, Emulator, Vault};
use credflow::plan::Plan;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::source::Source;
use credflow::workflow::Workflow;

const RUNS: u32 = 100;

const WORKFLOW: &str = "steps: [{ run: x, env: { A: $<credential:payments/a>, B: $<credential:payments/b> } }]";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let separate = measured("a resolver for each run", None).await;
    for (what, resolver) in [
        ("one resolver", Resolver::new()),
        ("one resolver that keeps values", Resolver::with_cache(Duration::from_secs(60))),
    ] {
        let shared = measured(what, Some(resolver)).await;
        common::ratio(&format!("{what} / a resolver for each run"), shared, separate, 1.0 / 20.0);
    }
}

/// The best of three times that all runs, one after the other, take; and what they ask for.
async fn measured(what: &str, resolver: Option<Resolver>) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
    let vault = Vault::new("payments").secret("a", "value-a").secret("b", "value-b");
    let emulator = Emulator::builder().vault(vault).https(authority).start().await.expect("an emulator");
    let plan = plan(&emulator, folder.path());
    let mut best = Duration::MAX;
    for _ in 0..3 {
        if let Some(resolver) = &resolver {
            resolver.forget();
        }
        let begun = Instant::now();
        for _ in 0..RUNS {
            let resolver = resolver.clone().unwrap_or_default();
            let resolved = resolver.resolve(&plan, ResolveOptions::default()).await.expect("all values");
            std::hint::black_box(resolved.render());
        }
        best = best.min(begun.elapsed());
    }
    let counts = emulator.counts();
    println!("{what}: {best:.1?}; three times {} tokens, {} requests for secrets", counts.tokens, counts.total());
    best
}

fn plan(emulator: &Emulator, folder: &std::path::Path) -> Plan {
    let application = &emulator.applications()[0];
    let config = format!(
        "stores:\n  payments:\n    vault-url: {}\n    authority: {}\n    tenant-id: {}\n    client-id: {}\n    client-secret: {}\n    azure-resource: https://vault.azure.net\n    ca-file: {}\n",
        emulator.vault_url("payments").expect("a vault"),
        emulator.authority(),
        application.tenant,
        application.client,
        application.client_secret().expose(),
        folder.join("ca.pem").display(),
    );
    let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
    let (workflow, _) = Workflow::read(&Source::new("w.yaml", WORKFLOW)).expect("a workflow");
    workflow.plan(Some(&config)).expect("a plan")
}

//! An engine that runs the same workflow again and again: one resolver shares connections, tokens and, for a while, values.
//!
//! Run it with `cargo run --example many_runs`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::time::Duration;

use credflow::config::Config;
use credflow::emulator::{Emulator, Vault};
use credflow::plan::Plan;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::source::Source;
use credflow::workflow::Workflow;

const WORKFLOW: &str = "
steps:
  - run: ./migrate.sh
    env: { DB_PASSWORD: $<credential:payments/db-password>, API_KEY: $<credential:payments/api-key> }
";

const CONFIG: &str = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: PAYMENTS_CLIENT_SECRET }
";

const RUNS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, _) = Config::parse(&Source::private("credflow.yaml", CONFIG))?;
    let (workflow, _) = Workflow::read(&Source::new("migrate.yaml", WORKFLOW))?;
    let plan = workflow.plan(Some(&config))?;
    for (kept, resolver) in [("kept", Resolver::with_cache(Duration::from_secs(60))), ("not kept", Resolver::new())] {
        // A local Key Vault in the place of Azure.
        let vault = Vault::new("payments").secret("db-password", "hunter2").secret("api-key", "swordfish");
        let emulator = Emulator::builder().vault(vault).start().await?;
        let plan = plan.clone().with_stores(|store| emulator.redirect(store));
        all(&resolver, &plan).await?;
        let counts = emulator.counts();
        println!("{RUNS} runs, values {kept}: {} token, {} requests for secrets", counts.tokens, counts.total());
    }
    Ok(())
}

/// All runs at once. A run that fails says so; the others go on.
async fn all(resolver: &Resolver, plan: &Plan) -> Result<(), Box<dyn std::error::Error>> {
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..RUNS {
        let (resolver, plan) = (resolver.clone(), plan.clone());
        runs.spawn(async move {
            let resolved = resolver.resolve(&plan, ResolveOptions::default()).await?;
            // An engine would hand these to its executor.
            let filled = resolved.render();
            Ok::<_, credflow::resolve::ResolveError>(filled.bindings().count())
        });
    }
    while let Some(run) = runs.join_next().await {
        run??;
    }
    Ok(())
}

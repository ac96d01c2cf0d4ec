//! A workflow engine that embeds credflow: it reads a workflow, fetches what the workflow needs from a local Key Vault,
//! and hands each step's environment to its own executor.
//!
//! Run it with `cargo run --example library`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::time::Duration;

use credflow::config::Config;
use credflow::emulator::{Emulator, Vault};
use credflow::mask::MaskSet;
use credflow::render::Filled;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::source::Source;
use credflow::workflow::{Variable, Workflow};

const WORKFLOW: &str = "
steps:
  - name: Migrate
    env:
      DATABASE_URL: postgres://app:$<credential:payments/db-password>@db.internal/app
      LOG_LEVEL: info
    run: ./migrate.sh
";

const CONFIG: &str = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    tenant-id: 00000000-0000-0000-0000-00000000f10e
    client-id: 00000000-0000-0000-0000-0000000c11e7
    client-secret: { env: PAYMENTS_CLIENT_SECRET }
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Read and plan: pure, and every fault of both files is found here.
    let (config, _) = Config::parse(&Source::private("credflow.yaml", CONFIG))?;
    let (workflow, warnings) = Workflow::read(&Source::new("migrate.yaml", WORKFLOW))?;
    assert!(warnings.is_empty());
    let plan = workflow.plan(Some(&config))?;
    for fetch in plan.fetches() {
        println!("needs {} of {}", fetch.secret, plan.store(fetch).name);
    }

    // A local Key Vault in the place of Azure. Leave this out, and the stores' own addresses are asked.
    let emulator = Emulator::builder().vault(Vault::new("payments").secret("db-password", "hunter2")).start().await?;
    let plan = plan.with_stores(|store| emulator.redirect(store));

    // Resolve and render: each secret is fetched once, and every reference has its value or nothing has.
    let resolver = Resolver::new();
    let resolved = resolver.resolve(&plan, ResolveOptions::default().timeout(Duration::from_secs(10))).await?;
    let filled = resolved.render();

    // What no step gets, and what must be masked, is known to the filled workflow.
    let masks = MaskSet::new(filled.safeguards().masked().cloned());
    println!("withheld from every step: {}", filled.safeguards().withheld().join(", "));

    // The engine's own executor gets exactly what each step asked for.
    for document in filled.documents() {
        for job in &document.jobs {
            for step in &job.steps {
                let variables = document.environment(job, step);
                execute(&step.label(), &variables, &masks);
            }
        }
    }
    assert_eq!(emulator.counts().total(), 1);
    Ok(())
}

/// Stands for an engine's executor: it would spawn `step.run` with these variables, and pass its output through the masks.
fn execute(step: &str, variables: &[Variable<'_, Filled>], masks: &MaskSet) {
    for variable in variables {
        let output = format!("{}={}", variable.name, variable.binding.value.expose());
        println!("{step}: {}", String::from_utf8_lossy(&masks.mask(output.as_bytes())));
    }
}

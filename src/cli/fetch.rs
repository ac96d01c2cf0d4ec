//! Fetching for a verb: from the vaults, or from an emulator inside this process.

use std::path::Path;

use super::args::Fetching;
use super::waiting::{Interrupt, Waiting};
use super::{Exit, Terminal};
use crate::config::Store;
use crate::emulator::{Application, CLIENT, Emulator, RESOURCE, Seed, TENANT, Vault};
use crate::plan::Plan;
use crate::render::Filled;
use crate::resolve::Resolved;
use crate::workflow::Workflow;

/// Fills a plan in a runtime of its own, and makes something of it.
pub(super) fn blocking<T: Send + 'static>(
    plan: Plan,
    args: &Fetching,
    terminal: &Terminal,
    make: impl FnOnce(Workflow<Filled>) -> T + Send + 'static,
) -> Result<T, Exit> {
    Waiting::new(terminal)?.block_on(async {
        let interrupt = Interrupt::listen(terminal);
        let resolved = resolve(plan, args, terminal, &interrupt).await?;
        interrupt.or_leave(move || make(resolved.render())).await
    })
}

/// Fetches what a plan needs, and puts it in; tells what is wrong when that can't be done.
pub(super) async fn fill(plan: Plan, args: &Fetching, terminal: &Terminal) -> Result<Workflow<Filled>, Exit> {
    let interrupt = Interrupt::listen(terminal);
    let resolved = resolve(plan, args, terminal, &interrupt).await?;
    interrupt.or_leave(|| resolved.render()).await
}

async fn resolve(
    plan: Plan,
    args: &Fetching,
    terminal: &Terminal,
    interrupt: &Interrupt<'_>,
) -> Result<Resolved, Exit> {
    let resolved = if plan.fetches().is_empty() {
        // Nothing to fetch needs no vault, and no emulator either.
        plan.resolve(args.timeout, |_| ()).await
    } else {
        let (plan, _emulator) = match &args.emulate {
            None => (plan, None),
            Some(seed) => {
                let emulator = emulator(seed, plan.stores(), terminal).await?;
                (plan.with_stores(|store| emulator.redirect(store)), Some(emulator))
            }
        };
        let total = plan.fetches().len();
        let progress = |done| terminal.progress(&format!("fetching {done} of {total}"));
        interrupt.or(plan.resolve(args.timeout, progress)).await?
    };
    terminal.progress("");
    finish(resolved, terminal)
}

type Resolution = Result<(Resolved, crate::diagnostic::Diagnostics), crate::diagnostic::Diagnostics>;

fn finish(resolved: Resolution, terminal: &Terminal) -> Result<Resolved, Exit> {
    match resolved {
        Ok((resolved, warnings)) => {
            terminal.diagnostics(&warnings);
            for (fetch, answer) in resolved.plan().fetches().iter().zip(resolved.answers()) {
                let store = &resolved.plan().store(fetch).name;
                terminal.detail(&format!("fetched {store}/{} (version {})", fetch.secret, answer.version));
            }
            Ok(resolved)
        }
        Err(faults) => {
            terminal.diagnostics(&faults);
            Err(Exit::World)
        }
    }
}

/// An emulator with the vaults of a seed, and the applications of the stores.
pub(super) async fn emulator(seed: &Path, stores: &[Store], terminal: &Terminal) -> Result<Emulator, Exit> {
    let mut seed = Seed::read(seed).map_err(|faults| {
        terminal.diagnostics(&faults);
        Exit::Faults
    })?;
    let vaults = &mut seed.vaults;
    for store in stores {
        // A store that the seed doesn't fill has an empty vault.
        let name = store.name.as_str().to_ascii_lowercase();
        let at = vaults.iter().position(|vault| vault.is_called(&name)).unwrap_or_else(|| {
            vaults.push(Vault::new(name));
            vaults.len() - 1
        });
        let vault = vaults.swap_remove(at);
        vaults.push(vault.tenant(tenant(store)).for_resource(store.resource().unwrap_or(RESOURCE)));
    }
    for store in stores {
        let (tenant, client) = (tenant(store), client(store));
        if !seed.applications.iter().any(|known| known.tenant == tenant && known.client == client) {
            // With a secret that nobody outside of this process needs.
            seed.applications.push(Application::new(tenant, client));
        }
    }
    seed.into_builder().start().await.map_err(|error| {
        terminal.error(&error.to_string());
        Exit::World
    })
}

/// The tenant of a store, or the emulator's own for one that learns it.
fn tenant(store: &Store) -> &str {
    store.identity.tenant.as_deref().unwrap_or(TENANT)
}

/// The application of a store, or the emulator's own for an identity of the machine or the environment.
fn client(store: &Store) -> &str {
    store.identity.proof.client().unwrap_or(CLIENT)
}

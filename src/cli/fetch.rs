//! Fetching for a verb: from the vaults, or from an emulator inside this process.

use std::path::Path;

use tokio::runtime::Runtime;

use super::args::Fetching;
use super::{Exit, Terminal};
use crate::config::Store;
use crate::emulator::{Application, CLIENT, Emulator, RESOURCE, Seed, TENANT, Vault};
use crate::plan::Plan;
use crate::resolve::Resolved;

/// The exit code of a command that Ctrl-C ended (128 and the signal's number).
pub(super) const INTERRUPTED: u8 = 130;

/// The runtime of a verb that waits.
pub(super) fn runtime(terminal: &Terminal) -> Result<Runtime, Exit> {
    let made = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    made.map_err(|error| {
        terminal.error(&format!("cannot start: {error}"));
        Exit::World
    })
}

/// Resolves a plan in a runtime of its own.
pub(super) fn blocking(plan: Plan, args: &Fetching, terminal: &Terminal) -> Result<Resolved, Exit> {
    runtime(terminal)?.block_on(resolve(plan, args, terminal))
}

/// Resolves a plan, and tells what is wrong when that can't be done.
pub(super) async fn resolve(plan: Plan, args: &Fetching, terminal: &Terminal) -> Result<Resolved, Exit> {
    if plan.fetches().is_empty() {
        // Nothing to fetch needs no vault, and no emulator either.
        return finish(plan.resolve(args.timeout, |_| ()).await, terminal);
    }
    let (plan, _emulator) = match &args.emulate {
        None => (plan, None),
        Some(seed) => {
            let emulator = emulator(seed, plan.stores(), terminal).await?;
            (plan.with_stores(|store| emulator.redirect(store)), Some(emulator))
        }
    };
    let total = plan.fetches().len();
    let progress = |done| terminal.progress(&format!("fetching {done} of {total}"));
    let resolved = tokio::select! {
        resolved = plan.resolve(args.timeout, progress) => resolved,
        _ = tokio::signal::ctrl_c() => {
            terminal.progress("");
            terminal.error("interrupted; nothing was written and nothing was started");
            return Err(Exit::Child(INTERRUPTED));
        }
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

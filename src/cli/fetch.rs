//! Fetching for a verb: from the vaults, or from an emulator inside this process.

use std::path::Path;

use super::advice::Advice;
use super::args::Fetching;
use super::told::Told;
use super::used::Uses;
use super::waiting::{Interrupt, Waiting};
use super::{Exit, Terminal};
use crate::config::Store;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::emulator::{Application, CLIENT, Emulator, Seed, Vault};
use crate::plan::{Plan, Purpose};
use crate::reference::SecretName;
use crate::render::FilledWorkflow;
use crate::resolve::{ResolveOptions, Resolved, Resolver};
use crate::store::{FetchError, FetchEvents};

/// So much may happen before it is told.
const EVENTS: usize = 1024;

/// Answers a plan in a runtime of its own, and makes something of it.
pub(super) fn blocking<P: Purpose, T: Send + 'static>(
    plan: Plan<P>,
    args: &Fetching,
    terminal: &Terminal,
    make: impl FnOnce(Resolved<P>, Uses) -> T + Send + 'static,
) -> Result<T, Exit> {
    Waiting::new(terminal)?.block_on(async {
        let interrupt = Interrupt::listen(terminal);
        let resolved = resolve(plan, args, terminal, &interrupt).await?;
        let uses = Uses::resolved(&resolved);
        interrupt.or_leave(move || make(resolved, uses)).await
    })
}

/// What a plan needed.
pub(super) struct FetchedWorkflow {
    /// With the values put in.
    pub(super) workflow: FilledWorkflow,
    /// Who uses which version.
    pub(super) uses: Uses,
}

/// Fetches what a plan needs; tells what is wrong when that can't be done.
pub(super) async fn fill(plan: Plan, args: &Fetching, terminal: &Terminal) -> Result<FetchedWorkflow, Exit> {
    let interrupt = Interrupt::listen(terminal);
    let resolved = resolve(plan, args, terminal, &interrupt).await?;
    let uses = Uses::resolved(&resolved);
    interrupt.or_leave(|| FetchedWorkflow { workflow: resolved.render(), uses }).await
}

async fn resolve<P: Purpose>(
    plan: Plan<P>,
    args: &Fetching,
    terminal: &Terminal,
    interrupt: &Interrupt<'_>,
) -> Result<Resolved<P>, Exit> {
    // Nothing to fetch needs no emulator.
    let (events, mut happens) = FetchEvents::channel(EVENTS);
    let options = ResolveOptions::default().timeout(args.timeout).events(events);
    let (plan, options, _emulator) = match &args.emulate {
        None => (plan, options, None),
        Some(path) if plan.fetches().is_empty() => {
            seed(path, plan.stores(), terminal)?;
            (plan, options, None)
        }
        Some(seed) => {
            let (emulator, advice) = emulator(seed, plan.stores(), terminal).await?;
            let advise = move |error: &FetchError, store: &Store, secret: &SecretName, version| {
                advice.remedy(error, store, secret, version)
            };
            (plan.with_stores(|store| emulator.redirect(store)), options.advise(advise), Some(emulator))
        }
    };
    let resolver = Resolver::new();
    let told = async {
        let mut told = Told::new(plan.fetches().len(), terminal);
        while let Some(event) = happens.next().await {
            told.event(&event);
        }
    };
    let (resolved, ()) = interrupt.or(async { tokio::join!(resolver.resolve(&plan, options), told) }).await?;
    terminal.progress("");
    match resolved {
        Ok(resolved) => {
            terminal.diagnostics(resolved.warnings());
            Ok(resolved)
        }
        Err(error) => {
            terminal.diagnostics(error.diagnostics());
            Err(Exit::World)
        }
    }
}

/// An emulator with the vaults of a seed, and the applications of the stores, and what to do about its errors.
pub(super) async fn emulator(path: &Path, stores: &[Store], terminal: &Terminal) -> Result<(Emulator, Advice), Exit> {
    let seed = seed(path, stores, terminal)?;
    let advice = Advice::of(&seed, path);
    let emulator = seed.into_builder().start().await.map_err(|error| {
        terminal.error(&error.to_string());
        Exit::World
    })?;
    Ok((emulator, advice))
}

/// A seed with the vaults of these stores. Its faults are told also where nothing is fetched from it.
pub(super) fn seed(path: &Path, stores: &[Store], terminal: &Terminal) -> Result<Seed, Exit> {
    let seed = Seed::read(path).and_then(|mut seed| fit(&mut seed, stores, path).map(|()| seed));
    seed.map_err(|faults| {
        terminal.diagnostics(&faults);
        Exit::Faults
    })
}

/// Makes the vaults of a seed those of the stores, and sees to it that each store has an application.
fn fit(seed: &mut Seed, stores: &[Store], path: &Path) -> Result<(), Diagnostics> {
    let mut faults = Diagnostics::new();
    for store in stores {
        let name = store.name.as_str();
        let Some(azure) = store.azure() else { continue };
        let Some(at) = seed.vaults.iter().position(|vault| vault.is_called(name)) else {
            faults.push(absent(seed, name, path));
            continue;
        };
        let mut vault = seed.vaults.remove(at);
        if let Some(tenant) = &azure.identity.tenant {
            vault = vault.tenant(tenant);
        }
        if let Some(resource) = &azure.identity.resource {
            vault = vault.for_resource(resource);
        }
        let tenant = vault.tenant_id().to_owned();
        seed.vaults.insert(at, vault);
        let mut known = seed.applications.iter().filter(|known| known.tenant == tenant);
        let is_known = match azure.identity.proof.client() {
            Some(client) => known.any(|known| known.client.eq_ignore_ascii_case(client)),
            None => known.next().is_some(),
        };
        if !is_known {
            // With a secret that nobody outside of this process needs.
            seed.applications.push(Application::new(tenant, azure.identity.proof.client().unwrap_or(CLIENT)));
        }
    }
    faults.finish(Some(())).map(drop)
}

fn absent(seed: &Seed, name: &str, path: &Path) -> Diagnostic {
    let message = format!("the seed {} has no vault `{name}`", path.display());
    let names = || seed.vaults.iter().map(Vault::name);
    let help = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("add it with the secrets that are used, `{name}: {{ NAME: VALUE }}`; it has {}", listed(names()))
        }
    };
    Diagnostic::error(Code::UnknownStore, message).help(help)
}

/// Names, one after the other.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

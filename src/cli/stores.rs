//! `stores`: the stores of the configuration, and whether they work.

use std::fmt::Write;
use std::path::Path;

use super::args::{Fetching, Global, Stores, StoresAction};
use super::{Exit, Terminal, fetch, input};
use crate::config::{Config, SecretSource, Store};
use crate::reference::SecretName;
use crate::store;

pub(super) fn stores(args: &Stores, global: &Global, terminal: &Terminal) -> Exit {
    let config = match input::config(global, Path::new(".")) {
        Ok((Some(config), warnings)) => {
            terminal.diagnostics(&warnings);
            config
        }
        Ok((None, _)) => {
            terminal.error("there is no credflow.yaml here or in a folder above; name one with `--config`");
            return Exit::Usage;
        }
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    match &args.action {
        None => terminal.result(list(&config).as_bytes()),
        Some(StoresAction::Test(fetching)) => match fetch::runtime(terminal) {
            Ok(runtime) => runtime.block_on(test(config.stores, fetching, terminal)),
            Err(exit) => exit,
        },
    }
}

fn list(config: &Config) -> String {
    let mut out = String::new();
    for store in &config.stores {
        let identity = &store.identity;
        let _ = writeln!(out, "{}", store.name);
        let _ = writeln!(out, "  vault          {}", plain(store.vault_url.as_str()));
        let _ = writeln!(out, "  tenant         {}", identity.tenant);
        let _ = writeln!(out, "  client         {}", identity.client);
        let _ = writeln!(out, "  client secret  {}", origin(&identity.client_secret));
        let _ = writeln!(out, "  resource       {}", identity.resource);
        let _ = writeln!(out, "  authority      {}", plain(identity.authority.as_str()));
        let _ = writeln!(out, "  api-version    {}", store.api_version);
    }
    out
}

fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

fn origin(source: &SecretSource) -> String {
    match source {
        SecretSource::Literal(_) => "in the configuration".to_owned(),
        SecretSource::Variable(name) => format!("variable {name}"),
        SecretSource::File(path) => format!("file {}", path.display()),
    }
}

/// Tests all stores side by side, and tells them in their order.
async fn test(mut stores: Vec<Store>, fetching: &Fetching, terminal: &Terminal) -> Exit {
    let _emulator = match &fetching.emulate {
        None => None,
        Some(seed) => match fetch::emulator(seed, &stores, terminal).await {
            Ok(emulator) => {
                for store in &mut stores {
                    fetch::redirect(store, &emulator);
                }
                Some(emulator)
            }
            Err(exit) => return exit,
        },
    };
    let deadline = tokio::time::Instant::now() + fetching.timeout;
    let mut tasks = tokio::task::JoinSet::new();
    for (index, vault) in store::open(&stores).into_iter().enumerate() {
        tasks.spawn(async move {
            let probed = match vault {
                Ok(vault) => vault.probe(deadline).await,
                Err(error) => Err(error),
            };
            (index, probed)
        });
    }
    let mut results = tasks.join_all().await;
    results.sort_by_key(|(index, _)| *index);
    let any: SecretName = "NAME".parse().expect("internal error: a name");
    let mut exit = Exit::Success;
    let mut out = String::new();
    for (index, result) in results {
        let store = &stores[index];
        match result {
            Ok(took) => {
                let fine = terminal.paint("32", "ok");
                let _ = writeln!(out, "{}: {fine}, token and permission, {} ms", store.name, took.as_millis());
            }
            Err(error) => {
                exit = Exit::World;
                let failed = terminal.paint("31", "failed");
                let _ = writeln!(out, "{}: {failed} ({}): {error}", store.name, error.code());
                for line in error.remedy(store, &any).lines() {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
    }
    match terminal.result(out.as_bytes()) {
        Exit::Success => exit,
        failed => failed,
    }
}

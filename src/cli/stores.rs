//! `stores`: the stores of the configuration, and whether they work.

use std::fmt::Write;
use std::path::Path;

use super::args::{Global, Stores, StoresAction};
use super::waiting::Waiting;
use super::{Exit, Terminal, input, probe};
use crate::config::{Config, Proof, SecretSource};

pub(super) fn stores(args: &Stores, global: &Global, terminal: &Terminal) -> Exit {
    let config = match input::config(global, Path::new("."), terminal) {
        Ok((Some(config), warnings)) => {
            terminal.diagnostics(&warnings);
            config
        }
        Ok((None, _)) => {
            let message = "there is no credflow.yaml here or in a folder above";
            terminal.error(&format!("{message}; write one, or name one with `--config`"));
            return Exit::Usage;
        }
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    match &args.action {
        None => {
            let configs = match input::each(&config, global) {
                Ok(configs) => configs,
                Err(failure) => return failure.tell(terminal),
            };
            let path = input::config_path(global, Path::new(".")).unwrap_or_default();
            let listed: String = configs.iter().map(list).collect();
            terminal.result(format!("configuration: {}\n\n{listed}", path.display()).as_bytes())
        }
        Some(StoresAction::Test(args)) => {
            let config = match input::choose(&config, global) {
                Ok(config) => config,
                Err(failure) => return failure.tell(terminal),
            };
            match Waiting::new(terminal) {
                Ok(runtime) => runtime.block_on(probe::probe(config, args, terminal)),
                Err(exit) => exit,
            }
        }
    }
}

fn list(config: &Config) -> String {
    let mut out = String::new();
    for store in &config.stores {
        let _ = writeln!(out, "{}", store.name);
        let Some(vault) = store.azure() else {
            let _ = writeln!(out, "  provider       {}\n  address        {}", store.provider(), store.address());
            continue;
        };
        let identity = &vault.identity;
        let learnt = "learnt from the vault";
        let lines = [
            ("environment", config.environment().map(ToString::to_string)),
            ("vault", Some(plain(vault.url.as_str()).to_owned())),
            ("identity", Some(identity.proof.name().to_owned())),
            ("tenant", Some(identity.tenant.clone().unwrap_or_else(|| learnt.to_owned()))),
            ("client", identity.proof.client().map(str::to_owned)),
            ("proof", origin(&identity.proof)),
            ("resource", Some(vault.resource().unwrap_or(learnt).to_owned())),
            ("authority", Some(plain(vault.authority().as_str()).to_owned())),
            ("api-version", Some(vault.api_version.clone())),
        ];
        for (name, value) in lines {
            if let Some(value) = value {
                let _ = writeln!(out, "  {name:<13}  {value}");
            }
        }
    }
    out
}

fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// Where what proves an identity comes from.
fn origin(proof: &Proof) -> Option<String> {
    match proof {
        Proof::ClientSecret { secret: SecretSource::Literal(_), .. } => Some("in the configuration".to_owned()),
        Proof::ClientSecret { secret: SecretSource::Variable(name), .. } => Some(format!("variable {name}")),
        Proof::ClientSecret { secret: SecretSource::File(path), .. }
        | Proof::ClientCertificate { certificate: path, .. }
        | Proof::WorkloadIdentity { token_file: Some(path), .. } => Some(format!("file {}", path.display())),
        _ => None,
    }
}

//! `emulate`: the local Key Vault in the foreground.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::args::Emulate;
use super::{Exit, Terminal, fetch};
use crate::emulator::{Emulator, RESOURCE, StartError, Vault};

pub(super) fn emulate(args: &Emulate, terminal: &Terminal) -> Exit {
    let vaults = match Vault::read(&args.vaults) {
        Ok(vaults) => vaults,
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    let runtime = match fetch::runtime(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime.block_on(serve(vaults, args.port, terminal))
}

async fn serve(vaults: Vec<Vault>, port: u16, terminal: &Terminal) -> Exit {
    let names: Vec<String> = vaults.iter().map(|vault| vault.name().to_owned()).collect();
    let mut builder = Emulator::builder().listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    for vault in vaults {
        builder = builder.vault(vault);
    }
    let mut emulator = match builder.start().await {
        Ok(emulator) => emulator,
        Err(error) => {
            terminal.error(&error.to_string());
            if matches!(error, StartError::Listen { .. }) {
                terminal.say("choose another port with `--port`; without it any free one is taken");
            }
            return Exit::World;
        }
    };
    let written = terminal.result(configuration(&emulator, &names).as_bytes());
    if written != Exit::Success {
        return written;
    }
    terminal.say(&format!("listening on {}; this is not for real secrets; Ctrl-C stops it", emulator.address()));
    tokio::select! {
        () = emulator.wait() => Exit::World,
        _ = tokio::signal::ctrl_c() => Exit::Success,
    }
}

/// A configuration for the vaults, to be used as it is.
fn configuration(emulator: &Emulator, names: &[String]) -> String {
    let mut out = String::from("# credflow.yaml for these vaults\nstores:\n");
    for name in names {
        let Some(url) = emulator.vault_url(name) else { continue };
        let application = &emulator.applications()[0];
        let _ = writeln!(out, "  {name}:");
        let _ = writeln!(out, "    vault-url: {}", url.as_str().trim_end_matches('/'));
        let _ = writeln!(out, "    authority: {}", emulator.authority().as_str().trim_end_matches('/'));
        let _ = writeln!(out, "    tenant-id: {}", application.tenant);
        let _ = writeln!(out, "    client-id: {}", application.client);
        // Made at the start for this emulator alone; it opens nothing else.
        let _ = writeln!(out, "    client-secret: {}", application.secret.expose());
        let _ = writeln!(out, "    azure-resource: {RESOURCE}");
    }
    out
}

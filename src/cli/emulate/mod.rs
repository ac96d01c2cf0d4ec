//! `emulate`: the local Key Vault in the foreground, and what is done to the one that runs.

mod client;
mod configuration;
mod environment;
mod export;
mod project;
mod remote;
mod set;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{Emulate, EmulateAction, Sdk};
use super::waiting::Waiting;
use super::{Exit, Terminal};
use crate::emulator::{
    Application, Builder, CLIENT, ClientSecret, Emulator, Origin, Seed, StartError, StateError, TENANT, Vault,
    state_vaults,
};

use client::Clients;
use project::Project;

/// The port, when nothing is said of it.
const PORT: u16 = 8443;

pub(super) fn emulate(args: &Emulate, terminal: &Terminal) -> Exit {
    match &args.action {
        Some(EmulateAction::Set { secret, project }) => set::set(secret, project, terminal),
        Some(EmulateAction::Export(args)) => export::export(args, terminal),
        None => start(args, terminal),
    }
}

fn start(args: &Emulate, terminal: &Terminal) -> Exit {
    let mut seed = match seed(args) {
        Ok(seed) => seed,
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    if !args.listen.is_loopback() && !args.expose {
        terminal.error(&format!("{} can be reached from other machines; say it twice, with `--expose`", args.listen));
        return Exit::Usage;
    }
    if let Some(path) = args.state.as_deref().filter(|path| seed.vaults.is_empty() && !path.exists()) {
        terminal.error(&format!("there is no vault: {} isn't there yet; name a file of VAULTS", path.display()));
        return Exit::Usage;
    }
    let project = Project::beside(&args.project, args.vaults.as_deref());
    if let Err(error) = prepare(&project, &mut seed) {
        terminal.error(&format!("cannot keep keys for the emulator: {error}"));
        terminal.say("choose another folder with `--folder`");
        return Exit::World;
    }
    let authority = match (!args.http).then(|| project.authority()).transpose() {
        Ok(authority) => authority,
        Err(error) => {
            terminal.error(&error.to_string());
            return Exit::World;
        }
    };
    if let Some(sdk) = args.print_env {
        // What a state can't say, its reader will.
        let kept = args.state.as_deref().map(state_vaults).and_then(Result::ok).unwrap_or_default();
        for name in kept {
            if !seed.vaults.iter().any(|vault| vault.is_called(&name)) {
                seed.vaults.push(Vault::new(name));
            }
        }
        return print_environment(sdk, args, &project, &seed, terminal);
    }
    let address = SocketAddr::new(args.listen, args.port.unwrap_or(PORT));
    let mut builder = args.host.iter().fold(seed.into_builder().listen(address), Builder::host);
    if args.expose {
        builder = builder.exposed();
    }
    if let Some(authority) = authority {
        builder = builder.https(authority);
    }
    if let Some(path) = &args.state {
        builder = builder.state(path);
    }
    if let Some(now) = args.now {
        builder = builder.clock_offset(now.saturating_sub(machine_time()));
    }
    match project.control_key().and_then(|key| Ok((key, project.identity_header()?, project.token_key()?))) {
        Ok((key, header, tokens)) => builder = builder.control(key).identity_header(header).token_key(tokens),
        Err(error) => {
            terminal.error(&format!("cannot keep keys for the emulator: {error}"));
            return Exit::World;
        }
    }
    let watcher = terminal.clone();
    builder = builder.observed(move |observed| {
        let status = observed.status.map_or_else(|| "reset".to_owned(), |status| status.to_string());
        let (method, host, path) = (observed.method, observed.host, observed.path);
        watcher.detail(&format!("{status} {method} {host}{path} {} ms", observed.elapsed.as_millis()));
    });
    let complaining = terminal.clone();
    builder = builder.troubled(move |trouble| complaining.error(trouble));
    let runtime = match Waiting::new(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime.block_on(serve(builder, args, &project, terminal))
}

/// What the emulator begins with.
fn seed(args: &Emulate) -> Result<Seed, crate::diagnostic::Diagnostics> {
    let mut seed = match &args.vaults {
        Some(path) => {
            let kept = args.state.as_deref().map(state_vaults).and_then(Result::ok).unwrap_or_default();
            let others: Vec<String> = args.dotenv.iter().map(|(vault, _)| vault.clone()).chain(kept).collect();
            Seed::read_served(path, &others)?
        }
        None => Seed::default(),
    };
    for (vault, path) in &args.dotenv {
        seed.read_dotenv(vault, path)?;
    }
    Ok(seed)
}

/// Makes the project's folder, and sees to it that there is an application.
fn prepare(project: &Project, seed: &mut Seed) -> std::io::Result<()> {
    project.make()?;
    if seed.applications.is_empty() {
        let mut application = Application::new(TENANT, CLIENT);
        application.secrets = vec![ClientSecret { value: Arc::new(project.client_secret()?), expires: None }];
        seed.applications.push(application);
    }
    Ok(())
}

/// Seconds since 1970.
fn machine_time() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    i64::try_from(elapsed).unwrap_or(i64::MAX)
}

/// Prints what a client needs of the emulator that runs, or of the one that these arguments start.
fn print_environment(sdk: Sdk, args: &Emulate, project: &Project, seed: &Seed, terminal: &Terminal) -> Exit {
    let running = args.port.is_none().then(|| project.running_there()).flatten();
    let is_plain = running.as_ref().is_some_and(|running| running.url.starts_with("http:"));
    if args.http || is_plain || args.port == Some(0) {
        terminal.error("the official clients speak HTTPS, to a port that is known: leave out `--http` and `--port 0`");
        return Exit::Usage;
    }
    let address = SocketAddr::new(args.listen, args.port.unwrap_or(PORT));
    let origin = running.map_or_else(|| Origin::new("https", address, args.host.clone()), |it| it.origin());
    let Some(domain) = origin.domain() else {
        terminal.error("the official clients find vaults by name; give the emulator one with `--host`");
        return Exit::Usage;
    };
    let clients = Clients::new(project, &seed.applications, &seed.vaults, args.now.unwrap_or_else(machine_time));
    if let Err(error) = clients.keep() {
        terminal.error(&format!("cannot keep the client secret: {error}"));
        return Exit::World;
    }
    let Some(client) = clients.first() else {
        terminal.error("there is nothing to print: no application has a client secret that counts now, or a certificate in a file with its key");
        return Exit::Faults;
    };
    for vault in seed.vaults.iter().filter(|vault| !vault.tenant_id().eq_ignore_ascii_case(&client.tenant)) {
        terminal.say(&format!("note: {} is in another tenant than what is printed", vault.name()));
    }
    for hint in environment::hints(sdk, &seed.vaults, &origin, domain) {
        terminal.say(&hint);
    }
    terminal.result(environment::lines(sdk, project, &client, &seed.vaults, &origin, domain).as_bytes())
}

async fn serve(builder: Builder, args: &Emulate, project: &Project, terminal: &Terminal) -> Exit {
    let mut emulator = match builder.start().await {
        Ok(emulator) => emulator,
        Err(error) => {
            terminal.error(&error.to_string());
            terminal.say(match &error {
                StartError::Listen { error, .. } if error.kind() == ErrorKind::AddrNotAvailable => {
                    "this machine has no such address; `--listen` takes one that it has"
                }
                StartError::Listen { .. } => "choose another port with `--port`, or 0 for any free one",
                StartError::State(StateError::InUse(_)) => {
                    "two would overwrite what the other one keeps: stop that one, or name another file with `--state`"
                }
                StartError::DuplicateInState { .. } => "rename the vault of the seed, or name another file with `--state`",
                StartError::State(StateError::Torn(_)) => {
                    "it stays as it is: put a whole copy in its place, or name another file with `--state` to begin anew"
                }
                StartError::State(StateError::Version { .. }) => {
                    "it stays as it is: use the credflow that wrote it, or name another file with `--state` to begin anew"
                }
                _ => "nothing was started",
            });
            return Exit::World;
        }
    };
    if emulator.vaults().is_empty() {
        terminal.error("there is no vault: name a file of VAULTS");
        return Exit::Usage;
    }
    let origin = emulator.origin().clone();
    if let Some(other) = project.live(&origin) {
        let (url, folder) = (other.url, project.path().display());
        terminal.say(&format!("note: another emulator runs at {url} for {folder}, and stays the one that `set` and `export` reach; give this one its own `--folder`"));
    } else if let Err(error) = project.announce(&origin) {
        terminal.error(&format!("cannot tell where the emulator runs: {error}"));
        return Exit::World;
    }
    let now = args.now.unwrap_or_else(machine_time);
    let clients = Clients::new(project, emulator.applications(), emulator.vaults(), now);
    if let Err(error) = clients.keep() {
        terminal.error(&format!("cannot keep the client secret: {error}"));
        project.withdraw();
        return Exit::World;
    }
    let ca_file = (!args.http).then(|| project.ca_file());
    let configuration = configuration::configuration(&origin, emulator.vaults(), &clients, ca_file.as_deref());
    let written = terminal.result(configuration.as_bytes());
    let exit = if written == Exit::Success {
        introduce(&emulator, ca_file.as_deref(), terminal);
        tokio::select! {
            () = emulator.wait() => Exit::World,
            _ = tokio::signal::ctrl_c() => Exit::Success,
            () = terminated() => Exit::Success,
        }
    } else {
        written
    };
    project.withdraw();
    exit
}

/// Waits for the signal that asks a process to end.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        signal.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

/// Says where everything is.
fn introduce(emulator: &Emulator, ca_file: Option<&Path>, terminal: &Terminal) {
    let origin = emulator.origin();
    terminal.say(&format!("Entra ID   {}", origin.authority()));
    for vault in emulator.vaults() {
        let (name, url) = (vault.name(), origin.client_url(vault.name()));
        let by_path = format!("{}/{name}", origin.here());
        let also = if url == by_path { String::new() } else { format!(", {by_path}") };
        terminal.say(&format!("{name}   {url}{also}"));
    }
    if let Some(path) = ca_file {
        terminal.say(&format!("CA         {}", path.display()));
        terminal.say("what a client needs is printed by `--print-env python|js|rust|go|az|dotnet`");
    }
    if emulator.address().ip() != IpAddr::V4(Ipv4Addr::LOCALHOST) {
        terminal.say(&format!("listening on {}", emulator.address()));
    }
    terminal.say("this is not for real secrets; Ctrl-C stops it");
}

//! `emulate`: the local Key Vault in the foreground, and what is done to the one that runs.

mod environment;
mod export;
mod project;
mod remote;
mod set;

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{Emulate, EmulateAction};
use super::waiting::Waiting;
use super::{Exit, Terminal};
use crate::emulator::{
    Application, Builder, CLIENT, ClientSecret, Emulator, RESOURCE, Seed, StartError, StateError, TENANT,
};

use project::Project;

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
    let project = Project::beside(&args.project, args.vaults.as_deref());
    if let Err(error) = prepare(&project, &mut seed) {
        terminal.error(&format!("cannot keep keys for the emulator: {error}"));
        terminal.say("choose another folder with `--folder`");
        return Exit::World;
    }
    let application = seed.applications[0].clone();
    let authority = match (!args.http).then(|| project.authority()).transpose() {
        Ok(authority) => authority,
        Err(error) => {
            terminal.error(&error.to_string());
            return Exit::World;
        }
    };
    if let Some(sdk) = args.print_env {
        if args.http || args.port == 0 {
            terminal
                .error("the official clients speak HTTPS, to a port that is known: leave out `--http` and `--port 0`");
            return Exit::Usage;
        }
        return terminal.result(environment::lines(sdk, &project, &application, &seed.vaults, args.port).as_bytes());
    }
    let names: Vec<String> = seed.vaults.iter().map(|vault| vault.name().to_owned()).collect();
    let mut builder = seed.into_builder().listen(SocketAddr::new(args.listen, args.port));
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
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        builder = builder.clock_offset(now.saturating_sub_unsigned(machine));
    }
    match project.control_key().and_then(|key| Ok((key, project.identity_header()?))) {
        Ok((key, header)) => builder = builder.control(key).identity_header(header),
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
    let runtime = match Waiting::new(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime.block_on(serve(builder, args, &project, &names, terminal))
}

/// What the emulator begins with.
fn seed(args: &Emulate) -> Result<Seed, crate::diagnostic::Diagnostics> {
    let mut seed = match &args.vaults {
        Some(path) => Seed::read(path)?,
        None => Seed::default(),
    };
    for (vault, path) in &args.dotenv {
        seed.read_dotenv(vault, path)?;
    }
    Ok(seed)
}

/// Makes the project's folder, and sees to it that there is an application whose secret clients can find there.
fn prepare(project: &Project, seed: &mut Seed) -> std::io::Result<()> {
    project.make()?;
    if seed.applications.is_empty() {
        let mut application = Application::new(TENANT, CLIENT);
        application.secrets = vec![ClientSecret { value: Arc::new(project.client_secret()?), expires: None }];
        seed.applications.push(application);
        return Ok(());
    }
    project.keep_client_secret(&seed.applications[0].client_secret())
}

async fn serve(builder: Builder, args: &Emulate, project: &Project, names: &[String], terminal: &Terminal) -> Exit {
    let mut emulator = match builder.start().await {
        Ok(emulator) => emulator,
        Err(error) => {
            terminal.error(&error.to_string());
            terminal.say(match &error {
                StartError::Listen { .. } => "choose another port with `--port`, or 0 for any free one",
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
    let url = emulator.authority().as_str().trim_end_matches('/').to_owned();
    if let Err(error) = project.announce(&url) {
        terminal.error(&format!("cannot tell where the emulator runs: {error}"));
        return Exit::World;
    }
    let ca_file = (!args.http).then(|| project.ca_file());
    let written = terminal.result(configuration(&emulator, project, ca_file.as_deref(), names).as_bytes());
    let exit = if written == Exit::Success {
        introduce(&emulator, ca_file.as_deref(), names, terminal);
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
fn introduce(emulator: &Emulator, ca_file: Option<&Path>, names: &[String], terminal: &Terminal) {
    terminal.say(&format!("Entra ID   {}", emulator.authority().as_str().trim_end_matches('/')));
    let (scheme, port) = (emulator.authority().scheme().to_owned(), emulator.address().port());
    for name in names {
        terminal.say(&format!("{name}   {scheme}://{name}.vault.localhost:{port}, {scheme}://localhost:{port}/{name}"));
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

/// A configuration for the vaults, to be used as it is.
fn configuration(emulator: &Emulator, project: &Project, ca_file: Option<&Path>, names: &[String]) -> String {
    let mut out = String::from("# credflow.yaml for these vaults\nstores:\n");
    let quoted = |path: &Path| crate::yaml::quoted(&path.display().to_string()).to_string();
    for name in names {
        let Some(url) = emulator.vault_url(name) else { continue };
        let application = &emulator.applications()[0];
        let _ = writeln!(out, "  {name}:");
        let _ = writeln!(out, "    vault-url: {}", url.as_str().trim_end_matches('/'));
        let _ = writeln!(out, "    authority: {}", emulator.authority().as_str().trim_end_matches('/'));
        let _ = writeln!(out, "    tenant-id: {}", application.tenant);
        let _ = writeln!(out, "    client-id: {}", application.client);
        let _ = writeln!(out, "    client-secret: {{ file: {} }}", quoted(&project.client_secret_file()));
        let _ = writeln!(out, "    azure-resource: {RESOURCE}");
        if let Some(path) = ca_file {
            let _ = writeln!(out, "    ca-file: {}", quoted(path));
        }
    }
    out
}

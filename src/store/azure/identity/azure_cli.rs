//! Who is logged in to the Azure CLI: `az account get-access-token`.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::store::azure::answer::grant::Grant;
use crate::store::azure::target::TokenTarget;
use crate::store::error::FetchError;

/// The command; a batch file on Windows.
const AZ: &str = if cfg!(windows) { "az.cmd" } else { "az" };

/// How long it may take. It is a Python program that may ask Entra ID itself.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks the Azure CLI for a token, once.
pub(super) async fn token(target: &TokenTarget) -> Result<Grant, FetchError> {
    let fault = || FetchError::AzureCli(target.tenant.clone());
    let mut command = Command::new(AZ);
    command.args(["account", "get-access-token", "--output", "json", "--scope"]);
    command.arg(format!("{}/.default", target.resource));
    if let Some(tenant) = &target.tenant {
        command.args(["--tenant", tenant]);
    }
    // What it says on stderr is for people, and may be anything.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => FetchError::NoAzureCli,
        _ => fault(),
    })?;
    let mut family = Family::of(&child);
    let finished = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await.map_err(|_| fault())?;
    let output = finished.map_err(|_| fault())?;
    family.is_done();
    let answer = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(fault());
    }
    Grant::parse(&answer).map_err(|_| fault())
}

/// The command and what it started: it is a script that starts another program, which must not outlive whoever waits.
struct Family {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Family {
    fn of(child: &Child) -> Self {
        #[cfg(unix)]
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        #[cfg(not(unix))]
        let _ = child;
        Self {
            #[cfg(unix)]
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// The command ended, and its number may be another's soon.
    fn is_done(&mut self) {
        #[cfg(unix)]
        {
            self.leader = None;
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

//! The supervisor of `run` and `exec`, and the relay of `exec`: this program once more.

use std::ffi::OsString;
use std::path::PathBuf;

use super::waiting::Waiting;
use super::{Exit, Terminal};
use crate::run::{Options, Supervisor, remove_left_files};

/// The verb of the supervisor. No person needs it, and so no help, completion or suggestion has it.
const VERB: &str = "supervise";

/// Whether these arguments ask for the supervisor, and nothing else.
pub(super) fn is_asked_for(args: &[OsString]) -> bool {
    matches!(args, [_, verb] if verb == VERB)
}

/// Is the supervisor.
pub(super) fn supervise() -> Exit {
    #[cfg(unix)]
    return crate::run::supervise().map_or(Exit::World, |()| Exit::Success);
    #[cfg(not(unix))]
    Exit::Usage
}

/// Is the relay of a command that has ended, if these arguments ask for that.
pub(super) fn relay(args: &[OsString], terminal: &Terminal) -> Option<Exit> {
    #[cfg(unix)]
    if let [_, verb, descriptors @ ..] = args
        && verb == crate::run::RELAY_VERB
    {
        let descriptors: Vec<String> =
            descriptors.iter().map(|descriptor| descriptor.to_string_lossy().into_owned()).collect();
        let shown = terminal.clone();
        let pass = move |stream, bytes: &[u8]| shown.pass(stream == crate::run::Stream::Stderr, bytes);
        return Some(match Waiting::new(terminal) {
            Ok(runtime) => {
                runtime.block_on(crate::run::relay(&descriptors, pass)).map_or(Exit::World, |()| Exit::Success)
            }
            Err(exit) => exit,
        });
    }
    let _ = (args, terminal);
    None
}

/// The program that is the relay of `exec`.
pub(super) fn relay_program(terminal: &Terminal) -> Option<PathBuf> {
    if terminal.is_command() && cfg!(unix) { program().ok() } else { None }
}

/// Removes what killed runs have left, and starts the supervisor. Without it everything works but for the end of the
/// steps when this process is killed, which a warning says.
pub(super) async fn start(terminal: &Terminal) -> Option<Supervisor> {
    let _ = tokio::task::spawn_blocking(remove_left_files).await;
    if !terminal.is_command() || cfg!(not(unix)) {
        return None;
    }
    let lost = {
        let terminal = terminal.clone();
        move |how: String| {
            // Nobody may be there to read it.
            drop(tokio::task::spawn_blocking(move || warn(&terminal, &format!("has ended ({how})"))));
        }
    };
    let grace = Options::default().grace;
    let started = program().and_then(|program| Supervisor::start(&program, grace, lost));
    started.map_err(|error| warn(terminal, &format!("can't be started ({error})"))).ok()
}

/// Ends it.
pub(super) async fn end(supervisor: Option<Supervisor>) {
    if let Some(supervisor) = supervisor {
        supervisor.end().await;
    }
}

/// This program. On Linux by a link that stays right when another version takes its place, and by whose name nobody kills
/// it together with credflow.
fn program() -> std::io::Result<PathBuf> {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() { Ok(link) } else { std::env::current_exe() }
}

fn warn(terminal: &Terminal, what: &str) {
    terminal.warn(&format!("the supervisor {what}: if credflow is killed now, what it started goes on"));
}

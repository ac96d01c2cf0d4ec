//! One step as a process.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::event::{Event, StepPlace, Stream};
use super::graph::Run;
use super::outcome::{Outcome, StartError};
use super::process::{Limits, Process};
use super::script;
use crate::render::Filled;
use crate::workflow::{Document, Job, Step};

/// A step where it stands.
pub(super) struct Bound<'r> {
    pub(super) document: &'r Document<Filled>,
    pub(super) job: &'r Job<Filled>,
    pub(super) step: &'r Step<Filled>,
    pub(super) place: StepPlace<'r>,
}

/// Runs a step to its end.
pub(super) async fn execute(run: &Run, bound: &Bound<'_>, limits: Limits) -> Outcome {
    match start(run, bound) {
        Ok((process, _file)) => {
            let mut sink = |stream: Stream, bytes: &[u8]| {
                let step = bound.place;
                run.observer.event(Event::Output { step, stream, bytes });
            };
            process.watch(limits, &mut sink).await
        }
        Err(error) => Outcome::NotStarted(error),
    }
}

/// Starts a step with its own values and no other step's.
fn start(run: &Run, bound: &Bound<'_>) -> Result<(Process, Option<tempfile::TempPath>), StartError> {
    let step = bound.step;
    let script = step.run.as_deref().expect("internal error: a step without a script is refused");
    let (mut command, file) = script::command(script, step.shell.as_deref())?;
    command.stdin(Stdio::null());
    for name in &run.options.withheld {
        command.env_remove(name);
    }
    for variable in bound.document.environment(bound.job, step) {
        command.env(variable.name, variable.binding.value.expose());
    }
    let folder = step.working_directory.as_deref().map(Path::new);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let program = name(&command);
    let process = Process::start(command, true, &run.masks).map_err(|error| fault(&error, program, folder))?;
    Ok((process, file))
}

/// A command's program as people see it.
pub(super) fn name(command: &Command) -> String {
    command.as_std().get_program().to_string_lossy().into_owned()
}

/// What the system meant: it says the same of a missing program and a missing folder.
pub(super) fn fault(error: &std::io::Error, program: String, folder: Option<&Path>) -> StartError {
    match folder {
        Some(folder) if !folder.is_dir() => StartError::NoFolder { folder: folder.display().to_string() },
        _ if error.kind() == std::io::ErrorKind::NotFound => StartError::NoProgram { program },
        _ => StartError::NotExecutable { program, reason: error.to_string() },
    }
}

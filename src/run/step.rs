//! One step as a process.

use std::path::Path;

use tokio::process::Command;

use super::event::StepPlace;
use super::files::PrivateFile;
use super::limits::Limits;
use super::load::Load;
use super::outcome::{Outcome, StartError};
use super::process::{End, Process, Setup};
use super::screen::{Lead, Leads};
use super::shared::Run;
use super::{ALWAYS_INHERITED, script};
use crate::render::Filled;
use crate::workflow::{Document, Job, Step};

/// A step where it stands.
pub(super) struct Bound<'r> {
    pub(super) document: &'r Document<Filled>,
    pub(super) job: &'r Job<Filled>,
    pub(super) step: &'r Step<Filled>,
    pub(super) place: StepPlace,
}

/// Runs a step to its end, once.
pub(super) async fn execute(run: &Run, bound: &Bound<'_>, mut limits: Limits) -> End {
    match start(run, bound) {
        Ok((process, _files)) => process.watch(&mut limits).await,
        Err(error) => End { outcome: Outcome::NotStarted(error), left: None, rest: None },
    }
}

/// Starts a step with its own values and no other step's. Its files go when their paths are dropped.
fn start(run: &Run, bound: &Bound<'_>) -> Result<(Process, Vec<PrivateFile>), StartError> {
    let step = bound.step;
    let supervisor = run.options.supervisor.as_ref();
    let script = step.run.as_deref().expect("internal error: a step without a script is refused");
    let (mut command, script) = script::command(script, bound.document.shell(step), supervisor)?;
    let mut files: Vec<PrivateFile> = script.into_iter().collect();
    let inherits = !run.options.clean_env && bound.document.inherits(bound.job, step);
    if !inherits {
        let kept = ALWAYS_INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let kept: Vec<_> = kept.collect();
        command.env_clear().envs(kept);
    }
    for name in run.workflow.safeguards().withheld() {
        command.env_remove(name);
    }
    for variable in bound.document.environment(bound.job, step) {
        command.env(variable.name, variable.binding.value.expose());
    }
    for file in &step.files {
        let made = PrivateFile::write(file.value.expose().as_bytes(), supervisor).map_err(|error| {
            let (variable, reason) = (file.name.to_string(), error.to_string());
            StartError::NoFile { variable, reason }
        })?;
        command.env(&*file.name, made.path());
        files.push(made);
    }
    let folder = step.working_directory.as_deref().map(Path::new);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let window = run.options.window.as_ref();
    let output = if window.is_some() { Lead::Screen } else { Lead::Pipe };
    let setup = Setup {
        leads: Leads { stdin: Lead::Nothing, stdout: output, stderr: output, is_joined: run.options.is_joined },
        window,
        own: true,
        masks: &run.masks,
        outlet: run.audience.outlet(bound.place.clone()),
        listener: run.options.listener,
        keyboard: None,
        supervisor,
    };
    let (program, load) = (name(&command), Load::of(command.as_std(), inherits));
    let process = Process::start(command, setup).map_err(|error| fault(&error, program, load, folder))?;
    Ok((process, files))
}

/// A command's program as people see it.
pub(super) fn name(command: &Command) -> String {
    command.as_std().get_program().to_string_lossy().into_owned()
}

/// What the system meant: it says the same of a missing program and a missing folder.
pub(super) fn fault(error: &std::io::Error, program: String, load: Load, folder: Option<&Path>) -> StartError {
    match folder {
        _ if error.kind() == std::io::ErrorKind::ArgumentListTooLong => StartError::TooLarge { program, load },
        Some(folder) if !folder.is_dir() => StartError::NoFolder { folder: folder.display().to_string() },
        _ if error.kind() == std::io::ErrorKind::NotFound => StartError::NoProgram { program },
        _ => StartError::NotExecutable { program, reason: error.to_string() },
    }
}

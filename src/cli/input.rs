//! The files that a verb begins with.

use std::path::{Path, PathBuf};

use super::Terminal;
use super::args::Global;
use crate::config::{self, Config, EnvironmentError};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::file::folder;
use crate::plan::{Plan, Purpose};
use crate::reference::Template;
use crate::source::Source;
use crate::workflow::Workflow;

/// As much of a workflow as can be read from a file, or from standard input for `-`, with its faults and warnings.
pub(super) fn workflow(path: &Path) -> (Option<Workflow<Template>>, Diagnostics) {
    match Source::read_or_stdin(path) {
        Ok(source) => Workflow::read_partly(&source),
        Err(error) => (None, Diagnostic::from(error).into()),
    }
}

/// Whether a file is a configuration, by its name.
pub(super) fn is_configuration(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == config::FILE_NAME)
}

/// The configuration's file: the one that was named, or the nearest from a folder upwards.
pub(super) fn config_path(global: &Global, folder: &Path) -> Option<PathBuf> {
    global.config().or_else(|| config::find(folder))
}

/// The configuration for files of a folder, with its warnings. Which one it is is told to whoever wants details.
pub(super) fn config(
    global: &Global,
    folder: &Path,
    terminal: &Terminal,
) -> Result<(Option<Config>, Diagnostics), Diagnostics> {
    let path = config_path(global, folder);
    terminal.detail(&match &path {
        Some(path) => format!("configuration: {}", path.display()),
        None => "configuration: none".to_owned(),
    });
    match path {
        Some(path) => Config::read(&path).map(|(config, warnings)| (Some(config), warnings)),
        None => Ok((None, Diagnostics::new())),
    }
}

/// The configuration of the environment that was named, or the only one that there is.
pub(super) fn choose(config: &Config, global: &Global) -> Result<Config, Failure> {
    config.choose(global.environment()).map_err(|error| {
        let help = match error {
            EnvironmentError::NoEnvironments(_) => "leave out `--environment` and CREDFLOW_ENVIRONMENT",
            _ => "choose one with `--environment NAME` or CREDFLOW_ENVIRONMENT",
        };
        Failure::Usage(format!("{error}; {help}"))
    })
}

/// The configuration of each environment, or of the one that was named.
pub(super) fn each(config: &Config, global: &Global) -> Result<Vec<Config>, Failure> {
    match global.environment() {
        None => Ok(config.each()),
        Some(_) => choose(config, global).map(|config| vec![config]),
    }
}

/// The plan of a workflow's file, or of a part of it, with all warnings; among them, unless the file itself is to be
/// written, one of each variable of the file that every step overrides. Faults of the workflow and of the
/// configuration come together.
pub(super) fn plan<P: Purpose>(
    path: &Path,
    global: &Global,
    terminal: &Terminal,
    select: impl FnOnce(Workflow<Template>) -> Result<Workflow<Template>, crate::workflow::Unselectable>,
) -> Result<(Plan<P>, Diagnostics), Failure> {
    let (workflow, mut found) = workflow(path);
    if let Some(workflow) = &workflow {
        found.extend(workflow.unacted());
        if !P::WHOLE {
            found.extend(workflow.unseen());
        }
    }
    let selected = workflow.map(select);
    let config = chosen(&mut found, global, folder(path), terminal)?;
    // Whatever part is selected, the faults of the whole file are told.
    let selected = match selected {
        Some(Ok(selected)) => selected,
        Some(Err(error)) if !found.has_errors() => return Err(Failure::Usage(error.to_string())),
        _ => return Err(Failure::Faults(found)),
    };
    planned(selected, found, config.as_ref())
}

/// The plan of variables that aren't a file's, with all that was found about them. The configuration is that of a folder.
pub(super) fn plan_variables(
    workflow: Workflow<Template>,
    mut found: Diagnostics,
    global: &Global,
    folder: &Path,
    terminal: &Terminal,
) -> Result<(Plan, Diagnostics), Failure> {
    let config = chosen(&mut found, global, folder, terminal)?;
    planned(workflow, found, config.as_ref())
}

/// The configuration of the environment that was named, with its warnings among what was found. What a workflow wants of a
/// faulty one can't be told.
fn chosen(
    found: &mut Diagnostics,
    global: &Global,
    folder: &Path,
    terminal: &Terminal,
) -> Result<Option<Config>, Failure> {
    match config(global, folder, terminal) {
        Ok((config, warnings)) => {
            found.extend(warnings);
            config.map(|config| choose(&config, global)).transpose()
        }
        Err(faults) => Err(Failure::Faults(std::mem::take(found).and(faults))),
    }
}

/// The plan, with all that was found.
fn planned<P: Purpose>(
    workflow: Workflow<Template>,
    mut found: Diagnostics,
    config: Option<&Config>,
) -> Result<(Plan<P>, Diagnostics), Failure> {
    let plan = workflow.plan_for::<P>(config).map_err(|faults| found.extend(faults)).ok();
    found.finish(plan).map_err(Failure::Faults)
}

/// The faults of a workflow, and what of it a run refuses. A step whose `run` isn't a text has nothing to run because of
/// that, and a key that is refused needs no warning.
pub(super) fn with_refusals(found: Diagnostics, refused: Diagnostics) -> Diagnostics {
    if refused.is_empty() {
        return found;
    }
    let is_partial = found.iter().any(|fault| matches!(fault.code, Code::WrongType | Code::MissingKey));
    let is_told = |fault: &Diagnostic| {
        fault.severity == Severity::Warning && matches!(fault.code, Code::UnknownKey | Code::ForeignKey)
    };
    let mut together = Diagnostics::new();
    together.extend(found.into_iter().filter(|fault| !is_told(fault)));
    together.extend(refused.into_iter().filter(|fault| !is_partial || fault.code != Code::MissingKey));
    together.sort();
    together
}

/// Why there is no plan.
pub(super) enum Failure {
    /// Faults in the files.
    Faults(Diagnostics),
    /// The arguments don't fit to the files.
    Usage(String),
}

impl Failure {
    /// Tells it, and how the verb ends with it.
    pub(super) fn tell(&self, terminal: &Terminal) -> super::Exit {
        match self {
            Self::Faults(faults) => {
                terminal.diagnostics(faults);
                super::Exit::Faults
            }
            Self::Usage(message) => {
                terminal.error(message);
                super::Exit::Usage
            }
        }
    }
}

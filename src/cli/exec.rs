//! `exec`: one command with the references in its environment resolved.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::args::{Exec, Global};
use super::run::{exit_code, withheld};
use super::waiting::Waiting;
use super::{Exit, Terminal, fetch, input};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::reference::{OPENING, Template};
use crate::render::Filled;
use crate::run::{Command, Outcome, Stream, Value};
use crate::source::Source;
use crate::workflow::Workflow;

/// What a scope calls the workflow of `exec`.
const NAME: &str = "exec";

pub(super) fn exec(args: &Exec, global: &Global, terminal: &Terminal) -> Exit {
    let workflow = match variables(args) {
        Ok(workflow) => workflow,
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    let planned = input::config(global, Path::new(".")).and_then(|(config, warnings)| {
        terminal.diagnostics(&warnings);
        workflow.plan(config.as_ref())
    });
    let plan = match planned {
        Ok(plan) => plan,
        Err(faults) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
    };
    let runtime = match Waiting::new(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let Some((program, arguments)) = args.command.split_first() else { return Exit::Usage };
    let withheld = withheld(plan.stores());
    runtime.block_on(async {
        let workflow = match fetch::fill(plan, &args.fetching, terminal).await {
            Ok(workflow) => workflow,
            Err(exit) => return exit,
        };
        let command = Command {
            program: program.clone(),
            arguments: arguments.to_vec(),
            environment: environment(workflow, &withheld),
        };
        let outcome = command.execute(|stream, bytes| terminal.pass(stream == Stream::Stderr, bytes)).await;
        if let Outcome::NotStarted(error) = &outcome {
            terminal.error(&error.to_string());
        }
        Exit::Child(exit_code(outcome.exit_code()))
    })
}

/// The whole environment of the command: what is inherited and not replaced, and what was resolved.
fn environment(workflow: Workflow<Filled>, withheld: &[OsString]) -> Vec<(OsString, Value)> {
    let steps = workflow.documents.into_iter().flat_map(|document| document.jobs).flat_map(|job| job.steps);
    let resolved: Vec<(OsString, Filled)> =
        steps.flat_map(|step| step.env).map(|binding| (OsString::from(&*binding.name), binding.value)).collect();
    let replaced = |name: &OsString| withheld.contains(name) || resolved.iter().any(|(other, _)| other == name);
    let inherited = std::env::vars_os().filter(|(name, _)| !replaced(name));
    let inherited: Vec<_> = inherited.map(|(name, value)| (name, Value::Inherited(value))).collect();
    let resolved = resolved.into_iter().map(|(name, value)| (name, Value::Filled(value)));
    inherited.into_iter().chain(resolved).collect()
}

/// The variables of the current environment that hold references, and those of the file.
fn variables(args: &Exec) -> Result<Workflow<Template>, Diagnostics> {
    if let Some(path) = &args.env_file {
        // The file may hold plain passwords as well.
        let file = Source::read_private(path).map_err(Diagnostic::from)?;
        let inherited = inherited();
        if inherited.is_empty() {
            return Workflow::of_variables(&file, NAME);
        }
        // The file comes last, so that it overrides the environment.
        let text = format!("{inherited}{}", file.text());
        return Workflow::of_variables(&Source::private(file.name(), text), NAME);
    }
    let environment: Arc<Source> = Source::private("environment", inherited());
    Workflow::of_variables(&environment, NAME)
}

/// The variables of this process with references in them, as `NAME="VALUE"` lines.
fn inherited() -> String {
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(_, value)| value.contains(OPENING))
        .collect();
    found.sort();
    let mut out = String::new();
    for (name, value) in found {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
        let _ = writeln!(out, "{name}=\"{escaped}\"");
    }
    out
}

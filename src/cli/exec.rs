//! `exec`: one command with the references in its environment resolved.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use super::args::{Exec, Global};
use super::audit::Trail;
use super::run::exit_code;
use super::used::Uses;
use super::waiting::{Interrupt, Waiting};
use super::{Exit, Terminal, fetch, input};
use crate::audit;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dotenv::assignments;
use crate::plan::Plan;
use crate::reference::{OPENING, Template, near_misses};
use crate::render::Filled;
use crate::run::{ALWAYS_INHERITED, Command, Outcome, Stream, Value};
use crate::source::Source;
use crate::workflow::Workflow;

/// What a scope calls the workflow of `exec`.
const NAME: &str = "exec";

pub(super) fn exec(args: &Exec, global: &Global, terminal: &Terminal) -> Exit {
    let plan = match plan(args, global) {
        Ok((plan, warnings)) => {
            terminal.diagnostics(&warnings);
            plan
        }
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
    let trail = match Trail::open(&args.audited, terminal) {
        Ok(trail) => trail,
        Err(exit) => return exit,
    };
    let withheld: Vec<OsString> = plan.secret_variables().iter().map(OsString::from).collect();
    runtime.block_on(async {
        let planned = Uses::planned(&plan);
        let (workflow, uses) = match fetch::fill(plan, &args.fetching, terminal).await {
            Ok(filled) => filled,
            Err(exit) => {
                trail.close(&planned, audit::Outcome::NotFetched, |_| true).await;
                return exit;
            }
        };
        // A value that can't be noted is not given.
        let noted = Interrupt::listen(terminal).or(trail.note(&uses, audit::Outcome::Given, |_| true)).await;
        match noted {
            Ok(true) => {}
            Ok(false) => return Exit::World,
            Err(exit) => {
                trail.abandon().await;
                return exit;
            }
        }
        let surroundings = &args.surroundings;
        let command = Command {
            program: program.clone(),
            arguments: arguments.to_vec(),
            environment: environment(&workflow, &withheld, surroundings.clean_env),
            window: if surroundings.no_tty { None } else { Terminal::window() },
            withheld,
        };
        let shown = terminal.clone();
        let outcome = command.execute(move |stream, bytes| shown.pass(stream == Stream::Stderr, bytes)).await;
        if let Outcome::OutputLost { reason } = &outcome {
            terminal.error(&format!("the output could not be written: {reason}"));
        }
        if let Outcome::NotStarted(error) = &outcome {
            terminal.error(&error.to_string());
            // Nobody was given what had been noted.
            trail.close(&uses, audit::Outcome::NotStarted, |_| true).await;
        }
        Exit::Child(exit_code(outcome.exit_code()))
    })
}

/// The whole environment of the command: what is inherited and not replaced, and what was resolved.
fn environment(workflow: &Workflow<Filled>, withheld: &[OsString], clean: bool) -> Vec<(OsString, Value)> {
    let steps = workflow.documents.iter().flat_map(|document| {
        let steps = document.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
        steps.flat_map(|(job, step)| document.environment(job, step))
    });
    let resolved: Vec<(OsString, Filled)> =
        steps.map(|variable| (OsString::from(variable.name), variable.binding.value.clone())).collect();
    let known: HashSet<&OsString> = resolved.iter().map(|(name, _)| name).chain(withheld).collect();
    let replaced = |name: &OsString| known.contains(name);
    let kept = |name: &OsString| !clean || ALWAYS_INHERITED.iter().any(|kept| name == kept);
    let inherited = std::env::vars_os().filter(|(name, _)| kept(name) && !replaced(name));
    let inherited: Vec<_> = inherited.map(|(name, value)| (name, Value::Inherited(value))).collect();
    let resolved = resolved.into_iter().map(|(name, value)| (name, Value::Filled(value)));
    inherited.into_iter().chain(resolved).collect()
}

/// The plan of the variables. Faults of all that it is made from come together.
fn plan(args: &Exec, global: &Global) -> Result<(Plan, Diagnostics), Diagnostics> {
    let (workflow, mut found) = variables(args)?;
    let config = match input::config(global, Path::new(".")) {
        Ok((config, warnings)) => {
            found.extend(warnings);
            config
        }
        Err(faults) => {
            found.extend(faults);
            found.sort();
            return Err(found);
        }
    };
    match workflow.plan(config.as_ref()) {
        Ok(plan) => found.finish(Some(plan)),
        Err(faults) => {
            found.extend(faults);
            found.sort();
            Err(found)
        }
    }
}

/// The variables of the file, and those of the current environment that hold references and aren't in the file.
fn variables(args: &Exec) -> Result<(Workflow<Template>, Diagnostics), Diagnostics> {
    let Some(path) = &args.env_file else {
        return Ok(Workflow::of_variables(&Source::private("environment", inherited(|_| true)), NAME));
    };
    // The file may hold plain passwords as well.
    let file = Source::read_private(path).map_err(Diagnostic::from)?;
    let names: HashSet<String> =
        assignments(&file, &mut Diagnostics::new()).into_iter().map(|assignment| assignment.name).collect();
    let inherited = inherited(|name| !names.contains(name));
    if inherited.is_empty() {
        return Ok(Workflow::of_variables(&file, NAME));
    }
    // The file comes first, so that its lines have their numbers.
    let text = format!("{}\n{inherited}", file.text());
    Ok(Workflow::of_variables(&Source::private(file.name(), text), NAME))
}

/// The variables of this process with references in them, or nearly, as `NAME="VALUE"` lines.
fn inherited(chosen: impl Fn(&str) -> bool) -> String {
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| chosen(name) && (value.contains(OPENING) || near_misses(value).next().is_some()))
        .collect();
    found.sort();
    let mut out = String::new();
    for (name, value) in found {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
        let _ = writeln!(out, "{name}=\"{escaped}\"");
    }
    out
}

//! `get`: one value on standard output.

use std::io::IsTerminal;
use std::path::Path;

use super::args::{Get, Global};
use super::audit::Trail;
use super::used::Uses;
use super::{Exit, Terminal, fetch, input, variables};
use crate::audit::Outcome;
use crate::diagnostic::Diagnostics;
use crate::plan::Plan;
use crate::source::Source;
use crate::workflow::Workflow;

/// What a scope calls the workflow of `get`.
const NAME: &str = "get";

/// What an audit calls the place of the value.
const VARIABLE: &str = "stdout";

pub(super) fn get(args: &Get, global: &Global, terminal: &Terminal) -> Exit {
    let is_shown = std::io::stdout().is_terminal();
    if is_shown && !args.reveal {
        terminal.error("standard output is a terminal, which would show the value; add `--reveal` to show it");
        return Exit::Usage;
    }
    let plan = match plan(args, global, terminal) {
        Ok((plan, warnings)) => {
            terminal.diagnostics(&warnings);
            plan
        }
        Err(failure) => return failure.tell(terminal),
    };
    let trail = match Trail::open(&args.audited, terminal) {
        Ok(trail) => trail,
        Err(exit) => return exit,
    };
    let (planned, noting, out) = (Uses::planned(&plan), trail.clone(), terminal.clone());
    let written = fetch::blocking(plan, &args.fetching, terminal, move |resolved, uses| {
        // A value that can't be noted is not shown.
        if !noting.note_blocking(&uses, Outcome::Revealed, |_| true) {
            return Exit::World;
        }
        let workflow = resolved.render();
        let Some(binding) = workflow.bindings().next() else { return Exit::World };
        let value = binding.value.expose();
        let told = out.result(value.as_bytes());
        // What a prompt would stand behind.
        if is_shown && !value.ends_with('\n') { out.result(b"\n") } else { told }
    });
    written.unwrap_or_else(|exit| {
        trail.close_blocking(&planned, Outcome::NotFetched, |_| true);
        exit
    })
}

/// The plan of the one reference. Faults of all that it is made from come together.
fn plan(args: &Get, global: &Global, terminal: &Terminal) -> Result<(Plan, Diagnostics), input::Failure> {
    let reference = variables::reference(&args.reference).map_err(|fault| input::Failure::Faults(fault.into()))?;
    let source = Source::private("command line", format!("{VARIABLE}={reference}"));
    let (workflow, found) = Workflow::of_variables(&source, NAME);
    input::plan_variables(workflow, found, global, Path::new("."), terminal)
}

//! What can't be run, found before anything starts.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::render::Filled;
use crate::source::Span;
use crate::workflow::{Document, Foreign, Job, Step, Workflow};

/// What of a workflow credflow can't execute: each place that needs GitHub's own machinery, and texts that no process
/// can be given. Empty when it can be run. It needs no values, so that it can be asked before anything is fetched.
pub fn refuse<V>(workflow: &Workflow<V>) -> Diagnostics {
    let mut faults = Diagnostics::new();
    let mut refuse = |span: Span, message: String, help: &str| {
        faults.push(Diagnostic::error(Code::CannotRun, message).at(workflow.source(), span, "").help(help));
    };
    for foreign in workflow.documents.iter().flat_map(|document| &document.foreign) {
        let what = printable(&foreign.what);
        let verb = if foreign.what.contains("${{") || foreign.what.starts_with("if:") { "evaluate" } else { "execute" };
        let message = format!("{} can't be run: credflow doesn't {verb} `{what}`", owner(foreign));
        refuse(foreign.span, message, advice(&foreign.what));
    }
    for job in workflow.documents.iter().flat_map(|document| &document.jobs) {
        let name = format!("job `{}`", printable(&job.id));
        let is_foreign = |number: u32| {
            let is_it = |foreign: &Foreign| {
                let step = foreign.step.as_ref().is_some_and(|step| step.0 == number);
                foreign.what == "uses" && step && foreign.job.as_ref() == Some(&job.id)
            };
            workflow.documents.iter().flat_map(|document| &document.foreign).any(is_it)
        };
        for step in &job.steps {
            let name = format!("step `{}` of {name}", printable(&step.label()));
            if step.run.is_none() && !is_foreign(step.number) {
                let message = format!("{name} has nothing to run");
                refuse(step.settings.span, message, "give it a script under `run`");
            }
            let texts = [("run", &step.run), ("shell", &step.shell), ("working-directory", &step.working_directory)];
            for (key, text) in texts {
                if text.as_ref().is_some_and(|text| text.contains('\0')) {
                    let message = format!("`{key}` of {name} has a NUL character");
                    refuse(step.settings.span, message, "no process can be given that; take it away");
                }
            }
            if step.shell.as_ref().is_some_and(|shell| shell.trim().is_empty()) {
                let message = format!("`shell` of {name} names no program");
                refuse(step.settings.span, message, "take it away to use `sh -e`");
            }
        }
    }
    faults.sort();
    faults
}

/// Whom something foreign belongs to, as people call it.
fn owner(foreign: &Foreign) -> String {
    match (&foreign.step, &foreign.job) {
        (Some((_, step)), Some(job)) => format!("step `{}` of job `{}`", printable(step), printable(job)),
        (_, Some(job)) => format!("job `{}`", printable(job)),
        _ => "the workflow".to_owned(),
    }
}

/// What to do instead.
fn advice(what: &str) -> &'static str {
    match what {
        _ if what.starts_with("if:") => "use `success()`, `failure()`, `always()`, `true` or `false`",
        _ if what.contains("${{") => "bind a value or a credential under `env`, and read the variable",
        "defaults" => "give each step its own `shell` and `working-directory`",
        "strategy" => "write a job for each case",
        "concurrency" | "environment" => "leave this part to GitHub, or take the key away: nothing here waits for it",
        _ => "write what it does as a script under `run`, or leave this part to GitHub",
    }
}

/// The variables of steps that no process can be given, by their names and values.
pub(super) fn unusable(workflow: &Workflow<Filled>) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for document in &workflow.documents {
        let steps = document.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
        for (job, step) in steps {
            unusable_in(workflow, document, job, step, &mut faults);
        }
    }
    faults.sort();
    faults
}

fn unusable_in(
    workflow: &Workflow<Filled>,
    document: &Document<Filled>,
    job: &Job<Filled>,
    step: &Step<Filled>,
    faults: &mut Diagnostics,
) {
    for variable in document.environment(job, step) {
        let span = workflow.tree.span(variable.binding.node);
        if let Some(message) = unusable_variable(&variable.name, variable.binding.value.expose()) {
            faults.push(Diagnostic::error(Code::Unusable, message).at(workflow.source(), span, ""));
        }
    }
}

/// Why no process can be given a variable; nothing for one that it can. The value isn't in what is said.
pub fn unusable_variable(name: &str, value: &str) -> Option<String> {
    let shown = printable(name);
    if name.is_empty() || name.contains(['=', '\0']) {
        Some(format!("`{shown}` can't be the name of a variable"))
    } else if value.contains('\0') {
        Some(format!("the value of `{shown}` has a NUL character, which no variable can hold"))
    } else {
        None
    }
}

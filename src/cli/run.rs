//! `run`: the workflow itself.

use std::ffi::OsString;
use std::fmt::Write;
use std::sync::Arc;

use super::args::{Global, Run};
use super::live::{Live, describe};
use super::waiting::Waiting;
use super::{Exit, Terminal, fetch, input};
use crate::config::Store;
use crate::plan::{Plan, human};
use crate::run::{self, Cancellation, Execution, Options, Outcome};
use crate::source::printable;

pub(super) fn run(args: &Run, global: &Global, terminal: &Terminal) -> Exit {
    let planned = input::plan(&args.file, global, |workflow| match (&args.job, &args.step) {
        (Some(job), _) => workflow.select_job(job),
        (_, Some(step)) => workflow.select_step(step),
        _ => Ok(workflow),
    });
    let (plan, warnings) = match planned {
        Ok(planned) => planned,
        Err(failure) => return failure.tell(terminal),
    };
    terminal.diagnostics(&warnings);
    let refused = run::refuse(plan.workflow());
    if refused.has_errors() {
        terminal.diagnostics(&refused);
        return Exit::Faults;
    }
    if args.dry {
        return terminal.result(format!("{}{}", order(&plan), human::write(&plan)).as_bytes());
    }
    let runtime = match Waiting::new(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let withheld = withheld(plan.stores());
    runtime.block_on(async {
        let workflow = match fetch::fill(plan, &args.fetching, terminal).await {
            Ok(workflow) => workflow,
            Err(exit) => return exit,
        };
        let cancellation = Cancellation::new();
        let jobs = workflow.documents.iter().map(|document| document.jobs.len()).sum();
        let live = Arc::new(Live::new(terminal.clone(), jobs));
        let options = Options { cancellation: cancellation.clone(), withheld, ..Options::default() };
        tokio::spawn(cancel_on_signal(cancellation, terminal.clone()));
        match run::run(workflow, options, live).await {
            Ok(execution) => {
                terminal.say(&summary(&execution, terminal));
                Exit::Child(exit_code(execution.exit_code()))
            }
            Err(faults) => {
                terminal.diagnostics(&faults);
                Exit::Faults
            }
        }
    })
}

/// An exit code as this process can give it; what doesn't fit is a failure all the same.
pub(super) fn exit_code(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(1)
}

/// The variables that hold client secrets: no step needs them.
pub(super) fn withheld(stores: &[Store]) -> Vec<OsString> {
    stores.iter().filter_map(|store| store.identity.proof.secret_variable()).map(OsString::from).collect()
}

/// Ends the run at the first signal, and at once at the second.
async fn cancel_on_signal(cancellation: Cancellation, terminal: Terminal) {
    signal().await;
    cancellation.cancel();
    terminal.say("stopping; once more stops at once");
    signal().await;
    cancellation.cancel();
}

/// Waits for Ctrl-C, or to be asked to end.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Jobs and steps as they would run.
fn order(plan: &Plan) -> String {
    let mut out = String::new();
    for document in &plan.workflow().documents {
        for job in &document.jobs {
            let needs: Vec<&str> = job.needs.iter().map(|&need| document.jobs[need].id.as_str()).collect();
            let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(", ")) };
            let _ = writeln!(out, "{}{}", printable(&job.id), printable(&after));
            for step in &job.steps {
                let first = step.run.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
                let _ = writeln!(out, "  {}: {}", printable(&step.label()), printable(first));
            }
        }
    }
    out.push('\n');
    out
}

/// What became of each step, as a table.
fn summary(execution: &Execution, terminal: &Terminal) -> String {
    let mut rows = Vec::new();
    for job in &execution.jobs {
        if job.steps.is_empty() {
            rows.push((job.id.clone(), &job.outcome, job.tolerated, job.duration));
        }
        for step in &job.steps {
            rows.push((format!("{}/{}", job.id, step.label), &step.outcome, step.tolerated, step.duration));
        }
    }
    let widest = rows.iter().map(|row| printable(&row.0).chars().count()).max().unwrap_or_default();
    let mut out = String::from("\n");
    for (name, outcome, tolerated, duration) in rows {
        let colour = match outcome {
            Outcome::Success => "32",
            Outcome::Skipped => "2",
            _ if tolerated => "33",
            _ => "31",
        };
        let time =
            if *outcome == Outcome::Skipped { String::new() } else { format!("{:>8.1} s", duration.as_secs_f64()) };
        let note = if tolerated && outcome.is_failure() { " (continued)" } else { "" };
        let result = terminal.paint(colour, &format!("{}{note}", describe(outcome)));
        let _ = writeln!(out, "  {:widest$}  {time:>10}  {result}", printable(&name));
    }
    out.truncate(out.trim_end().len());
    out
}

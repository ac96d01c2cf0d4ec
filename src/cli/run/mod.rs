//! `run`: the workflow itself.

mod junit;
mod logs;
mod order;
mod report;
mod summary;
mod witness;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Global, Run};
use super::audit::Trail;
use super::live::{self, Extent};
use super::used::Uses;
use super::waiting::{INTERRUPTED, Waiting};
use super::{AROUND, Exit, Terminal, fetch, input, supervision};
use crate::audit::Outcome;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Plan, human};
use crate::run::{self, Cancellation, Options, Orphans};
use input::Failure;
use logs::Logs;
use witness::{Ending, Witness};

pub(super) fn run(args: &Run, global: &Global, terminal: &Terminal) -> Exit {
    // What can't be run is told together with whatever else is wrong.
    let refused = RefCell::default();
    let planned = input::plan(&args.file, global, |workflow| {
        let selected = match (&args.job, &args.step) {
            (Some(job), _) => workflow.select_job(job)?,
            (_, Some(step)) => workflow.select_step(step)?,
            _ => workflow,
        };
        refused.replace(run::refuse(&selected));
        Ok(selected)
    });
    let refused: Diagnostics = refused.into_inner();
    let plan = match planned {
        Ok((plan, warnings)) if !refused.has_errors() => {
            terminal.diagnostics(&warnings);
            plan
        }
        Ok((_, found)) | Err(Failure::Faults(found)) => {
            return Failure::Faults(together(found, &refused)).tell(terminal);
        }
        Err(failure) => return failure.tell(terminal),
    };
    if args.dry {
        return terminal.result(format!("{}{}", order::order(&plan), human::write(&plan)).as_bytes());
    }
    // Whatever is to be written can be, or nothing starts.
    let outputs = Trail::open(&args.audited, terminal).and_then(|trail| Ok((trail, logs(args, terminal)?)));
    let runtime = outputs.and_then(|outputs| Ok((outputs, Waiting::new(terminal)?)));
    match runtime {
        Ok(((trail, logs), runtime)) => runtime.block_on(execute(args, plan, trail, logs, terminal)),
        Err(exit) => exit,
    }
}

/// The faults of a workflow, and what of it can't be run for another reason: a step whose `run` isn't a text has nothing
/// to run because of that.
fn together(mut found: Diagnostics, refused: &Diagnostics) -> Diagnostics {
    let is_partial = found.iter().any(|fault| matches!(fault.code, Code::WrongType | Code::MissingKey));
    let is_own = |fault: &&Diagnostic| !is_partial || !fault.message.ends_with("has nothing to run");
    found.extend(refused.iter().filter(is_own).cloned());
    found.sort();
    found
}

fn logs(args: &Run, terminal: &Terminal) -> Result<Option<Logs>, Exit> {
    report::check(&args.report, terminal)?;
    args.log_dir.as_deref().map(Logs::make).transpose().map_err(|error| {
        terminal.error(&format!("cannot make the folder for logs: {error}"));
        Exit::World
    })
}

async fn execute(args: &Run, plan: Plan, trail: Trail, logs: Option<Logs>, terminal: &Terminal) -> Exit {
    let withheld: Vec<OsString> = plan.secret_variables().iter().map(OsString::from).collect();
    let (planned, extent) = (Uses::planned(&plan), extent(&plan, args));
    let (workflow, uses) = match fetch::fill(plan, &args.fetching, terminal).await {
        Ok(filled) => filled,
        Err(exit) => {
            trail.note(&planned, Outcome::NotFetched, |_| true);
            return exit;
        }
    };
    let uses = Arc::new(uses);
    let cancellation = Cancellation::new();
    let supervisor = supervision::start(terminal).await;
    let options = Options {
        cancellation: cancellation.clone(),
        withheld,
        clean_env: args.surroundings.clean_env,
        max_parallel: args.max_parallel.map(usize::from),
        window: if args.surroundings.no_tty || !terminal.is_screen() { None } else { Terminal::window() },
        supervisor: supervisor.clone(),
        ..Options::default()
    };
    let grace = options.grace;
    let live = live::observer(terminal, extent);
    let witness = Arc::new(Witness::new(live, logs, trail, Arc::clone(&uses), cancellation.clone()));
    let orphans = Orphans::adopt(supervisor.clone());
    let ending = tokio::spawn(cancel_on_signal(cancellation.clone(), terminal.clone()));
    let ran = run::run(workflow, options, Arc::clone(&witness) as Arc<dyn run::Observer>).await;
    orphans.end(grace, &cancellation).await;
    supervision::end(supervisor).await;
    ending.abort();
    let (reports, terminal) = (args.report.clone(), terminal.clone());
    let telling = tokio::task::spawn_blocking(move || tell(ran, &witness, &uses, &reports, &terminal));
    tokio::select! {
        told = telling => told.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())),
        // Nobody reads what is told.
        () = signal() => Exit::Child(INTERRUPTED),
    }
}

/// Tells how a run ended, and writes what is to be kept of it.
fn tell(
    ran: Result<run::Execution, Diagnostics>,
    witness: &Witness,
    uses: &Uses,
    reports: &[PathBuf],
    terminal: &Terminal,
) -> Exit {
    let execution = match ran {
        Ok(execution) => execution,
        Err(faults) => {
            terminal.diagnostics(&faults);
            // What was fetched was given to nobody.
            witness.finish(terminal);
            return Exit::Faults;
        }
    };
    terminal.say(&summary::summary(&execution, uses, terminal));
    let ending = witness.finish(terminal);
    let is_reported = report::write(reports, &execution, uses, terminal);
    match (execution.exit_code(), ending) {
        (0, Ending::Complete) if is_reported => Exit::Child(0),
        // The steps did what they should, and credflow didn't; or it ended the run for want of its audit.
        (0, _) | (_, Ending::Unaudited) => Exit::Child(AROUND),
        (code, _) => Exit::Child(exit_code(code)),
    }
}

/// How much of a workflow may happen at once.
fn extent(plan: &Plan, args: &Run) -> Extent {
    let documents = &plan.workflow().documents;
    let at_once = documents.iter().any(|document| {
        args.max_parallel != Some(1) && document.max_parallel != Some(1) && document.has_independent_jobs()
    });
    Extent { jobs: documents.iter().map(|document| document.jobs.len()).sum(), at_once }
}

/// An exit code as this process can give it; what doesn't fit is a failure all the same.
pub(super) fn exit_code(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(1)
}

/// Ends the run at the first signal, and at once at the second.
async fn cancel_on_signal(cancellation: Cancellation, terminal: Terminal) {
    signal().await;
    cancellation.cancel();
    // Nobody may be there to read it.
    tokio::task::spawn_blocking(move || terminal.say("stopping; once more stops at once"));
    signal().await;
    cancellation.cancel();
}

/// Waits for Ctrl-C, for the terminal to close, or to be asked to end.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    let (Ok(mut hangup), Ok(mut quit)) = (signal(SignalKind::hangup()), signal(SignalKind::quit())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        _ = quit.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

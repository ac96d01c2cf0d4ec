//! `run`: the workflow itself.

mod auditor;
mod junit;
mod logs;
mod order;
mod report;
mod summary;
mod witness;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Global, Run};
use super::audit::Trail;
use super::fetch::FetchedWorkflow;
use super::live::{self, Extent};
use super::runner::Registration;
use super::used::Uses;
use super::waiting::{INTERRUPTED, Interrupt, Waiting};
use super::{AROUND, Exit, Terminal, fetch, input, supervision};
use crate::audit::Outcome;
use crate::diagnostic::Diagnostics;
use crate::plan::{Plan, human};
use crate::run::{self, Cancellation, Gate, Options, Orphans, Suspension};
use auditor::Auditor;
use input::Failure;
use logs::Logs;
use witness::{LogFault, Witness};

pub(super) fn run(args: &Run, global: &Global, terminal: &Terminal) -> Exit {
    // What can't be run is told together with whatever else is wrong.
    let refused = RefCell::default();
    let planned = input::plan(&args.file, global, terminal, |workflow| {
        let selected = match (&args.job, &args.step) {
            (Some(job), _) => workflow.select_job(job)?,
            (_, Some(step)) => workflow.select_step(step)?,
            _ => workflow,
        };
        refused.replace(run::refuse(&selected, args.surroundings.clean_env).and(selected.unusable()));
        Ok(selected)
    });
    let refused: Diagnostics = refused.into_inner();
    let plan = match planned {
        Ok((plan, warnings)) if !refused.has_errors() => {
            terminal.diagnostics(&warnings);
            plan
        }
        Ok((_, found)) | Err(Failure::Faults(found)) => {
            return Failure::Faults(input::with_refusals(found, refused)).tell(terminal);
        }
        Err(failure) => return failure.tell(terminal),
    };
    if args.dry {
        let seed = args.fetching.emulate.as_ref().map(|path| fetch::seed(path, plan.stores(), terminal));
        if let Some(Err(exit)) = seed {
            return exit;
        }
        return terminal.result(format!("{}{}", order::order(&plan), human::write(&plan)).as_bytes());
    }
    // Whatever is to be written can be, or nothing starts.
    let outputs = Outputs::open(args, terminal);
    let runtime = outputs.and_then(|outputs| Ok((outputs, Waiting::new(terminal)?)));
    match runtime {
        Ok((outputs, runtime)) => runtime.block_on(execute(args, plan, outputs, terminal)),
        Err(exit) => exit,
    }
}

/// What is written beside what people see.
struct Outputs {
    registration: Registration,
    trail: Trail,
    logs: Option<Logs>,
}

impl Outputs {
    fn open(args: &Run, terminal: &Terminal) -> Result<Self, Exit> {
        let registration = Registration::new(args.surroundings.register_masks, true, terminal)?;
        let trail = Trail::open(&args.audited, terminal)?;
        Ok(Self { registration, trail, logs: logs(args, terminal)? })
    }
}

fn logs(args: &Run, terminal: &Terminal) -> Result<Option<Logs>, Exit> {
    report::check(&args.report, terminal)?;
    args.log_dir.as_deref().map(Logs::make).transpose().map_err(|error| {
        terminal.error(&format!("cannot make the folder for logs: {error}"));
        Exit::World
    })
}

async fn execute(args: &Run, plan: Plan, outputs: Outputs, terminal: &Terminal) -> Exit {
    let Outputs { registration, trail, logs } = outputs;
    let (planned, extent) = (Uses::planned(&plan), extent(&plan, args));
    let FetchedWorkflow { workflow, uses } = match fetch::fill(plan, &args.fetching, terminal).await {
        Ok(fetched) => fetched,
        Err(exit) => {
            trail.close(&planned, Outcome::NotFetched, |_| true).await;
            return exit;
        }
    };
    match Interrupt::listen(terminal).or(registration.tell(&workflow, terminal)).await {
        Ok(Ok(())) => {}
        Ok(Err(exit)) | Err(exit) => {
            trail.close(&uses, Outcome::NotUsed, |_| true).await;
            return exit;
        }
    }
    let (uses, listener) = (Arc::new(uses), registration.listener());
    let (cancellation, suspension) = (Cancellation::new(), Suspension::new());
    let auditor = Arc::new(Auditor::new(trail, Arc::clone(&uses), cancellation.clone()));
    let supervisor = supervision::start(terminal).await;
    let options = Options {
        cancellation: cancellation.clone(),
        clean_env: args.surroundings.clean_env,
        max_parallel: args.max_parallel.map(usize::from),
        window: if args.surroundings.no_tty || !terminal.is_screen() { None } else { Terminal::window() },
        supervisor: supervisor.clone(),
        is_joined: run::is_joined(),
        listener,
        suspension: suspension.clone(),
        gate: Some(Arc::clone(&auditor) as Arc<dyn Gate>),
        ..Options::default()
    };
    let grace = options.grace;
    let (witness, logs) =
        Witness::new(live::observer(terminal, extent, listener.map(|listener| listener.runner)), logs);
    let orphans = Orphans::adopt(supervisor.clone());
    let ending = tokio::spawn(cancel_on_signal(cancellation.clone(), terminal.clone()));
    let pausing = tokio::spawn(pause_on_signal(suspension));
    let ran = run::run(workflow, options, Box::new(witness)).await;
    orphans.end(grace, &cancellation).await;
    supervision::end(supervisor).await;
    ending.abort();
    pausing.abort();
    // Nobody may read what is told, or hold the audit's lock for ever.
    tokio::select! {
        exit = conclude(ran, args, &auditor, logs, uses, terminal) => exit,
        () = signal() => Exit::Child(INTERRUPTED),
        () = impatience(&cancellation) => Exit::Child(INTERRUPTED),
    }
}

/// How long a run that was told to end may take to tell of it, in all: the last lines of an audit take five seconds at most.
const TELLING: std::time::Duration = std::time::Duration::from_secs(6);

/// Waits until a run that was told to end has had its time to tell of it.
async fn impatience(cancellation: &Cancellation) {
    if cancellation.is_cancelled() {
        tokio::time::sleep(TELLING).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Writes the last lines of the audit, and tells how a run ended.
async fn conclude(
    ran: Result<run::Execution, Diagnostics>,
    args: &Run,
    auditor: &Auditor,
    logs: LogFault,
    uses: Arc<Uses>,
    terminal: &Terminal,
) -> Exit {
    let is_audited = auditor.finish().await;
    let (reports, terminal) = (args.report.clone(), terminal.clone());
    let telling = tokio::task::spawn_blocking(move || tell(ran, is_audited, &logs, &uses, &reports, &terminal));
    telling.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

/// Tells how a run ended, and writes what is to be kept of it.
fn tell(
    ran: Result<run::Execution, Diagnostics>,
    is_audited: bool,
    logs: &LogFault,
    uses: &Uses,
    reports: &[PathBuf],
    terminal: &Terminal,
) -> Exit {
    let execution = match ran {
        Ok(execution) => execution,
        Err(faults) => {
            terminal.diagnostics(&faults);
            // What was fetched was given to nobody.
            return Exit::Faults;
        }
    };
    terminal.say(&summary::summary(&execution, uses, terminal));
    let lost = logs.take();
    if let Some(fault) = &lost {
        terminal.error(fault);
    }
    let is_reported = report::write(reports, &execution, uses, terminal);
    match execution.exit_code() {
        // credflow ended the run for want of its audit.
        _ if !is_audited => Exit::Child(AROUND),
        // The steps did what they should, and credflow didn't.
        0 if lost.is_some() || !is_reported => Exit::Child(AROUND),
        code => Exit::Child(exit_code(code)),
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

/// How long steps have to hear that they are to stop.
#[cfg(unix)]
const HEARING: std::time::Duration = std::time::Duration::from_millis(50);

/// Stops the steps and this process when the terminal asks for it (Ctrl-Z), and lets the steps go on with it.
#[cfg(unix)]
async fn pause_on_signal(suspension: Suspension) {
    let Some(mut asked) = listen(rustix::process::Signal::TSTP.as_raw()) else { return };
    while asked.recv().await.is_some() {
        suspension.suspend();
        tokio::time::sleep(HEARING).await;
        let _ = run::stop(false).await;
        suspension.resume();
    }
}

#[cfg(not(unix))]
async fn pause_on_signal(_: Suspension) {}

/// Waits for Ctrl-C, for the terminal to close, or to be asked to end. A signal that was ignored when this process started
/// stays so.
#[cfg(unix)]
async fn signal() {
    use rustix::process::Signal;
    let wanted = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];
    let mut streams: Vec<_> = wanted.iter().filter_map(|wanted| listen(wanted.as_raw())).collect();
    std::future::poll_fn(|context| {
        let came = streams.iter_mut().any(|stream| stream.poll_recv(context).is_ready());
        if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[cfg(unix)]
fn listen(wanted: i32) -> Option<tokio::signal::unix::Signal> {
    let kind = tokio::signal::unix::SignalKind::from_raw(wanted);
    if run::is_ignored(wanted) { None } else { tokio::signal::unix::signal(kind).ok() }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

//! Workflows that run with real processes, and what was told of them.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use credflow::config::Config;
use credflow::diagnostic::Diagnostics;
use credflow::emulator::{Emulator, Vault};
use credflow::plan::Plan;
use credflow::reference::Template;
use credflow::render::FilledWorkflow;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::run::{Event, Execution, Options, Outcome, Stream, run};
use credflow::source::Source;
use credflow::workflow::Workflow;
use tokio::sync::Notify;

use crate::waiting::guarded;

pub(crate) const TOKEN: &str = "s3cr3t-token-value";
pub(crate) const KEY: &str = "-----BEGIN KEY-----\nfirst-line-of-key\nlast-line-of-key\n-----END KEY-----\n";

const CONFIG: &str = "
stores:
  test:
    vault-url: https://test.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: CREDFLOW_TEST_UNSET }
";

/// A workflow with its values, which come from an emulator where it has references.
pub(crate) fn workflow(text: &str) -> FilledWorkflow {
    filled(Workflow::read(&Source::new("test.yaml", text)).expect("a good workflow").0)
}

pub(crate) fn filled(workflow: Workflow<Template>) -> FilledWorkflow {
    let (config, _) = Config::parse(&Source::private("credflow.yaml", CONFIG)).expect("a good configuration");
    let plan = workflow.plan(Some(&config)).expect("a plan");
    // The test may have a runtime of its own around this.
    let filled = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(fill(plan))
    });
    filled.join().expect("no panic")
}

async fn fill(plan: Plan) -> FilledWorkflow {
    let resolve = async |plan| Resolver::new().resolve(&plan, ResolveOptions::default()).await.expect("values");
    if plan.fetches().is_empty() {
        return resolve(plan).await.render();
    }
    let vault = Vault::new("test").secret("token", TOKEN).secret("key", KEY).secret("nul", "a\0b");
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    resolve(plan.with_stores(|store| emulator.redirect(store))).await.render()
}

/// What a run has told so far.
#[derive(Default)]
pub(crate) struct Seen {
    /// In words.
    pub(crate) events: Vec<String>,
    /// Pieces of output: step, stream, bytes.
    pub(crate) output: Vec<(String, Stream, Vec<u8>)>,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.output.iter().flat_map(|(_, _, bytes)| bytes.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::JobStarted { job } => self.events.push(format!("> {}", job.id)),
            Event::StepStarted { step, .. } => self.events.push(format!("> {}/{}", step.job.id, step.label)),
            Event::Output { step, stream, bytes, .. } => {
                assert!(!bytes.is_empty());
                self.output.push((format!("{}/{}", step.job.id, step.label), stream, bytes));
            }
            Event::StepRetried { step, outcome, attempt, .. } => {
                self.events.push(format!("~ {}/{} {outcome:?} {attempt}", step.job.id, step.label));
            }
            Event::StepFinished { step, outcome, .. } => {
                self.events.push(format!("< {}/{} {outcome:?}", step.job.id, step.label));
            }
            Event::JobFinished { job, outcome, .. } => self.events.push(format!("< {} {outcome:?}", job.id)),
            other => panic!("what is {other:?}?"),
        }
    }
}

/// All that was told of a run.
pub(crate) struct Told {
    pub(crate) execution: Result<Execution, Diagnostics>,
    pub(crate) seen: Seen,
    pub(crate) took: Duration,
}

impl std::ops::Deref for Told {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.seen
    }
}

impl Told {
    pub(crate) fn execution(&self) -> &Execution {
        self.execution.as_ref().expect("a run")
    }

    pub(crate) fn outcome(&self, job: &str, number: usize) -> &Outcome {
        let job = self.execution().jobs.iter().find(|execution| execution.id == job).expect("the job");
        &job.steps[number - 1].outcome
    }

    pub(crate) fn job(&self, job: &str) -> &Outcome {
        let jobs = &self.execution().jobs;
        &jobs.iter().find(|execution| execution.id == job).expect("the job").outcome
    }
}

pub(crate) fn start(workflow: FilledWorkflow, options: Options) -> Told {
    watched(workflow, options, |_| ())
}

/// The same, with somebody who looks at what was told so far, each time that there is more.
pub(crate) fn watched(
    workflow: FilledWorkflow,
    options: Options,
    watch: impl Fn(&Seen) + Send + Sync + 'static,
) -> Told {
    drive(workflow, options, watch, None)
}

/// The same with a clock that stands until this was printed, and is set ahead by so much then: a timeout comes after
/// that, and at once, however slow the machine is. From there on the clock goes on by itself.
pub(crate) fn late(workflow: FilledWorkflow, options: Options, printed: &'static str, by: Duration) -> Told {
    let ready = Arc::new(Notify::new());
    let tell = Arc::clone(&ready);
    let watch = move |seen: &Seen| {
        if seen.text().contains(printed) {
            tell.notify_one();
        }
    };
    drive(workflow, options, watch, Some((ready, by)))
}

fn drive(
    workflow: FilledWorkflow,
    options: Options,
    watch: impl Fn(&Seen) + Send + Sync + 'static,
    late: Option<(Arc<Notify>, Duration)>,
) -> Told {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let observer = {
        let seen = Arc::clone(&seen);
        move |event: Event| {
            let mut seen = seen.lock().expect("no panic");
            seen.note(event);
            watch(&seen);
        }
    };
    let began = Instant::now();
    // One thread must do.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(late.is_some()).build().expect("a runtime");
    let clock = async {
        if let Some((ready, by)) = late {
            // The clock stands for as long as a thread of the runtime works.
            let (go_on, holding) = std::sync::mpsc::channel::<()>();
            let held = tokio::task::spawn_blocking(move || holding.recv());
            ready.notified().await;
            drop(go_on);
            let _ = held.await;
            tokio::time::advance(by).await;
            tokio::time::resume();
        }
        std::future::pending::<std::convert::Infallible>().await
    };
    let cancellation = options.cancellation.clone();
    let work = async {
        tokio::select! {
            execution = run(workflow, options, Box::new(observer)) => execution,
            never = clock => match never {},
        }
    };
    let execution = guarded(
        || runtime.block_on(work),
        move || {
            // Twice kills all.
            cancellation.cancel();
            cancellation.cancel();
        },
    );
    let took = began.elapsed();
    let seen = std::mem::take(&mut *seen.lock().expect("no panic"));
    Told { execution, seen, took }
}

pub(crate) fn told(text: &str) -> Told {
    start(workflow(text), Options::default())
}

/// Whether a process is there and more than a zombie.
pub(crate) fn lives(pid: &str) -> bool {
    let status = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().expect("ps");
    let state = String::from_utf8_lossy(&status.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// A pid that a step wrote to a file.
pub(crate) fn pid(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the step wrote its pid")
}

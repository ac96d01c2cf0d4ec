//! Workflows that run with real processes, and what was told of them.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use credflow::diagnostic::Diagnostics;
use credflow::reference::{Part, Template};
use credflow::render::Filled;
use credflow::run::{Event, Execution, Options, Outcome, Stream, run};
use credflow::secret::Secret;
use credflow::source::Source;
use credflow::workflow::Workflow;

pub(crate) const TOKEN: &str = "s3cr3t-token-value";
pub(crate) const KEY: &str = "-----BEGIN KEY-----\nfirst-line-of-key\nlast-line-of-key\n-----END KEY-----\n";

/// What a reference stands for.
fn value(reference: &str) -> String {
    match reference {
        "$<credential:test/token>" => TOKEN.to_owned(),
        "$<credential:test/key>" => KEY.to_owned(),
        "$<credential:test/nul>" => "a\0b".to_owned(),
        other => panic!("no value for {other}"),
    }
}

fn fill(source: &Source, template: &Template) -> Filled {
    let (mut text, mut masked, mut parts) = (String::new(), String::new(), Vec::new());
    for part in &template.parts {
        match part {
            Part::Text(plain) => {
                text.push_str(plain);
                masked.push_str(plain);
            }
            Part::Reference(_, span) => {
                let value = value(source.slice(*span));
                text.push_str(&value);
                masked.push_str("***");
                parts.push(Arc::new(Secret::new(value)));
            }
        }
    }
    if parts.is_empty() { Filled::plain(text) } else { Filled::secret(Secret::new(text), masked, parts) }
}

pub(crate) fn workflow(text: &str) -> Workflow<Filled> {
    let source = Source::new("test.yaml", text);
    let (workflow, _) = Workflow::read(&source).expect("a good workflow");
    workflow.map(|_, template| fill(&source, &template))
}

/// All that was told of a run, in words.
pub(crate) struct Told {
    pub(crate) execution: Result<Execution, Diagnostics>,
    pub(crate) events: Vec<String>,
    /// Pieces of output: step, stream, bytes, and when.
    pub(crate) output: Vec<(String, Stream, Vec<u8>, Instant)>,
    pub(crate) took: Duration,
}

impl Told {
    pub(crate) fn execution(&self) -> &Execution {
        self.execution.as_ref().expect("a run")
    }

    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.output.iter().flat_map(|(_, _, bytes, _)| bytes.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
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

pub(crate) fn start(workflow: Workflow<Filled>, options: Options) -> Told {
    let told = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let observer = {
        let told = Arc::clone(&told);
        move |event: Event| {
            let mut told = told.lock().expect("no panic");
            match event {
                Event::JobStarted { job } => told.0.push(format!("> {}", job.id)),
                Event::StepStarted { step, .. } => told.0.push(format!("> {}/{}", step.job.id, step.label)),
                Event::Output { step, stream, bytes } => {
                    assert!(!bytes.is_empty());
                    told.1.push((format!("{}/{}", step.job.id, step.label), stream, bytes, Instant::now()));
                }
                Event::StepRetried { step, outcome, attempt, .. } => {
                    told.0.push(format!("~ {}/{} {outcome:?} {attempt}", step.job.id, step.label));
                }
                Event::StepFinished { step, outcome, .. } => {
                    told.0.push(format!("< {}/{} {outcome:?}", step.job.id, step.label));
                }
                Event::JobFinished { job, outcome, .. } => told.0.push(format!("< {} {outcome:?}", job.id)),
                other => panic!("what is {other:?}?"),
            }
        }
    };
    let began = Instant::now();
    // One thread must do.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let execution = runtime.block_on(run(workflow, options, Box::new(observer)));
    let took = began.elapsed();
    let mut told = told.lock().expect("no panic");
    let (events, output) = std::mem::take(&mut *told);
    Told { execution, events, output, took }
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

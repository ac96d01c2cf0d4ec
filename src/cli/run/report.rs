//! `--report`: what became of each step, for programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::super::live::describe;
use super::super::used::{Used, Uses};
use super::super::{Exit, Terminal};
use super::junit;
use crate::file;
use crate::run::{Execution, JobExecution, Outcome};

#[derive(Serialize)]
struct Report<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'e str>,
    outcome: &'static str,
    exit_code: i32,
    duration_ms: u64,
    jobs: Vec<Job<'e>>,
}

#[derive(Serialize)]
struct Job<'e> {
    workflow: &'e str,
    id: &'e str,
    outcome: &'static str,
    tolerated: bool,
    started_ms: u64,
    duration_ms: u64,
    steps: Vec<Step<'e>>,
}

#[derive(Serialize)]
struct Step<'e> {
    number: usize,
    label: &'e str,
    outcome: &'static str,
    message: String,
    exit_code: i32,
    attempts: u32,
    tolerated: bool,
    started_ms: u64,
    duration_ms: u64,
    secrets: &'e [Used],
}

/// The jobs of an execution with their places in their documents.
pub(super) fn jobs(execution: &Execution) -> impl Iterator<Item = (&JobExecution, usize)> {
    let mut at = (0, 0);
    execution.jobs.iter().map(move |job| {
        at = if at.0 == job.document { (at.0, at.1) } else { (job.document, 0) };
        at.1 += 1;
        (job, at.1 - 1)
    })
}

/// Complains when a report couldn't be written later, before anything starts.
pub(super) fn check(paths: &[PathBuf], terminal: &Terminal) -> Result<(), Exit> {
    for path in paths {
        if !file::folder(path).is_dir() {
            terminal.error(&format!("cannot write the report {}: its folder isn't there", path.display()));
            return Err(Exit::World);
        }
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            terminal.error(&format!("cannot write the report {}: it is there and is not a file", path.display()));
            return Err(Exit::World);
        }
        // Where a file can be made, the report can replace what is there.
        if let Err(error) = tempfile::tempfile_in(file::folder(path)) {
            terminal.error(&format!("cannot write the report {}: {error}", path.display()));
            return Err(Exit::World);
        }
    }
    Ok(())
}

/// Writes the reports; `false`, and a complaint, for each that can't be.
pub(super) fn write(paths: &[PathBuf], execution: &Execution, uses: &Uses, terminal: &Terminal) -> bool {
    let mut all = true;
    for path in paths {
        let text = if is_xml(path) { junit::junit(execution, uses.environment()) } else { json(execution, uses) };
        if let Err(error) = file::write(path, text.as_bytes()) {
            terminal.error(&format!("cannot write the report {}: {error}", path.display()));
            all = false;
        }
    }
    all
}

fn is_xml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
}

fn json(execution: &Execution, uses: &Uses) -> String {
    let jobs = jobs(execution).map(|(job, at)| Job {
        workflow: &job.workflow,
        id: &job.id,
        outcome: kind(&job.outcome),
        tolerated: job.tolerated,
        started_ms: milliseconds(job.started),
        duration_ms: milliseconds(job.duration),
        steps: job
            .steps
            .iter()
            .map(|step| Step {
                number: step.number,
                label: &step.label,
                outcome: kind(&step.outcome),
                message: describe(&step.outcome),
                exit_code: step.outcome.exit_code(),
                attempts: step.attempts,
                tolerated: step.tolerated,
                started_ms: milliseconds(step.started),
                duration_ms: milliseconds(step.duration),
                secrets: uses.of((job.document, at, step.number)),
            })
            .collect(),
    });
    let report = Report {
        environment: uses.environment(),
        outcome: if execution.is_success() { "success" } else { "failure" },
        exit_code: execution.exit_code(),
        duration_ms: milliseconds(execution.duration),
        jobs: jobs.collect(),
    };
    let mut out = serde_json::to_string_pretty(&report).expect("internal error: a report is plain JSON");
    out.push('\n');
    out
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failed(_) => "failed",
        Outcome::Signalled(_) => "signalled",
        Outcome::TimedOut => "timed-out",
        Outcome::Cancelled => "cancelled",
        Outcome::Skipped(_) => "skipped",
        Outcome::NotStarted(_) => "not-started",
        Outcome::OutputLost { .. } => "output-lost",
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

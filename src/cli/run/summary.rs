//! What became of each step, as a table.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use super::super::Terminal;
use super::super::live::describe;
use super::super::used::{Used, Uses};
use crate::run::{Execution, Outcome};
use crate::source::printable;

/// So many of the steps that failed are named in the last line.
const NAMED: usize = 3;

/// So many secrets of a step are listed.
const SECRETS: usize = 8;

/// A line of the table.
struct Row<'r> {
    name: String,
    outcome: &'r Outcome,
    tolerated: bool,
    attempts: u32,
    duration: Duration,
    used: &'r [Used],
}

pub(super) fn summary(execution: &Execution, uses: &Uses, terminal: &Terminal) -> String {
    let mut rows = Vec::new();
    for (job, at) in super::report::jobs(execution) {
        let row = |name, outcome, tolerated, attempts, duration, used| Row {
            name,
            outcome,
            tolerated: tolerated || job.tolerated,
            attempts,
            duration,
            used,
        };
        if job.steps.is_empty() {
            rows.push(row(printable(&job.id), &job.outcome, false, 1, job.duration, &[]));
        }
        for step in &job.steps {
            let name = printable(&format!("{}/{}", job.id, step.label));
            let used = uses.of((job.document, at, step.number));
            rows.push(row(name, &step.outcome, step.tolerated, step.attempts, step.duration, used));
        }
    }
    let widest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let results: Vec<String> = rows.iter().map(result).collect();
    let widest_result = results.iter().map(|result| result.chars().count()).max().unwrap_or_default();
    let mut out = String::from("\n");
    for (row, result) in rows.iter().zip(results) {
        let colour = match row.outcome {
            Outcome::Success => "32",
            Outcome::Skipped(_) => "2",
            _ if row.tolerated => "33",
            _ => "31",
        };
        let skipped = matches!(row.outcome, Outcome::Skipped(_));
        let time = if skipped { String::new() } else { format!("{:>8.1} s", row.duration.as_secs_f64()) };
        let padded = terminal.paint(colour, &format!("{result:widest_result$}"));
        let used = if row.attempts == 0 { String::new() } else { secrets(row.used) };
        let line = format!("  {:widest$}  {time:>10}  {padded}  {used}", row.name);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = write!(out, "\n{}", verdict(&rows, execution, uses.environment(), terminal));
    out
}

/// How it all ended, and after how long.
fn verdict(rows: &[Row<'_>], execution: &Execution, environment: Option<&str>, terminal: &Terminal) -> String {
    let environment = environment.map_or_else(String::new, |name| format!(" (environment {name})"));
    let time = format!("{:.1} s{environment}", execution.duration.as_secs_f64());
    if execution.is_success() {
        return terminal.paint("1;32", &format!("succeeded in {time}"));
    }
    let failed = rows.iter().filter(|row| row.outcome.is_failure() && !row.tolerated).map(|row| &*row.name);
    let failed: Vec<&str> = failed.collect();
    let rest = if failed.len() > NAMED { format!(" and {} more", failed.len() - NAMED) } else { String::new() };
    let names = failed[..failed.len().min(NAMED)].join(", ");
    terminal.paint("1;31", &format!("failed after {time}: {names}{rest}"))
}

fn result(row: &Row<'_>) -> String {
    let attempts = if row.attempts > 1 { format!(" (attempt {})", row.attempts) } else { String::new() };
    let note = if row.tolerated && row.outcome.is_failure() { " (continued)" } else { "" };
    format!("{}{attempts}{note}", describe(row.outcome))
}

/// Each secret once, with the beginning of its version; of many only the first. A report has them all.
fn secrets(used: &[Used]) -> String {
    let mut seen = HashSet::new();
    let mut names: Vec<String> = Vec::new();
    for used in used {
        let version = used.version.as_deref().unwrap_or_default();
        let name = format!("{}/{}@{}", used.store, used.secret, &version[..version.len().min(8)]);
        if seen.insert(name.clone()) && names.len() < SECRETS {
            names.push(name);
        }
    }
    let rest = seen.len() - names.len();
    if rest > 0 {
        names.push(format!("and {rest} more"));
    }
    names.join(", ")
}

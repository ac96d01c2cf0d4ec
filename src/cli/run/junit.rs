//! A report as `JUnit`'s XML, which most services that build software can show: a suite for each job, a case for each step.

use std::fmt::Write;
use std::time::Duration;

use super::super::live::describe;
use crate::run::{Execution, JobExecution, Outcome, StepExecution};

/// One test case.
struct Case {
    name: String,
    duration: Duration,
    verdict: Verdict,
    /// What is to be said beside it.
    notes: Vec<String>,
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

pub(super) fn junit(execution: &Execution, environment: Option<&str>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let suites: Vec<_> = execution.jobs.iter().map(|job| (job, cases(job))).collect();
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let _ = writeln!(out, "<testsuites {} time=\"{}\">", counts(all()), seconds(execution.duration));
    for (job, cases) in &suites {
        let name = escape(&format!("{}/{}", job.workflow, job.id));
        let (counts, time) = (counts(cases), seconds(job.duration));
        let _ = writeln!(out, "  <testsuite name=\"{name}\" {counts} time=\"{time}\">");
        if let Some(environment) = environment {
            let property = format!("<property name=\"environment\" value=\"{}\"/>", escape(environment));
            let _ = writeln!(out, "    <properties>{property}</properties>");
        }
        for case in cases {
            write(&mut out, &name, case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// The cases of a job: its steps, or itself where it has none, as it was passed over.
fn cases(job: &JobExecution) -> Vec<Case> {
    if !job.steps.is_empty() {
        return job.steps.iter().map(|step| case(step, job.tolerated)).collect();
    }
    // What a run that was ended early didn't come to was passed over.
    let is_passed_over = !job.outcome.is_failure() || job.tolerated || job.outcome == Outcome::Cancelled;
    let verdict =
        if is_passed_over { Verdict::Skipped(describe(&job.outcome)) } else { Verdict::Failed(describe(&job.outcome)) };
    let notes = if job.outcome.is_failure() { vec![describe(&job.outcome)] } else { Vec::new() };
    vec![Case { name: job.id.clone(), duration: job.duration, verdict, notes }]
}

/// A step's case. A failure that lets the rest go on is none for those who wait for the result.
fn case(step: &StepExecution, job_is_tolerated: bool) -> Case {
    let mut notes = Vec::new();
    let verdict = match &step.outcome {
        Outcome::Success => Verdict::Passed,
        Outcome::Skipped(skip) => Verdict::Skipped(skip.to_string()),
        outcome if step.tolerated || job_is_tolerated => {
            notes.push(format!("{}, which `continue-on-error` tolerates", describe(outcome)));
            Verdict::Passed
        }
        outcome => Verdict::Failed(describe(outcome)),
    };
    if step.attempts > 1 {
        notes.push(format!("{} attempts", step.attempts));
    }
    Case { name: step.label.clone(), duration: step.duration, verdict, notes }
}

fn counts<'c>(cases: impl IntoIterator<Item = &'c Case>) -> String {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for case in cases {
        tests += 1;
        failures += usize::from(matches!(case.verdict, Verdict::Failed(_)));
        skipped += usize::from(matches!(case.verdict, Verdict::Skipped(_)));
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn write(out: &mut String, suite: &str, case: &Case) {
    let (name, time) = (escape(&case.name), seconds(case.duration));
    let _ = write!(out, "    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{time}\"");
    let mut inner = match &case.verdict {
        Verdict::Passed => String::new(),
        Verdict::Skipped(reason) => format!("<skipped message=\"{}\"/>", escape(reason)),
        Verdict::Failed(message) => format!("<failure message=\"{}\"/>", escape(message)),
    };
    if !case.notes.is_empty() {
        let _ = write!(inner, "<system-out>{}</system-out>", escape(&case.notes.join("; ")));
    }
    let _ = if inner.is_empty() { writeln!(out, "/>") } else { writeln!(out, ">{inner}</testcase>") };
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// A text for an attribute or an element. Most control characters can't stand in XML in any form.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            _ if character < ' ' || matches!(character, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

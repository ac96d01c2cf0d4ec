//! A report as `JUnit`'s XML, which most services that build software can show: a suite for each job, a case for each step.

use std::fmt::Write;
use std::time::Duration;

use super::super::live::describe;
use crate::run::{Execution, JobExecution, Outcome, StepExecution};

pub(super) fn junit(execution: &Execution) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = || execution.jobs.iter().flat_map(|job| &job.steps);
    let _ = writeln!(
        out,
        "<testsuites tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{}\">",
        all().count(),
        all().filter(|step| step.outcome.is_failure()).count(),
        all().filter(|step| step.outcome == Outcome::Skipped).count(),
        seconds(execution.duration),
    );
    execution.jobs.iter().for_each(|job| suite(&mut out, job));
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, job: &JobExecution) {
    let name = escape(&format!("{}/{}", job.workflow, job.id));
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">",
        job.steps.len(),
        job.steps.iter().filter(|step| step.outcome.is_failure()).count(),
        job.steps.iter().filter(|step| step.outcome == Outcome::Skipped).count(),
        seconds(job.duration),
    );
    job.steps.iter().for_each(|step| case(out, &name, step));
    out.push_str("  </testsuite>\n");
}

fn case(out: &mut String, suite: &str, step: &StepExecution) {
    let (name, time) = (escape(&step.label), seconds(step.duration));
    let _ = write!(out, "    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{time}\"");
    let message = escape(&describe(&step.outcome));
    let _ = match &step.outcome {
        Outcome::Success => writeln!(out, "/>"),
        Outcome::Skipped => writeln!(out, "><skipped/></testcase>"),
        _ => writeln!(out, "><failure message=\"{message}\"/></testcase>"),
    };
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// A text for an attribute. Most control characters can't stand in XML in any form.
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

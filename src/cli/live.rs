//! A run as it happens: what the steps print, each line with its job where several run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Terminal;
use crate::run::{Event, Observer, Outcome, Stream};
use crate::source::printable;

/// Writes what happens to the terminal.
pub(super) struct Live {
    terminal: Terminal,
    /// Lines begin with their job when there is more than one.
    prefixed: bool,
    /// Where a line of a job's stream isn't finished yet.
    open: Mutex<HashMap<(String, bool), Vec<u8>>>,
}

/// The longest line that is kept together, in bytes.
const MAX_LINE: usize = 64 * 1024;

impl Live {
    /// A run of so many jobs.
    pub(super) fn new(terminal: Terminal, jobs: usize) -> Self {
        Self { terminal, prefixed: jobs > 1, open: Mutex::default() }
    }

    fn say(&self, job: &str, step: Option<&str>, text: &str) {
        let place = step.map_or_else(|| job.to_owned(), |step| format!("{job}/{step}"));
        self.terminal.say(&format!("{} {}", self.terminal.paint("1;34", &printable(&place)), printable(text)));
    }

    fn output(&self, job: &str, stream: Stream, bytes: &[u8]) {
        let to_stderr = stream == Stream::Stderr;
        if !self.prefixed {
            return self.terminal.pass(to_stderr, bytes);
        }
        // Lines of jobs that run at once are kept whole.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let line = open.entry((job.to_owned(), to_stderr)).or_default();
        let mut out = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() > MAX_LINE {
                prefix(&mut out, job, line);
            }
        }
        drop(open);
        self.terminal.pass(to_stderr, &out);
    }

    /// What a step printed last, without a line break.
    fn rest(&self, job: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for to_stderr in [false, true] {
            if let Some(mut line) = open.remove(&(job.to_owned(), to_stderr)).filter(|line| !line.is_empty()) {
                let mut out = Vec::new();
                prefix(&mut out, job, &mut line);
                self.terminal.pass(to_stderr, &out);
            }
        }
    }
}

fn prefix(out: &mut Vec<u8>, job: &str, line: &mut Vec<u8>) {
    out.extend_from_slice(printable(job).as_bytes());
    out.extend_from_slice(b" | ");
    out.append(line);
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
}

impl Observer for Live {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Output { step, stream, bytes } => self.output(step.job.id, stream, bytes),
            Event::StepStarted { step } => self.say(step.job.id, Some(step.label), "starts"),
            Event::StepFinished { step, outcome, duration } => {
                self.rest(step.job.id);
                if *outcome != Outcome::Skipped {
                    let text = format!("{} ({:.1} s)", describe(outcome), duration.as_secs_f64());
                    self.say(step.job.id, Some(step.label), &text);
                }
            }
            Event::JobFinished { job, outcome: Outcome::Skipped, .. } => self.say(job.id, None, "skipped"),
            Event::JobStarted { .. } | Event::JobFinished { .. } => {}
        }
    }
}

/// How something ended, in a few words.
pub(super) fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Success => "success".to_owned(),
        Outcome::Failed(code) => format!("failed with exit code {code}"),
        Outcome::Signalled(signal) => format!("ended by signal {signal}"),
        Outcome::TimedOut => "timed out".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::Skipped => "skipped".to_owned(),
        Outcome::NotStarted(error) => printable(&error.to_string()),
    }
}

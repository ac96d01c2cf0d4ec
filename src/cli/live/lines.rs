//! Output as it comes, each line with its job where several run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Terminal, again, describe};
use crate::run::{Event, Observer, Outcome, Stream};
use crate::source::printable;

/// Writes what happens to the terminal.
pub(super) struct Lines {
    terminal: Terminal,
    /// Lines begin with their job when there is more than one.
    prefixed: bool,
    open: Mutex<OpenLines>,
}

impl Lines {
    pub(super) fn new(terminal: Terminal, prefixed: bool) -> Self {
        Self { terminal, prefixed, open: Mutex::default() }
    }

    fn say(&self, job: &str, step: Option<&str>, text: &str) {
        let place = step.map_or_else(|| job.to_owned(), |step| format!("{job}/{step}"));
        self.terminal.say(&format!("{} {}", self.terminal.paint("1;34", &printable(&place)), printable(text)));
    }

    fn output(&self, job: &str, stream: Stream, bytes: &[u8]) {
        if !self.prefixed {
            return self.terminal.pass(stream == Stream::Stderr, bytes);
        }
        let lines = self.open.lock().unwrap_or_else(PoisonError::into_inner).add(job, stream, bytes);
        self.terminal.pass(stream == Stream::Stderr, &lines);
    }

    /// What a step printed last, without a line break.
    fn rest(&self, job: &str) {
        let rest = self.open.lock().unwrap_or_else(PoisonError::into_inner).end(job);
        for (stream, line) in rest {
            self.terminal.pass(stream == Stream::Stderr, &line);
        }
    }
}

impl Observer for Lines {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Output { step, stream, bytes } => self.output(step.job.id, stream, bytes),
            Event::StepStarted { step, attempt: 1 } => self.say(step.job.id, Some(step.label), "starts"),
            Event::StepRetried { step, outcome, attempt, delay } => {
                self.rest(step.job.id);
                self.say(step.job.id, Some(step.label), &again(outcome, attempt, delay));
            }
            Event::StepFinished { step, outcome, duration } => {
                self.rest(step.job.id);
                if *outcome != Outcome::Skipped {
                    let text = format!("{} ({:.1} s)", describe(outcome), duration.as_secs_f64());
                    self.say(step.job.id, Some(step.label), &text);
                }
            }
            Event::JobFinished { job, outcome: Outcome::Skipped, .. } => self.say(job.id, None, "skipped"),
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => {}
        }
    }
}

/// Where a line of a job's stream isn't finished yet: lines of jobs that run at once are kept whole.
#[derive(Default)]
pub(super) struct OpenLines(HashMap<(String, Stream), Vec<u8>>);

/// The longest line that is kept together, in bytes.
const MAX_LINE: usize = 64 * 1024;

impl OpenLines {
    /// Takes what a job wrote, and gives the lines that are finished by that, with their job.
    pub(super) fn add(&mut self, job: &str, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let line = self.0.entry((job.to_owned(), stream)).or_default();
        let mut out = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() > MAX_LINE {
                prefix(&mut out, job, line);
            }
        }
        out
    }

    /// The lines of a job that aren't finished, and won't be.
    pub(super) fn end(&mut self, job: &str) -> Vec<(Stream, Vec<u8>)> {
        let mut rest = Vec::new();
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(mut line) = self.0.remove(&(job.to_owned(), stream)).filter(|line| !line.is_empty()) {
                let mut out = Vec::new();
                prefix(&mut out, job, &mut line);
                rest.push((stream, out));
            }
        }
        rest
    }

    /// What of a job's line is there already.
    pub(super) fn unfinished(&self, job: &str) -> &[u8] {
        let of = |stream| self.0.get(&(job.to_owned(), stream)).map_or(&[][..], Vec::as_slice);
        let out = of(Stream::Stdout);
        if out.is_empty() { of(Stream::Stderr) } else { out }
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

//! A foldable group for each step, where a service shows the log: GitHub Actions and Azure Pipelines.
//!
//! Groups can't lie in each other. Where jobs run at once, the output of a step waits for the step's end and comes whole.

use std::collections::HashMap;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use tempfile::SpooledTempFile;

use super::super::merged::Merged;
use super::{RunnerLog, again, describe};
use crate::mask::{MaskSet, Revealed, Runner};
use crate::run::{Event, Observer, Outcome, StepPlace, Stream, Unshown};
use crate::source::printable;

/// How much of a step's output waits in memory before it waits on the disk, in bytes. It is masked.
const IN_MEMORY: usize = 1 << 20;

fn begin(runner: Runner, name: &str) -> String {
    match runner {
        Runner::GitHub => format!("::group::{}\n", escape(name)),
        Runner::AzurePipelines => format!("##[group]{name}\n"),
    }
}

fn end(runner: Runner) -> &'static str {
    match runner {
        Runner::GitHub => "::endgroup::\n",
        Runner::AzurePipelines => "##[endgroup]\n",
    }
}

fn fault(runner: Runner, message: &str) -> String {
    match runner {
        Runner::GitHub => format!("::error::{}\n", escape(message)),
        Runner::AzurePipelines => format!("##vso[task.logissue type=error]{message}\n"),
    }
}

/// A message as GitHub's commands carry it.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Writes groups to standard output, which is where their commands are looked for.
pub(super) struct Groups {
    log: RunnerLog,
    runner: Runner,
    /// Whether output waits for its step's end.
    waits: bool,
    waiting: HashMap<Arc<str>, Waiting>,
    /// What must not be seen.
    masks: Arc<MaskSet>,
}

/// The output of a step, and what of it isn't shown yet.
struct Waiting {
    output: Merged,
    file: SpooledTempFile,
    /// What stars in it stand for, by their places. Values are in no file.
    revealed: Vec<Revealed>,
    length: usize,
    /// Whether it ends in the middle of a line.
    is_open: bool,
}

impl Groups {
    pub(super) fn new(log: RunnerLog, runner: Runner, waits: bool) -> Self {
        Self { log, runner, waits, waiting: HashMap::new(), masks: Arc::new(MaskSet::new([])) }
    }

    fn say(&mut self, text: &str) -> Result<(), Unshown> {
        self.log.pass(Stream::Stdout, text.as_bytes(), &[])
    }

    fn begin(&mut self, step: &StepPlace) -> Result<(), Unshown> {
        let file = SpooledTempFile::new(IN_MEMORY);
        let output = Merged::new(&self.masks);
        let waiting = Waiting { output, file, revealed: Vec::new(), length: 0, is_open: false };
        self.waiting.insert(Arc::clone(&step.job.id), waiting);
        if self.waits { Ok(()) } else { self.say(&begin(self.runner, &name(step))) }
    }

    fn output(&mut self, step: &StepPlace, bytes: &[u8], revealed: Vec<Revealed>) -> Result<(), Unshown> {
        let Some(waiting) = self.waiting.get_mut(&step.job.id) else { return Ok(()) };
        let (bytes, revealed) = waiting.output.push(bytes, revealed);
        if let Some(last) = bytes.last() {
            waiting.is_open = *last != b'\n';
        }
        if !self.waits {
            return self.log.pass(Stream::Stdout, &bytes, &revealed);
        }
        let length = waiting.length;
        let behind = |Revealed { stars, value }| Revealed { stars: stars.start + length..stars.end + length, value };
        waiting.revealed.extend(revealed.into_iter().map(behind));
        waiting.length += bytes.len();
        Ok(waiting.file.write_all(&bytes)?)
    }

    /// All of a group is written before another one begins.
    fn end(&mut self, step: &StepPlace, last: &str, failed: bool) -> Result<(), Unshown> {
        let Some(mut waiting) = self.waiting.remove(&step.job.id) else { return Ok(()) };
        if self.waits {
            self.say(&begin(self.runner, &name(step)))?;
            self.copy(&mut waiting)?;
        }
        let line = if waiting.is_open { "\n" } else { "" };
        let mut out = format!("{line}{last}\n{}", end(self.runner));
        if failed {
            out += &fault(self.runner, &format!("{} {last}", name(step)));
        }
        self.say(&out)
    }

    fn copy(&mut self, waiting: &mut Waiting) -> Result<(), Unshown> {
        let Waiting { file, revealed, length, .. } = waiting;
        file.rewind()?;
        let (mut block, mut at) = (vec![0; 64 << 10], 0);
        let end = *length..*length;
        for Revealed { stars, value } in revealed.drain(..).chain([Revealed { stars: end, value: Vec::new().into() }]) {
            while at < stars.start {
                let count = block.len().min(stars.start - at);
                file.read_exact(&mut block[..count])?;
                self.log.pass(Stream::Stdout, &block[..count], &[])?;
                at += count;
            }
            let count = stars.len();
            file.read_exact(&mut block[..count])?;
            self.log.pass(Stream::Stdout, &block[..count], &[Revealed { stars: 0..count, value }])?;
            at += count;
        }
        Ok(())
    }
}

fn name(step: &StepPlace) -> String {
    printable(&format!("{}/{}", step.job.id, step.label))
}

impl Observer for Groups {
    fn mask(&mut self, masks: &Arc<MaskSet>) {
        self.masks = Arc::clone(masks);
    }

    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        match event {
            Event::StepStarted { step, attempt: 1 } => self.begin(&step),
            Event::Output { step, bytes, revealed, .. } => self.output(&step, &bytes, revealed),
            Event::StepRetried { step, outcome, attempt, delay } => {
                let text = format!("{}\n", again(&outcome, attempt, delay));
                self.output(&step, text.as_bytes(), Vec::new())
            }
            Event::StepFinished { step, outcome, duration } => {
                let last = format!("{} ({:.1} s)", describe(&outcome), duration.as_secs_f64());
                self.end(&step, &last, outcome.is_failure())
            }
            Event::JobFinished { job, outcome: outcome @ Outcome::Skipped(_), .. } => {
                self.say(&format!("{} {}\n", printable(&job.id), describe(&outcome)))
            }
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => Ok(()),
        }
    }
}

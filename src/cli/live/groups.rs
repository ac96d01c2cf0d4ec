//! A foldable group for each step, where a service shows the log: GitHub Actions and Azure Pipelines.
//!
//! Groups can't lie in each other. Where jobs run at once, the output of a step waits for the step's end and comes whole.

use std::collections::HashMap;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use tempfile::SpooledTempFile;

use super::{Terminal, again, describe};
use crate::run::{Event, Observer, Outcome, StepPlace, Unshown};
use crate::source::printable;

/// How much of a step's output waits in memory before it waits on the disk, in bytes. It is masked.
const IN_MEMORY: usize = 1 << 20;

/// The service that shows the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host {
    GitHub,
    AzurePipelines,
}

impl Host {
    /// The one that this process runs in, by the variables that they document.
    pub(super) fn around() -> Option<Self> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_set("GITHUB_ACTIONS") {
            return Some(Self::GitHub);
        }
        is_set("TF_BUILD").then_some(Self::AzurePipelines)
    }

    fn begin(self, name: &str) -> String {
        match self {
            Self::GitHub => format!("::group::{}\n", escape(name)),
            Self::AzurePipelines => format!("##[group]{name}\n"),
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::GitHub => "::endgroup::\n",
            Self::AzurePipelines => "##[endgroup]\n",
        }
    }

    fn fault(self, message: &str) -> String {
        match self {
            Self::GitHub => format!("::error::{}\n", escape(message)),
            Self::AzurePipelines => format!("##vso[task.logissue type=error]{message}\n"),
        }
    }
}

/// A message as GitHub's commands carry it.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Writes groups to standard output, which is where their commands are looked for.
pub(super) struct Groups {
    terminal: Terminal,
    host: Host,
    /// Whether output waits for its step's end.
    waits: bool,
    waiting: HashMap<Arc<str>, Waiting>,
}

/// The output of a step that isn't shown yet.
struct Waiting {
    file: SpooledTempFile,
    /// Whether it ends in the middle of a line.
    is_open: bool,
}

impl Groups {
    pub(super) fn new(terminal: Terminal, host: Host, waits: bool) -> Self {
        Self { terminal, host, waits, waiting: HashMap::new() }
    }

    fn begin(&mut self, step: &StepPlace) -> Result<(), Unshown> {
        let waiting = Waiting { file: SpooledTempFile::new(IN_MEMORY), is_open: false };
        self.waiting.insert(Arc::clone(&step.job.id), waiting);
        if self.waits { Ok(()) } else { self.terminal.pass(false, self.host.begin(&name(step)).as_bytes()) }
    }

    fn output(&mut self, step: &StepPlace, bytes: &[u8]) -> Result<(), Unshown> {
        let Some(waiting) = self.waiting.get_mut(&step.job.id) else { return Ok(()) };
        waiting.is_open = !bytes.ends_with(b"\n");
        if self.waits { Ok(waiting.file.write_all(bytes)?) } else { self.terminal.pass(false, bytes) }
    }

    /// All of a group is written before another one begins.
    fn end(&mut self, step: &StepPlace, last: &str, failed: bool) -> Result<(), Unshown> {
        let Some(mut waiting) = self.waiting.remove(&step.job.id) else { return Ok(()) };
        if self.waits {
            self.terminal.pass(false, self.host.begin(&name(step)).as_bytes())?;
            self.copy(&mut waiting.file)?;
        }
        let line = if waiting.is_open { "\n" } else { "" };
        let mut out = format!("{line}{last}\n{}", self.host.end());
        if failed {
            out += &self.host.fault(&format!("{} {last}", name(step)));
        }
        self.terminal.pass(false, out.as_bytes())
    }

    fn copy(&self, file: &mut SpooledTempFile) -> Result<(), Unshown> {
        file.rewind()?;
        let mut block = vec![0; 64 << 10];
        loop {
            match file.read(&mut block)? {
                0 => return Ok(()),
                count => self.terminal.pass(false, &block[..count])?,
            }
        }
    }
}

fn name(step: &StepPlace) -> String {
    printable(&format!("{}/{}", step.job.id, step.label))
}

impl Observer for Groups {
    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        match event {
            Event::StepStarted { step, attempt: 1 } => self.begin(&step),
            Event::Output { step, bytes, .. } => self.output(&step, &bytes),
            Event::StepRetried { step, outcome, attempt, delay } => {
                self.output(&step, format!("{}\n", again(&outcome, attempt, delay)).as_bytes())
            }
            Event::StepFinished { step, outcome, duration } => {
                let last = format!("{} ({:.1} s)", describe(&outcome), duration.as_secs_f64());
                self.end(&step, &last, outcome.is_failure())
            }
            Event::JobFinished { job, outcome: outcome @ Outcome::Skipped(_), .. } => {
                self.terminal.pass(false, format!("{} {}\n", printable(&job.id), describe(&outcome)).as_bytes())
            }
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => Ok(()),
        }
    }
}

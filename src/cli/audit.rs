//! `audit`, and what the verbs that fetch write for it.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::args::{Audit, AuditAction, Audited};
use super::used::{StepKey, Uses};
use super::{Exit, Terminal};
use crate::audit::{Fault, Outcome, Recorder, Unwritten, verify};
use crate::diagnostic::human::counted;

/// How long the end of the process waits for its last lines: somebody may hold the file's lock for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// After so long a wait people are told what is waited for.
const SOON: Duration = Duration::from_secs(1);

/// Ready when lines are written, with whether they are.
pub(super) type Noting = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Where a verb writes its lines; nothing where nobody asked for them. Clones write the same run.
#[derive(Clone)]
pub(super) struct Trail {
    recorder: Option<Recorder>,
    name: Arc<str>,
    terminal: Terminal,
}

impl Trail {
    /// Opens the file before anything else is done: a value that can't be noted is not given.
    pub(super) fn open(args: &Audited, terminal: &Terminal) -> Result<Self, Exit> {
        let name = args.audit.as_deref().unwrap_or(Path::new("")).display().to_string();
        let trail = |recorder| Self { recorder, name: name.as_str().into(), terminal: terminal.clone() };
        match args.audit.as_deref().map(Recorder::open).transpose() {
            Ok(recorder) => Ok(trail(recorder)),
            Err(error) => {
                trail(None).complain(&error);
                Err(Exit::World)
            }
        }
    }

    /// Writes down what became of the values of the steps that are chosen. `false`, and a complaint, when that failed.
    ///
    /// The lines are queued by the call itself. Dropping the future ends the waiting, not the writing; no thread of the
    /// runtime waits for the file or the terminal.
    pub(super) fn note(&self, uses: &Uses, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> Noting {
        let queued = self.recorder.as_ref().map(|recorder| recorder.append(uses.records(outcome, chosen)));
        let trail = self.clone();
        Box::pin(async move {
            let Some(written) = queued else { return true };
            tokio::pin!(written);
            let mut is_told = false;
            let written = loop {
                tokio::select! {
                    biased;
                    written = &mut written => break written,
                    () = tokio::time::sleep(SOON), if !is_told => is_told = trail.tell_of_lock(),
                }
            };
            match written {
                Ok(()) => true,
                Err(error) => {
                    trail.aside(move |trail| trail.complain(&error)).await;
                    false
                }
            }
        })
    }

    /// The same for a thread that isn't the runtime's.
    pub(super) fn note_blocking(&self, uses: &Uses, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> bool {
        let Some(recorder) = &self.recorder else { return true };
        let written = recorder.append_blocking(uses.records(outcome, chosen));
        written.map_err(|error| self.complain(&error)).is_ok()
    }

    /// Writes the last lines of the process: waits until all are written, but not for long. `false`, and a complaint,
    /// when some are not.
    pub(super) async fn close(&self, uses: &Uses, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> bool {
        let Some(recorder) = &self.recorder else { return true };
        drop(recorder.append(uses.records(outcome, chosen)));
        match tokio::time::timeout(PATIENCE, recorder.finish()).await {
            Ok(written) => self.heard(written).await,
            Err(_) => self.abandon().await,
        }
    }

    /// The same for a thread that isn't the runtime's.
    pub(super) fn close_blocking(&self, uses: &Uses, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> bool {
        let Some(recorder) = &self.recorder else { return true };
        drop(recorder.append(uses.records(outcome, chosen)));
        recorder.finish_within(PATIENCE).map_err(|unwritten| self.complain(&unwritten)).is_ok()
    }

    /// Waits for no line any more. `false`, and a complaint, when some are not written.
    pub(super) async fn abandon(&self) -> bool {
        let Some(recorder) = &self.recorder else { return true };
        self.heard(recorder.abandon()).await
    }

    async fn heard(&self, written: Result<(), Unwritten>) -> bool {
        let Err(unwritten) = written else { return true };
        self.aside(move |trail| trail.complain(&unwritten)).await;
        false
    }

    /// Does something that may wait on a thread that may.
    async fn aside(&self, work: impl FnOnce(&Self) + Send + 'static) {
        let trail = self.clone();
        let _ = tokio::task::spawn_blocking(move || work(&trail)).await;
    }

    /// Tells of another process's lock, if that is what lines wait for. A terminal that nobody reads holds up no line.
    fn tell_of_lock(&self) -> bool {
        let is_locked_out = self.recorder.as_ref().is_some_and(Recorder::is_locked_out);
        if is_locked_out {
            let (terminal, name) = (self.terminal.clone(), Arc::clone(&self.name));
            let say = move || terminal.say(&format!("waiting for the audit {name}: another process holds its lock"));
            drop(tokio::task::spawn_blocking(say));
        }
        is_locked_out
    }

    fn complain(&self, error: &impl Display) {
        self.terminal.error(&format!("cannot write the audit {}: {error}", self.name));
    }
}

pub(super) fn audit(args: &Audit, terminal: &Terminal) -> Exit {
    let AuditAction::Verify { file, last } = &args.action;
    let name = file.display();
    let findings = File::open(file).and_then(|file| verify(BufReader::new(file), last.as_deref()));
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            return Exit::World;
        }
    };
    for (line, fault) in &findings.faults {
        match fault {
            Fault::Cut => terminal.error(&format!("{name}: {fault}")),
            _ => terminal.error(&format!("{name}:{line}: {fault}")),
        }
    }
    let what = format!("{} of {}", counted(findings.lines, "line"), counted(findings.runs, "run"));
    if !findings.faults.is_empty() {
        terminal.say(&format!("{name}: {what}, and it isn't as it was written"));
        return Exit::Faults;
    }
    let hash = findings.last.map_or_else(String::new, |last| format!("; the last has the hash {last}"));
    let told = terminal.result(format!("{name}: {what}, as they were written{hash}\n").as_bytes());
    if last.is_none() {
        terminal.say("that lines were cut off the end shows only with `--last HASH`, a hash that was kept elsewhere");
    }
    told
}

//! `audit`, and what the verbs that fetch write for it.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use super::args::{Audit, AuditAction, Audited};
use super::used::{StepKey, Uses};
use super::{Exit, Terminal};
use crate::audit::{Fault, Log, Outcome, verify};
use crate::diagnostic::human::counted;

/// Where a verb writes its lines; nothing where nobody asked for them.
pub(super) struct Trail {
    log: Option<Log>,
    name: String,
    terminal: Terminal,
}

impl Trail {
    /// Opens the file before anything else is done: a value that can't be noted is not given.
    pub(super) fn open(args: &Audited, terminal: &Terminal) -> Result<Self, Exit> {
        let name = args.audit.as_deref().unwrap_or(Path::new("")).display().to_string();
        let trail = |log| Self { log, name: name.clone(), terminal: terminal.clone() };
        match args.audit.as_deref().map(Log::open).transpose() {
            Ok(log) => Ok(trail(log)),
            Err(error) => {
                trail(None).complain(&error);
                Err(Exit::World)
            }
        }
    }

    /// Writes down what became of the values of the steps that are chosen. `false`, and a complaint, when that failed.
    pub(super) fn note(&self, uses: &Uses, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> bool {
        let Some(log) = &self.log else { return true };
        match log.append(&uses.records(outcome, chosen)) {
            Ok(()) => true,
            Err(error) => {
                self.complain(&error);
                false
            }
        }
    }

    fn complain(&self, error: &io::Error) {
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

//! Who is told of a run: the person who watches, the logs, and the audit.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::Terminal;
use super::super::audit::Trail;
use super::super::used::{StepKey, Uses};
use super::logs::Logs;
use crate::audit::Outcome;
use crate::run::{self, Cancellation, Event, Observer, StepPlace};

pub(super) struct Witness {
    live: Arc<dyn Observer>,
    logs: Option<Mutex<Logs>>,
    trail: Trail,
    uses: Arc<Uses>,
    cancellation: Cancellation,
    noted: Mutex<Noted>,
}

/// What of it could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All.
    Complete,
    /// Not each log.
    Incomplete,
    /// Not the audit.
    Unaudited,
}

#[derive(Default)]
struct Noted {
    /// The steps that were given their values.
    given: HashSet<StepKey>,
    failed: bool,
}

impl Witness {
    pub(super) fn new(
        live: Arc<dyn Observer>,
        logs: Option<Logs>,
        trail: Trail,
        uses: Arc<Uses>,
        cancellation: Cancellation,
    ) -> Self {
        Self { live, logs: logs.map(Mutex::new), trail, uses, cancellation, noted: Mutex::default() }
    }

    /// Notes that a step is given its values. When that can't be noted, the run ends at once: the step isn't started.
    fn note(&self, step: StepPlace<'_>) {
        let this = key(step);
        let is_noted = self.trail.note_blocking(&self.uses, Outcome::Given, |key| key == this);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if is_noted {
            noted.given.insert(this);
        } else {
            noted.failed = true;
            self.cancellation.cancel();
            self.cancellation.cancel();
        }
    }

    /// Notes what was fetched and given to nobody, and tells what couldn't be written.
    pub(super) fn finish(&self, terminal: &Terminal) -> Ending {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted =
            !noted.failed && self.trail.close_blocking(&self.uses, Outcome::NotUsed, |key| !noted.given.contains(&key));
        let logs = self.logs.as_ref().map(|logs| logs.lock().unwrap_or_else(PoisonError::into_inner));
        let fault = logs.and_then(|logs| logs.fault());
        if let Some(fault) = &fault {
            terminal.error(fault);
        }
        match fault {
            _ if !is_noted => Ending::Unaudited,
            Some(_) => Ending::Incomplete,
            None => Ending::Complete,
        }
    }
}

impl Observer for Witness {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::StepStarted { step, .. } => self.note(step),
            // Nobody was given what had been noted.
            Event::StepFinished { step, outcome: run::Outcome::NotStarted(_), .. } => {
                let this = key(step);
                self.trail.note_blocking(&self.uses, Outcome::NotStarted, |key| key == this);
            }
            _ => {}
        }
        if let Some(logs) = &self.logs {
            logs.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        }
        self.live.event(event);
    }
}

fn key(step: StepPlace<'_>) -> StepKey {
    (step.job.document, step.job.index, step.number)
}

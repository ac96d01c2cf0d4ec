//! The audit of a run: a step is given its values once that is written down.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::audit::Trail;
use super::super::used::{StepKey, Uses};
use crate::audit::Outcome;
use crate::run::{Admission, Cancellation, Gate, StepPlace};

pub(super) struct Auditor {
    trail: Trail,
    uses: Arc<Uses>,
    cancellation: Cancellation,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    /// The steps that were given their values, or nearly: lines say what became of them.
    told: HashSet<StepKey>,
    failed: bool,
}

impl Auditor {
    pub(super) fn new(trail: Trail, uses: Arc<Uses>, cancellation: Cancellation) -> Self {
        Self { trail, uses, cancellation, noted: Mutex::default() }
    }

    /// Notes what was fetched and given to nobody; tells whether all could be written.
    pub(super) async fn finish(&self) -> bool {
        let (told, failed) = {
            let noted = self.noted();
            (noted.told.clone(), noted.failed)
        };
        let is_written = self.trail.close(&self.uses, Outcome::NotUsed, |key| !told.contains(&key)).await;
        is_written && !failed
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Auditor {
    /// When that can't be noted, the run ends at once.
    fn admit<'g>(&'g self, step: &'g StepPlace) -> Admission<'g> {
        Box::pin(async move {
            let this = key(step);
            let written = self.trail.note(&self.uses, Outcome::Given, |key| key == this);
            self.noted().told.insert(this);
            let mut waiting = Waiting { auditor: self, step, is_over: false };
            let is_written = written.await;
            waiting.is_over = true;
            if is_written {
                return Ok(());
            }
            self.noted().failed = true;
            self.cancellation.cancel();
            self.cancellation.cancel();
            Err("not started: the audit could not be written".to_owned())
        })
    }

    fn turned_back(&self, step: &StepPlace) {
        let this = key(step);
        drop(self.trail.note(&self.uses, Outcome::NotStarted, |key| key == this));
    }
}

/// A step that waits for its line. When it waits no longer before the line is written, that will be written all the same,
/// and another one says that the step was not started.
struct Waiting<'w> {
    auditor: &'w Auditor,
    step: &'w StepPlace,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.auditor.turned_back(self.step);
        }
    }
}

fn key(step: &StepPlace) -> StepKey {
    (step.job.document, step.job.index, step.number)
}

//! The audit of a run: a step is given its values once that is written down.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::audit::Trail;
use super::super::used::{StepKey, Uses};
use crate::audit::Outcome;
use crate::run::{Admission, Cancellation, Gate, StepPlace};

pub(super) struct Auditor {
    trail: Arc<Trail>,
    uses: Arc<Uses>,
    cancellation: Cancellation,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    /// The steps that were given their values.
    given: HashSet<StepKey>,
    failed: bool,
}

impl Auditor {
    pub(super) fn new(trail: Trail, uses: Arc<Uses>, cancellation: Cancellation) -> Self {
        Self { trail: Arc::new(trail), uses, cancellation, noted: Mutex::default() }
    }

    /// Notes what was fetched and given to nobody; tells whether all could be written.
    pub(super) fn finish(&self) -> bool {
        let noted = self.noted();
        !noted.failed && self.trail.note(&self.uses, Outcome::NotUsed, |key| !noted.given.contains(&key))
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
            let (trail, uses) = (Arc::clone(&self.trail), Arc::clone(&self.uses));
            let noting = tokio::task::spawn_blocking(move || trail.note(&uses, Outcome::Given, |key| key == this));
            if noting.await.unwrap_or(false) {
                self.noted().given.insert(this);
                return Ok(());
            }
            self.noted().failed = true;
            self.cancellation.cancel();
            self.cancellation.cancel();
            Err("that it is given its values could not be written to the audit".to_owned())
        })
    }

    fn turned_back(&self, step: &StepPlace) {
        let this = key(step);
        self.trail.note(&self.uses, Outcome::NotStarted, |key| key == this);
    }
}

fn key(step: &StepPlace) -> StepKey {
    (step.job.document, step.job.index, step.number)
}

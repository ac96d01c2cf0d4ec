//! Which secrets the steps of a plan use, and in which version they got them.

use std::collections::HashMap;

use serde::Serialize;

use crate::audit::{Outcome, Record};
use crate::plan::{Place, Plan, Purpose};
use crate::resolve::Resolved;

/// A secret as one variable of a step uses it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Used {
    pub(super) store: String,
    pub(super) secret: String,
    pub(super) version: Option<String>,
    pub(super) variable: String,
    #[serde(skip)]
    pub(super) identity: String,
}

/// A step by its document, its job (both from 0) and its number.
pub(super) type StepKey = (usize, usize, usize);

/// The secrets of all steps.
#[derive(Debug, Default)]
pub(super) struct Uses {
    of: HashMap<StepKey, Vec<Used>>,
    /// The steps in the order of the file, as `JOB/STEP`.
    steps: Vec<(StepKey, String)>,
    environment: Option<String>,
}

impl Uses {
    /// Those of a plan, without versions but for those that it pins.
    pub(super) fn planned<P: Purpose>(plan: &Plan<P>) -> Self {
        let version = |at: usize| plan.fetches()[at].version.map(|version| version.to_string());
        Self::collect(plan, version)
    }

    /// Those of a resolved plan.
    pub(super) fn resolved<P: Purpose>(resolved: &Resolved<P>) -> Self {
        Self::collect(resolved.plan(), |at| Some(resolved.answers()[at].version.to_string()))
    }

    fn collect<P: Purpose>(plan: &Plan<P>, version: impl Fn(usize) -> Option<String>) -> Self {
        let mut uses = Self { environment: plan.environment().map(ToString::to_string), ..Self::default() };
        let workflow = plan.workflow();
        for (document, body) in workflow.documents.iter().enumerate() {
            for (job, within) in body.jobs.iter().enumerate() {
                for step in &within.steps {
                    let key = (document, job, step.number as usize);
                    let place = Place { workflow: &body.name, job: Some(&within.id), step: Some(step.called()) };
                    uses.steps.push((key, place.path().to_string()));
                }
            }
        }
        for (at, fetch) in plan.fetches().iter().enumerate() {
            let store = plan.store(fetch);
            for place in fetch.uses.iter().map(|used| used.place) {
                let named = place.named(workflow);
                let used = Used {
                    store: store.name.to_string(),
                    secret: fetch.secret.to_string(),
                    version: version(at),
                    variable: place.binding(workflow).name.to_string(),
                    identity: store.reader().into_owned(),
                };
                let mut is_given = false;
                for step in plan.steps(place) {
                    uses.of.entry(step).or_default().push(used.clone());
                    is_given = true;
                }
                if !is_given {
                    // A file that is rendered may have values and no steps: a job that `uses` another workflow, say.
                    let path = named.job.unwrap_or(named.workflow).to_owned();
                    // No step has the number 0.
                    let job = (place.job as usize).checked_sub(1).unwrap_or(usize::MAX);
                    let key = (place.document as usize, job, 0);
                    let of_path = uses.of.entry(key).or_default();
                    if of_path.is_empty() {
                        uses.steps.push((key, path));
                    }
                    of_path.push(used);
                }
            }
        }
        uses
    }

    /// Those of one step, in the order of the plan.
    pub(super) fn of(&self, key: StepKey) -> &[Used] {
        self.of.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The environment that they are of.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Lines of an audit for the steps that are chosen.
    pub(super) fn records(&self, outcome: Outcome, chosen: impl Fn(StepKey) -> bool) -> Vec<Record> {
        let chosen = self.steps.iter().filter(|(key, _)| chosen(*key));
        let lines = chosen.flat_map(|(key, step)| {
            self.of(*key).iter().map(move |used| Record {
                environment: self.environment.clone(),
                identity: used.identity.clone(),
                store: used.store.clone(),
                secret: used.secret.clone(),
                version: used.version.clone(),
                step: short(step),
                variable: short(&used.variable),
                outcome,
            })
        });
        lines.collect()
    }
}

/// A name from a file, cut where a line would grow without bound.
fn short(name: &str) -> String {
    name.chars().take(200).collect()
}

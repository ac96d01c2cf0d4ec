//! A part of a workflow: one job, or one step.

use std::collections::HashSet;

use super::keys::Key;
use super::{Document, Job, Reach, Step, Workflow};
use crate::source::printable;
use crate::yaml::NodeId;

/// A job or step can't be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unselectable {
    /// There is none of that name.
    #[error("no {what} is named `{}`; there {}", printable(.name), list(.known))]
    Missing {
        /// `job` or `step`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Several documents of the file have one.
    #[error("{count} documents of the file have a job `{}`; move the one that is meant into a file of its own", printable(.name))]
    Ambiguous {
        /// The name of the job.
        name: String,
        /// How many documents have it.
        count: usize,
    },
    /// Several steps of a job have the name.
    #[error("{} steps of the job `{}` are named `{}`; say which by its place: {}", .numbers.len(), printable(.job), printable(.name), places(.job, .numbers))]
    AmbiguousStep {
        /// The job's id.
        job: String,
        /// The name of the steps.
        name: String,
        /// Their numbers.
        numbers: Vec<u32>,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        names => format!("are {}", names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")),
    }
}

/// Steps by their numbers, as they can be selected.
fn places(job: &str, numbers: &[u32]) -> String {
    let places: Vec<String> = numbers.iter().take(8).map(|number| format!("{}/#{number}", printable(job))).collect();
    places.join(", ")
}

impl<V> Workflow<V> {
    /// The workflow with some of its steps, told by the job's id and themselves. Jobs and documents without any go; a job
    /// needs no other that is gone.
    #[must_use]
    pub fn with_steps(mut self, mut is_kept: impl FnMut(&str, &Step<V>) -> bool) -> Self {
        for document in &mut self.documents {
            for Job { id, steps, .. } in &mut document.jobs {
                steps.retain(|step| is_kept(id, step));
            }
            let kept: Vec<bool> = document.jobs.iter().map(|job| !job.steps.is_empty()).collect();
            let place = |old: usize| kept[old].then(|| kept[..old].iter().filter(|kept| **kept).count());
            for job in &mut document.jobs {
                job.needs = job.needs.iter().filter_map(|need| place(*need)).collect();
            }
            document.jobs.retain(|job| !job.steps.is_empty());
        }
        self.documents.retain(|document| !document.jobs.is_empty());
        self
    }

    /// The workflow with one job alone, which then needs no other. Documents without it go, and so does what of it says
    /// nothing about the job.
    ///
    /// # Errors
    /// When no document has that job, or more than one has.
    pub fn select_job(mut self, name: &str) -> Result<Self, Unselectable> {
        let mut known = Vec::new();
        for document in &mut self.documents {
            known.extend(document.jobs.iter().map(|job| job.id.clone()));
            document.jobs.retain_mut(|job| {
                job.needs.clear();
                job.id == name
            });
            document.foreign.retain(|foreign| foreign.reach() == Reach::Steps);
            for job in &mut document.jobs {
                job.foreign.retain(|foreign| foreign.reach() != Reach::Others);
            }
        }
        self.documents.retain(|document| !document.jobs.is_empty());
        self.documents.iter_mut().for_each(Document::forget_unseen);
        if self.documents.is_empty() {
            return Err(Unselectable::Missing { what: "job", name: name.to_owned(), known });
        }
        if self.documents.len() > 1 {
            return Err(Unselectable::Ambiguous { name: name.to_owned(), count: self.documents.len() });
        }
        Ok(self)
    }

    /// The workflow with one step alone: `JOB/STEP`, or `STEP` where it has one job. A step goes by its id, its name
    /// or `#number`.
    ///
    /// # Errors
    /// When there is no such job or step, or several steps have the name.
    pub fn select_step(self, path: &str) -> Result<Self, Unselectable> {
        let jobs: Vec<&str> = self.documents.iter().flat_map(|document| &document.jobs).map(|job| &*job.id).collect();
        let (job, step) = match path.split_once('/') {
            Some((job, step)) if jobs.contains(&job) => (job.to_owned(), step),
            None | Some(_) if jobs.len() == 1 => (jobs[0].to_owned(), path),
            Some((job, step)) => (job.to_owned(), step),
            None => (path.to_owned(), ""),
        };
        let mut selected = self.select_job(&job)?;
        let mut known = Vec::new();
        for job in selected.documents.iter_mut().flat_map(|document| &mut document.jobs) {
            known.extend(job.steps.iter().map(Step::label));
            retain(&mut job.steps, step);
            if job.steps.len() > 1 {
                let numbers = job.steps.iter().map(|step| step.number).collect();
                return Err(Unselectable::AmbiguousStep { job: job.id.clone(), name: step.to_owned(), numbers });
            }
        }
        for document in &mut selected.documents {
            document.jobs.retain(|job| !job.steps.is_empty());
            for job in &mut document.jobs {
                job.foreign.retain(|foreign| foreign.reach() == Reach::Steps);
                // Its own time limit is shorter than the job's, or all that counts.
                if job.steps.iter().all(|step| step.settings.timeout.is_some()) {
                    job.foreign.retain(|foreign| !foreign.is_of(Key::TimeoutMinutes));
                }
                for step in &mut job.steps {
                    let foreign = std::mem::take(&mut step.foreign).into_vec();
                    step.foreign = foreign.into_iter().filter(|foreign| !foreign.is_of(Key::Name)).collect();
                }
            }
            document.forget_unseen();
        }
        selected.documents.retain(|document| !document.jobs.is_empty());
        if selected.documents.is_empty() {
            return Err(Unselectable::Missing { what: "step", name: step.to_owned(), known });
        }
        Ok(selected)
    }
}

/// Keeps the steps that a text means: those of that id, else those of that name, else the one with that number.
fn retain<V>(steps: &mut Vec<Step<V>>, meant: &str) {
    let is_id = |step: &Step<V>| step.id.as_deref() == Some(meant);
    let is_name = |step: &Step<V>| step.name.as_deref() == Some(meant);
    let is_number = |step: &Step<V>| meant.strip_prefix('#').unwrap_or(meant) == step.number.to_string();
    if steps.iter().any(is_id) {
        steps.retain(is_id);
    } else if steps.iter().any(is_name) {
        steps.retain(is_name);
    } else {
        steps.retain(is_number);
    }
}

impl<V> Document<V> {
    /// Forgets the expressions in variables that no step sees.
    fn forget_unseen(&mut self) {
        let outer = self.env.iter().chain(self.jobs.iter().flat_map(|job| &job.env));
        let mut unseen: HashSet<NodeId> = outer.map(|binding| binding.node).collect();
        for (job, step) in self.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step))) {
            if unseen.is_empty() {
                return;
            }
            for variable in self.variables(job, step) {
                unseen.remove(&variable.binding.node);
            }
        }
        self.foreign.retain(|foreign| !unseen.contains(&foreign.node));
        for job in &mut self.jobs {
            job.foreign.retain(|foreign| !unseen.contains(&foreign.node));
        }
    }
}

//! A part of a workflow: one job, or one step.

use super::{Job, Step, Workflow};
use crate::source::printable;

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
}

fn list(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        names => format!("are {}", names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")),
    }
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

    /// The workflow with one job alone, which then needs no other. Documents without it go.
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
            document.foreign.retain(|foreign| foreign.job.as_deref().is_none_or(|job| job == name));
        }
        self.documents.retain(|document| !document.jobs.is_empty());
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
    /// When there is no such job or step.
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
            job.steps.retain(|candidate| {
                candidate.labels().iter().any(|label| label == step || label.strip_prefix('#') == Some(step))
            });
            // Two steps may share a name; the first is meant.
            job.steps.truncate(1);
        }
        for document in &mut selected.documents {
            document.jobs.retain(|job| !job.steps.is_empty());
            let selected = |number| document.jobs.iter().any(|job| job.steps.iter().any(|step| step.number == number));
            document.foreign.retain(|foreign| foreign.step.as_ref().is_none_or(|(number, _)| selected(*number)));
        }
        selected.documents.retain(|document| !document.jobs.is_empty());
        if selected.documents.is_empty() {
            return Err(Unselectable::Missing { what: "step", name: step.to_owned(), known });
        }
        Ok(selected)
    }
}

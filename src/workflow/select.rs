//! A part of a workflow: one job, or one step.

use std::collections::{HashMap, HashSet};

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
    /// Several steps go by the path.
    #[error("{count} steps go by `{}`; {}", printable(.path), said(.ways))]
    AmbiguousStep {
        /// The path that was asked for.
        path: String,
        /// How many steps go by it.
        count: usize,
        /// For the first of them a path that no other step goes by; nothing where it has none.
        ways: Vec<Option<String>>,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        names => format!("are {}", names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")),
    }
}

/// So many of the steps that go by one path are named.
const MOST: usize = 8;

fn said(ways: &[Option<String>]) -> String {
    let known: Vec<String> = ways.iter().flatten().map(|way| printable(way)).collect();
    let rename = "give each an `id` of its own, without `#` and `/`";
    if known.is_empty() {
        return rename.to_owned();
    }
    let rest = if known.len() < ways.len() { format!(", or {rename}") } else { String::new() };
    format!("say which: {}{rest}", known.join(", "))
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

    /// The workflow with one step alone: `JOB/STEP`, or `STEP` where it has one job. A step goes by its id, its name,
    /// `#number` or its number.
    ///
    /// # Errors
    /// When there is no such job or step, or several steps go by the path.
    pub fn select_step(self, path: &str) -> Result<Self, Unselectable> {
        let found: Vec<_> = self.meant(path).collect();
        let (job, number) = match &found[..] {
            [] => return Err(self.missing(path)),
            [(job, step)] => (job.id.clone(), step.number),
            // Jobs of one name stand in several documents.
            [(job, _), .., (last, _)] if job.id == last.id && !std::ptr::eq(*job, *last) => (job.id.clone(), 0),
            several => {
                let ways = several.iter().take(MOST).map(|(job, step)| self.way(job, step)).collect();
                return Err(Unselectable::AmbiguousStep { path: path.to_owned(), count: several.len(), ways });
            }
        };
        let mut selected = self.select_job(&job)?;
        for job in selected.documents.iter_mut().flat_map(|document| &mut document.jobs) {
            job.steps.retain(|step| step.number == number);
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
        Ok(selected)
    }

    /// The jobs that a path may begin with, each with what may be the name of a step: ids may have a `/`.
    fn readings<'w>(&'w self, path: &'w str) -> impl Iterator<Item = (&'w Job<V>, [Option<&'w str>; 2])> {
        let jobs = || self.documents.iter().flat_map(|document| &document.jobs);
        let is_only = jobs().nth(1).is_none();
        let readings = jobs().map(move |job| {
            let rest =
                path.strip_prefix(&*job.id).and_then(|rest| rest.strip_prefix('/').or(rest.is_empty().then_some("")));
            (job, [rest, is_only.then_some(path)])
        });
        readings.filter(|(_, names)| names.iter().any(Option::is_some))
    }

    /// The steps that go by a path.
    fn meant<'w>(&'w self, path: &'w str) -> impl Iterator<Item = (&'w Job<V>, &'w Step<V>)> {
        self.readings(path).flat_map(|(job, names)| {
            let is_meant = move |step: &&Step<V>| names.iter().flatten().any(|name| step.goes_by(name));
            job.steps.iter().filter(is_meant).map(move |step| (job, step))
        })
    }

    /// A path that no other step goes by.
    fn way(&self, job: &Job<V>, step: &Step<V>) -> Option<String> {
        let number = [format!("#{}", step.number), step.number.to_string()];
        let labels = [Some(&*number[0]), step.id.as_deref(), step.name.as_deref(), Some(&*number[1])];
        let mut ways = labels.into_iter().flatten().map(|label| format!("{}/{label}", job.id));
        ways.find(|way| self.meant(way).nth(1).is_none())
    }

    /// That no step goes by a path.
    fn missing(&self, path: &str) -> Unselectable {
        let Some((job, [name, _])) = self.readings(path).next() else {
            let jobs = self.documents.iter().flat_map(|document| &document.jobs);
            let name = path.split_once('/').map_or(path, |(job, _)| job).to_owned();
            return Unselectable::Missing { what: "job", name, known: jobs.map(|job| job.id.clone()).collect() };
        };
        let mut counts: HashMap<String, usize> = HashMap::new();
        job.steps.iter().for_each(|step| *counts.entry(step.label()).or_default() += 1);
        let known = job.steps.iter().map(Step::label).zip(&job.steps);
        let known = known.map(|(label, step)| if counts[&label] > 1 { format!("#{}", step.number) } else { label });
        let name = name.filter(|name| !name.is_empty()).unwrap_or(path).to_owned();
        Unselectable::Missing { what: "step", name, known: known.collect() }
    }
}

impl<V> Step<V> {
    /// Whether people may call it so: by its id, its name, `#number` or its number.
    fn goes_by(&self, name: &str) -> bool {
        let is_number = || name.strip_prefix('#').unwrap_or(name) == self.number.to_string();
        self.id.as_deref() == Some(name) || self.name.as_deref() == Some(name) || is_number()
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

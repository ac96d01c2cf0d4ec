//! Where in a workflow a binding is.

use crate::workflow::{Binding, Workflow};

/// Which of a step's mappings a binding is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `env`.
    Env,
    /// `with`.
    With,
    /// `files`.
    Files,
}

/// A binding by its indices: small, as a large workflow has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingPlace {
    pub(super) document: u32,
    /// Job and step by index, plus one; 0 is none.
    pub(super) job: u32,
    pub(super) step: u32,
    pub(super) section: Section,
    pub(super) index: u32,
}

/// A binding by the names that people gave.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedPlace<'w> {
    /// The document's name.
    pub workflow: &'w str,
    /// The job's id; none for the document's own `env`.
    pub job: Option<&'w str>,
    /// The step's label; none for a job's or document's `env`.
    pub step: Option<String>,
    /// The variable or input.
    pub key: &'w str,
    /// Where it stands.
    pub section: Section,
}

impl BindingPlace {
    /// The steps that see the binding: its own, its job's or its document's. Each by its document and job, from 0, and
    /// its number.
    pub fn steps<V>(self, workflow: &Workflow<V>) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let document = self.document as usize;
        let jobs = workflow.documents[document].jobs.iter().enumerate();
        jobs.filter(move |(job, _)| self.job == 0 || self.job as usize == job + 1).flat_map(move |(job, body)| {
            let steps = body.steps.iter().enumerate();
            let seen = steps.filter(move |(step, _)| self.step == 0 || self.step as usize == step + 1);
            seen.map(move |(_, step)| (document, job, step.number as usize))
        })
    }

    /// The names of a binding of that workflow.
    pub fn named<V>(self, workflow: &Workflow<V>) -> NamedPlace<'_> {
        let document = &workflow.documents[self.document as usize];
        let job = (self.job > 0).then(|| &document.jobs[self.job as usize - 1]);
        let step = job.filter(|_| self.step > 0).map(|job| &job.steps[self.step as usize - 1]);
        let bindings: &[Binding<V>] = match (job, step) {
            (_, Some(step)) => match self.section {
                Section::Env => &step.env,
                Section::With => &step.with,
                Section::Files => &step.files,
            },
            (Some(job), None) => &job.env,
            (None, None) => &document.env,
        };
        NamedPlace {
            workflow: &document.name,
            job: job.map(|job| job.id.as_str()),
            step: step.map(crate::workflow::Step::label),
            key: &bindings[self.index as usize].name,
            section: self.section,
        }
    }
}

/// Every binding of a workflow with its place, in the order of [`Workflow::map`].
pub(super) fn places<V>(workflow: &Workflow<V>) -> impl Iterator<Item = (BindingPlace, &Binding<V>)> {
    fn all<V>(bindings: &[Binding<V>], at: BindingPlace) -> impl Iterator<Item = (BindingPlace, &Binding<V>)> {
        (0..).zip(bindings).map(move |(index, binding)| (BindingPlace { index, ..at }, binding))
    }
    (0..).zip(&workflow.documents).flat_map(|(document, body)| {
        let outer = BindingPlace { document, job: 0, step: 0, section: Section::Env, index: 0 };
        let jobs = (1..).zip(&body.jobs).flat_map(move |(job, body)| {
            let own = BindingPlace { job, ..outer };
            let steps = (1..).zip(&body.steps).flat_map(move |(step, body)| {
                let env = BindingPlace { step, ..own };
                let with = BindingPlace { section: Section::With, ..env };
                let files = BindingPlace { section: Section::Files, ..env };
                all(&body.env, env).chain(all(&body.with, with)).chain(all(&body.files, files))
            });
            all(&body.env, own).chain(steps)
        });
        all(&body.env, outer).chain(jobs)
    })
}

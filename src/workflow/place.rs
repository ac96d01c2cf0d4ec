//! Where in a workflow a binding is.

use super::{Binding, Document, Job, Step, Workflow};
use crate::place::Place;

/// Which of a step's mappings a binding is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// `env`.
    Env,
    /// `with`.
    With,
    /// `files`.
    Files,
}

/// A binding by its indices: small, as a large workflow has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BindingPlace {
    pub(crate) document: u32,
    /// Job and step by index, plus one; 0 is none.
    pub(crate) job: u32,
    pub(crate) step: u32,
    pub(crate) section: Section,
    pub(crate) index: u32,
}

impl BindingPlace {
    /// The `env` of a document itself, whose first binding it is.
    pub(crate) fn of_document(document: u32) -> Self {
        Self { document, job: 0, step: 0, section: Section::Env, index: 0 }
    }

    /// Where that is in a workflow, by the names that people gave.
    pub fn named<V>(self, workflow: &Workflow<V>) -> Place<'_> {
        let document = &workflow.documents[self.document as usize];
        document.place(self.job, self.step)
    }

    /// The binding itself.
    pub fn binding<V>(self, workflow: &Workflow<V>) -> &Binding<V> {
        let document = &workflow.documents[self.document as usize];
        let (job, step) = document.part(self.job, self.step);
        let bindings: &[Binding<V>] = match (job, step) {
            (_, Some(step)) => match self.section {
                Section::Env => &step.env,
                Section::With => &step.with,
                Section::Files => &step.files,
            },
            (Some(job), None) => &job.env,
            (None, None) => &document.env,
        };
        &bindings[self.index as usize]
    }
}

impl<V> Document<V> {
    /// A job and a step by their indices, plus one; 0 is none.
    fn part(&self, job: u32, step: u32) -> (Option<&Job<V>>, Option<&Step<V>>) {
        let job = (job > 0).then(|| &self.jobs[job as usize - 1]);
        (job, job.filter(|_| step > 0).map(|job| &job.steps[step as usize - 1]))
    }

    /// The same, by the names that people gave.
    pub(crate) fn place(&self, job: u32, step: u32) -> Place<'_> {
        let (job, step) = self.part(job, step);
        Place { workflow: &self.name, job: job.map(|job| &*job.id), step: step.map(Step::called) }
    }
}

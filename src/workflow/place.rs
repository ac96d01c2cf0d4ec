//! Where in a workflow a binding is.

use super::{Binding, Workflow};

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
    /// The `env` of a document itself, whose first binding it is.
    pub(crate) fn of_document(document: u32) -> Self {
        Self { document, job: 0, step: 0, section: Section::Env, index: 0 }
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
            step: step.map(super::Step::label),
            key: &bindings[self.index as usize].name,
            section: self.section,
        }
    }
}

//! Where in a workflow file a key stands, and how far what it says reaches.

/// Where in a workflow file a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// At the top of a document.
    Workflow,
    /// In a job.
    Job,
    /// In a step.
    Step,
    /// In a step's `retry`.
    Retry,
}

/// What a key says something about, when a part of the workflow runs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// How each step below runs.
    Steps,
    /// The job or workflow as a whole, and none of its steps.
    Whole,
    /// What other jobs have of it, or it of others.
    Others,
}

impl Level {
    /// `a job`, `a step`, …
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Workflow => "the workflow",
            Self::Job => "a job",
            Self::Step => "a step",
            Self::Retry => "`retry`",
        }
    }
}

//! Where in a workflow something is, by names.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where in a workflow something is, by three names. Scopes, plans and audits speak of places so, and other kinds of file can
/// map their own parts to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'w> {
    /// The workflow's name.
    pub workflow: &'w str,
    /// The job's id; none for what all jobs have.
    pub job: Option<&'w str>,
    /// The step; none for what all steps of the job, or of the workflow, have.
    pub step: Option<StepName<'w>>,
}

/// What a step is called: its id, else its name, else its number in the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepName<'w> {
    /// Its `id`.
    pub id: Option<&'w str>,
    /// Its `name`.
    pub name: Option<&'w str>,
    /// Its number in the job, from 1.
    pub number: u32,
}

impl<'w> Place<'w> {
    /// Its job and step, as people call them where there is one workflow: `JOB/STEP`, or `JOB`; empty for the workflow's own.
    pub fn path(self) -> Path<'w> {
        Path(self)
    }
}

impl StepName<'_> {
    /// Whether one of all that the step may be called is meant: its id, its name, or `#NUMBER`.
    pub fn any(self, mut is_meant: impl FnMut(&str) -> bool) -> bool {
        self.id.is_some_and(&mut is_meant)
            || self.name.is_some_and(&mut is_meant)
            || is_meant(&format!("#{}", self.number))
    }
}

/// `WORKFLOW/JOB/STEP`, or less of it.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.workflow)?;
        if self.job.is_some() {
            write!(f, "/{}", self.path())?;
        }
        Ok(())
    }
}

impl fmt::Display for StepName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.or(self.name) {
            Some(given) => f.write_str(given),
            None => write!(f, "#{}", self.number),
        }
    }
}

/// As people call it.
impl Serialize for StepName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A place without its workflow.
#[derive(Debug, Clone, Copy)]
pub struct Path<'w>(Place<'w>);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.job, self.0.step) {
            (Some(job), Some(step)) => write!(f, "{job}/{step}"),
            (Some(job), None) => f.write_str(job),
            (None, _) => Ok(()),
        }
    }
}

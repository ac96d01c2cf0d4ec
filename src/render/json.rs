//! Jobs and steps with their environments, as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Filled, Reveal};
use crate::secret::Buffer;
use crate::workflow::{Document, Job, Step, Workflow};

/// `{"workflows": [{"name", "jobs": [{"id", "name", "needs", "steps": [{"id", "name", "env": {…}, "files": {…}}]}]}]}`,
/// with a line break at its end. A step's `env` is what its process would see beside what it inherits; `files` has what
/// its files would hold, and isn't there without any. A step that never runs has an empty `env`.
pub fn json(workflow: &Workflow<Filled>, reveal: Reveal) -> Buffer {
    let mut out = Buffer::default();
    serde_json::to_writer_pretty(&mut out, &All { workflow, reveal }).expect("internal error: texts are plain JSON");
    out.push(b"\n");
    out
}

struct All<'w> {
    workflow: &'w Workflow<Filled>,
    reveal: Reveal,
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let documents: Vec<One<'_>> =
            self.workflow.documents.iter().map(|document| One(document, self.reveal)).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("workflows", &documents)?;
        map.end()
    }
}

struct One<'w>(&'w Document<Filled>, Reveal);

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let jobs: Vec<Task<'_>> = self.0.jobs.iter().map(|job| Task(self.0, job, self.1)).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("jobs", &jobs)?;
        map.end()
    }
}

struct Task<'w>(&'w Document<Filled>, &'w Job<Filled>, Reveal);

impl Serialize for Task<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, job, reveal) = *self;
        let needs: Vec<&str> = job.needs.iter().map(|&need| document.jobs[need].id.as_str()).collect();
        let steps: Vec<Action<'_>> = job.steps.iter().map(|step| Action(document, job, step, reveal)).collect();
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("id", &job.id)?;
        map.serialize_entry("name", &job.name)?;
        map.serialize_entry("needs", &needs)?;
        map.serialize_entry("steps", &steps)?;
        map.end()
    }
}

struct Action<'w>(&'w Document<Filled>, &'w Job<Filled>, &'w Step<Filled>, Reveal);

impl Serialize for Action<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, job, step, reveal) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &step.id)?;
        map.serialize_entry("name", &step.name)?;
        map.serialize_entry("env", &Environment(document, job, step, reveal))?;
        if !step.files.is_empty() {
            map.serialize_entry("files", &Files(step, reveal))?;
        }
        map.end()
    }
}

struct Files<'w>(&'w Step<Filled>, Reveal);

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(step, reveal) = *self;
        let mut map = serializer.serialize_map(Some(step.files.len()))?;
        for file in &step.files {
            map.serialize_entry(&*file.name, file.value.show(reveal))?;
        }
        map.end()
    }
}

struct Environment<'w>(&'w Document<Filled>, &'w Job<Filled>, &'w Step<Filled>, Reveal);

impl Serialize for Environment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, job, step, reveal) = *self;
        let variables = document.environment(job, step);
        let mut map = serializer.serialize_map(Some(variables.len()))?;
        for variable in variables {
            map.serialize_entry(&variable.name, variable.binding.value.show(reveal))?;
        }
        map.end()
    }
}

//! The text of a workflow that a program made: places need one, and so does a plan that travels. It is written with its
//! values quoted, and read as any other.

use std::fmt::{Display, Write};

use super::{JobBuilder, StepBuilder, WorkflowBuilder};
use crate::place::{Place, StepName};
use crate::reference::Template;
use crate::workflow::keys::Key;
use crate::workflow::{Condition, Retry, Settings};
use crate::yaml::quoted;

/// The text, and the names of its parts, each with where it begins.
pub(super) fn write(workflow: &WorkflowBuilder) -> (String, Vec<(usize, String)>) {
    let mut writer = Writer::default();
    writer.workflow(workflow);
    (writer.text, writer.places)
}

#[derive(Default)]
struct Writer {
    text: String,
    places: Vec<(usize, String)>,
    indent: usize,
    /// Whether the next line begins an item of a list.
    begins_item: bool,
}

impl Writer {
    fn workflow(&mut self, workflow: &WorkflowBuilder) {
        let place = Place { workflow: &workflow.name, job: None, step: None };
        self.at(place);
        self.line(Key::Name, quoted(&workflow.name).as_str());
        self.bindings(Key::Env, &workflow.env);
        self.some(Key::MaxParallel, workflow.max_parallel);
        self.some(Key::InheritEnv, workflow.inherit_env);
        self.line(Key::Jobs, if workflow.jobs.is_empty() { "{}" } else { "" });
        self.indent += 1;
        for job in &workflow.jobs {
            self.job(job, Place { job: Some(&job.id), ..place });
        }
        self.indent -= 1;
    }

    fn job(&mut self, job: &JobBuilder, place: Place<'_>) {
        self.at(place);
        self.entry(&quoted(&job.id), "");
        self.indent += 1;
        self.text(Key::Name, job.name.as_deref());
        if !job.needs.is_empty() {
            let needs: Vec<_> = job.needs.iter().map(|id| quoted(id).to_string()).collect();
            self.line(Key::Needs, format_args!("[{}]", needs.join(", ")));
        }
        self.bindings(Key::Env, &job.env);
        self.settings(&job.settings);
        self.line(Key::Steps, if job.steps.is_empty() { "[]" } else { "" });
        self.indent += 1;
        for (number, step) in (1..).zip(&job.steps) {
            let name = StepName { id: step.id.as_deref(), name: step.name.as_deref(), number };
            self.step(step, Place { step: Some(name), ..place });
        }
        self.indent -= 2;
    }

    fn step(&mut self, step: &StepBuilder, place: Place<'_>) {
        self.at(place);
        self.begins_item = true;
        self.indent += 1;
        self.text(Key::Id, step.id.as_deref());
        self.text(Key::Name, step.name.as_deref());
        self.bindings(Key::Env, &step.env);
        self.bindings(Key::With, &step.with);
        self.bindings(Key::Files, &step.files);
        self.text(Key::Run, Some(&step.run));
        self.text(Key::Shell, step.shell.as_deref());
        self.text(Key::WorkingDirectory, step.working_directory.as_deref());
        if let Some(Retry { attempts, delay, backoff }) = step.retry {
            let delay = delay.as_secs_f64();
            self.line(Key::Retry, format_args!("{{ attempts: {attempts}, delay: {delay}, backoff: {backoff} }}"));
        }
        self.settings(&step.settings);
        self.indent -= 1;
    }

    fn settings(&mut self, settings: &Settings) {
        match settings.condition {
            Condition::Success => {}
            Condition::Failure => self.line(Key::If, "failure()"),
            Condition::Always => self.line(Key::If, "always()"),
            Condition::Never => self.line(Key::If, "false"),
        }
        self.some(Key::TimeoutMinutes, settings.timeout.map(|timeout| timeout.as_secs_f64() / 60.0));
        if settings.continue_on_error {
            self.line(Key::ContinueOnError, "true");
        }
        self.some(Key::InheritEnv, settings.inherit_env);
    }

    fn bindings(&mut self, key: Key, bindings: &[(String, Template)]) {
        if bindings.is_empty() {
            return;
        }
        self.line(key, "");
        self.indent += 1;
        for (name, value) in bindings {
            self.entry(&quoted(name), quoted(&value.to_string()).as_str());
        }
        self.indent -= 1;
    }

    fn text(&mut self, key: Key, text: Option<&str>) {
        if let Some(text) = text {
            self.line(key, quoted(text).as_str());
        }
    }

    fn some(&mut self, key: Key, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(key, value);
        }
    }

    fn line(&mut self, key: Key, value: impl Display) {
        self.entry(key.name(), value);
    }

    fn entry(&mut self, key: &str, value: impl Display) {
        let outer = self.indent - usize::from(self.begins_item);
        self.text.extend(std::iter::repeat_n("  ", outer));
        self.text.push_str(if std::mem::take(&mut self.begins_item) { "- " } else { "" });
        writeln!(self.text, "{key}: {value}").expect("internal error: a text takes all");
    }

    /// What comes is at that place.
    fn at(&mut self, place: Place<'_>) {
        self.places.push((self.text.len(), place.to_string()));
    }
}

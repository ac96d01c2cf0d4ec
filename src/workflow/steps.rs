//! The steps of a job, and what each is given.

use super::bindings::bindings;
use super::foreign::noted;
use super::outside::plain;
use super::retry::retry;
use super::settings::{Setting, setting};
use super::{Foreign, Settings, Step, keys};
use crate::diagnostic::{Code, Diagnostic};
use crate::reference::Template;
use crate::yaml::{Kind, NodeId, Reader};

/// Reads the steps of a job.
pub(super) fn steps_of(
    reader: &mut Reader<'_>,
    node: NodeId,
    job: &str,
    foreign: &mut Vec<Foreign>,
) -> Vec<Step<Template>> {
    if reader.tree.kind(node) != Kind::Sequence {
        reader.wrong_type(node, "steps", "a list of steps");
        return Vec::new();
    }
    let tree = reader.tree;
    let mut steps = Vec::new();
    let mut ids = std::collections::HashMap::new();
    for item in tree.children(node) {
        let target = tree.resolve(item);
        reader.reach(item);
        if !reader.visit(target) {
            break;
        }
        let step = step(reader, target, u32::try_from(steps.len() + 1).unwrap_or(u32::MAX));
        foreign.extend(noted(reader, Some(job), Some(&step)));
        if let Some(id) = &step.id
            && let Some(first) = ids.insert(id.clone(), item)
        {
            let diagnostic = Diagnostic::error(Code::DuplicateName, format!("two steps have the id `{id}`"))
                .at(tree.source(), tree.span(item), "again here")
                .at(tree.source(), tree.span(first), "first here");
            reader.faults.push(diagnostic);
        }
        steps.push(step);
    }
    steps.shrink_to_fit();
    steps
}

fn step(reader: &mut Reader<'_>, node: NodeId, number: u32) -> Step<Template> {
    let mut step = Step {
        number,
        script: NodeId::NONE,
        id: None,
        name: None,
        env: Vec::new(),
        with: Vec::new(),
        files: Box::default(),
        run: None,
        shell: None,
        working_directory: None,
        retry: None,
        settings: Settings { span: reader.tree.span(node), ..Settings::default() },
    };
    let mut does_something = false;
    let before = reader.faults.iter().count();
    for entry in reader.entries(node, "step") {
        let value = entry.value;
        keys::STEP.reach(reader, entry);
        let Some(name) = reader.key(entry) else { continue };
        match name {
            "id" => step.id = plain(reader, value, name).map(Into::into),
            "name" => step.name = plain(reader, value, name).map(Into::into),
            "env" => step.env = bindings(reader, value, name),
            "with" => step.with = bindings(reader, value, name),
            "files" => step.files = bindings(reader, value, name).into(),
            "retry" => {
                reader.visit(value);
                step.retry = retry(reader, value).map(Box::new);
            }
            "uses" => {
                does_something = true;
                keys::STEP.pass(reader, name, entry.key);
            }
            "run" => {
                does_something = true;
                step.run = plain(reader, value, name).map(Into::into);
                step.script = value;
            }
            "shell" => step.shell = plain(reader, value, name).map(Into::into),
            "working-directory" => step.working_directory = plain(reader, value, name).map(Into::into),
            _ => match setting(reader, &mut step.settings, name, entry) {
                Setting::Read => {}
                Setting::Unknown => keys::STEP.pass(reader, name, entry.key),
            },
        }
    }
    if !step.files.is_empty() || step.with.len() > 1 {
        names_of(reader, &step);
    }
    if !does_something && reader.faults.iter().count() == before {
        reader.fault(Code::MissingKey, node, "a step without `run`", "", "say what it runs: `run: ./script.sh`");
    }
    step
}

/// Complains of a variable that a step has twice: inputs whose names differ and whose variables don't, and files.
fn names_of(reader: &mut Reader<'_>, step: &Step<Template>) {
    let mut seen = std::collections::HashMap::new();
    for variable in step.variables() {
        let (name, node) = (variable.name, variable.binding.node);
        if let Some(first) = seen.insert(name.clone(), node) {
            let diagnostic = Diagnostic::error(Code::DuplicateName, format!("the step has two variables `{name}`"))
                .at(reader.tree.source(), reader.tree.span(node), "again here")
                .at(reader.tree.source(), reader.tree.span(first), "first here");
            reader.faults.push(diagnostic);
        }
    }
}

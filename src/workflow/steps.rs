//! The steps of a job, and what each is given.

use super::bindings::bindings;
use super::foreign::What;
use super::keys::Key;
use super::level::Level;
use super::place::Section;
use super::retry::retry;
use super::settings::setting;
use super::text::plain;
use super::{Reader, Settings, Step, known};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Kind, NodeId, shorten};

/// Reads the steps of a job.
pub(super) fn steps_of(reader: &mut Reader<'_>, node: NodeId) -> Vec<Step<()>> {
    if reader.tree.kind(node) != Kind::Sequence {
        match undashed(reader, node) {
            Some(help) => {
                let message = "`steps` must be a list of steps, and is a mapping";
                reader.fault(Code::WrongType, node, message, "a list of steps is expected", &help);
            }
            None => reader.wrong_type(node, "steps", "a list of steps"),
        }
        return Vec::new();
    }
    let tree = reader.tree;
    if tree.children(node).next().is_none() {
        reader.fault(
            Code::MissingKey,
            node,
            "`steps` has no step",
            "",
            "give it at least one step: `- run: ./script.sh`",
        );
    }
    let mut steps = Vec::new();
    let mut ids = std::collections::HashMap::new();
    for item in tree.children(node) {
        let target = tree.resolve(item);
        reader.reach(item);
        if !reader.visit(target) {
            break;
        }
        let outer = std::mem::take(&mut reader.notes);
        let mut step = step(reader, target, u32::try_from(steps.len() + 1).unwrap_or(u32::MAX));
        step.foreign = std::mem::replace(&mut reader.notes, outer).into();
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

fn step(reader: &mut Reader<'_>, node: NodeId, number: u32) -> Step<()> {
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
        foreign: Box::default(),
        settings: Settings { span: reader.tree.span(node), ..Settings::default() },
    };
    let mut does_something = false;
    let before = reader.faults.iter().count();
    let entries = known::entries(reader, Level::Step, node, "step");
    does_something |= reader.notes.iter().any(|noted| matches!(&noted.what, What::Key(key) if key.name == "uses"));
    for (key, entry) in entries {
        let value = entry.value;
        match key {
            Key::Id => step.id = plain(reader, entry, key).map(Into::into),
            Key::Name => step.name = plain(reader, entry, key).map(Into::into),
            Key::Env => step.env = bindings(reader, value, key),
            Key::With => step.with = bindings(reader, value, key),
            Key::Files => step.files = bindings(reader, value, key).into(),
            Key::Retry => {
                reader.visit(value);
                step.retry = retry(reader, value).map(Box::new);
            }
            Key::Run => {
                does_something = true;
                step.run = plain(reader, entry, key).map(Into::into);
                step.script = value;
                if step.run.as_deref().is_some_and(|script| script.trim().is_empty()) {
                    let help = "say what it runs: `run: ./script.sh`";
                    reader.fault(Code::WrongValue, value, "`run` has nothing but blanks", "", help);
                }
            }
            Key::Shell => step.shell = plain(reader, entry, key).map(Into::into),
            Key::WorkingDirectory => step.working_directory = plain(reader, entry, key).map(Into::into),
            _ if setting(reader, &mut step.settings, key, entry) => {}
            _ => known::unread(reader, key, entry),
        }
    }
    if step.with.len() > 1 {
        names_of(reader, &step);
    }
    if !does_something && reader.faults.iter().count() == before {
        reader.fault(Code::MissingKey, node, "a step without `run`", "", "say what it runs: `run: ./script.sh`");
    }
    step
}

/// What to do about a step without `- `, or without the blank in it.
fn undashed(reader: &Reader<'_>, node: NodeId) -> Option<String> {
    let (key, _) = reader.tree.pairs(node).next()?;
    let name = reader.tree.text(key)?;
    match name.strip_prefix('-') {
        Some(rest) => Some(format!("write a blank behind the `-`: `- {}: …`", shorten(rest))),
        None => Some(format!("begin each step with `- `: `- {}: …`", shorten(name))),
    }
}

/// Complains of inputs whose names differ and whose variables don't: neither is meant to override the other.
fn names_of(reader: &mut Reader<'_>, step: &Step<()>) {
    let mut seen = std::collections::HashMap::new();
    for variable in step.variables().filter(|variable| variable.section == Section::With) {
        let (name, node) = (variable.name, variable.binding.node);
        if let Some(first) = seen.insert(name.clone(), node) {
            let diagnostic =
                Diagnostic::error(Code::DuplicateName, format!("the step has two inputs for the variable `{name}`"))
                    .at(reader.tree.source(), reader.tree.span(node), "again here")
                    .at(reader.tree.source(), reader.tree.span(first), "first here");
            reader.faults.push(diagnostic);
        }
    }
}

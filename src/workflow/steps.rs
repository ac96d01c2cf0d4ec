//! The steps of a job, and what each is given.

use std::collections::{BTreeMap, HashMap};

use super::bindings::bindings;
use super::foreign::What;
use super::keys::Key;
use super::level::Level;
use super::place::Section;
use super::retry::retry;
use super::settings::setting;
use super::text::{of_process, plain};
use super::{Reader, Settings, Step, known, scripts};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Kind, NodeId, shorten};

/// So many places of one id are kept.
const MOST_PLACES: usize = 1000;

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
    let mut ids: BTreeMap<Box<str>, Vec<NodeId>> = BTreeMap::new();
    for item in tree.children(node) {
        let target = tree.resolve(item);
        reader.reach(item);
        if !reader.visit(target) {
            break;
        }
        let outer = std::mem::take(&mut reader.notes);
        let mut step = step(reader, target, u32::try_from(steps.len() + 1).unwrap_or(u32::MAX));
        step.foreign = std::mem::replace(&mut reader.notes, outer).into();
        if reader.is_exhausted() {
            // What is missing of it is no fault of its own.
            break;
        }
        if let Some(id) = &step.id {
            ids.entry(id.clone()).or_default().push(item);
        }
        steps.push(step);
    }
    same_ids(reader, ids);
    steps.shrink_to_fit();
    steps
}

/// Complains of each id that several steps have.
fn same_ids(reader: &mut Reader<'_>, ids: BTreeMap<Box<str>, Vec<NodeId>>) {
    for (id, items) in ids.into_iter().filter(|(_, items)| items.len() > 1) {
        let message = format!("{} steps have the id `{}`", items.len(), shorten(&id));
        let mut diagnostic = Diagnostic::error(Code::DuplicateName, message);
        for item in items[1..].iter().take(MOST_PLACES) {
            diagnostic = diagnostic.at(reader.tree.source(), reader.tree.span(*item), "again here");
        }
        diagnostic = diagnostic.at(reader.tree.source(), reader.tree.span(items[0]), "first here");
        reader.faults.push(diagnostic.help("give each an `id` of its own"));
    }
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
    let is_action = reader.notes.iter().any(|noted| matches!(&noted.what, What::Key(key) if key.name == "uses"));
    does_something |= is_action;
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
                step.run = of_process(reader, entry, key);
                step.script = value;
                if step.run.as_deref().is_some_and(|script| script.trim().is_empty()) {
                    let help = "say what it runs: `run: ./script.sh`";
                    reader.fault(Code::WrongValue, value, "`run` has nothing but blanks", "", help);
                }
            }
            Key::Shell => step.shell = of_process(reader, entry, key),
            Key::WorkingDirectory => step.working_directory = of_process(reader, entry, key),
            _ if setting(reader, &mut step.settings, key, entry) => {}
            _ => known::unread(reader, key, entry),
        }
    }
    if is_action {
        scripts::refuse_references(reader, &step.with);
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
    let mut seen = HashMap::new();
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

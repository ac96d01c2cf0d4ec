//! From a YAML tree to a workflow, with every fault that is in it.

use std::path::Path;
use std::sync::Arc;

use super::bindings::bindings;
use super::foreign::{note_expression, noted};
use super::keys::{self, Keys};
use super::retry::retry;
use super::settings::{Setting, setting};
use super::{Document, Foreign, Job, ONLY_JOB, Settings, Step, Workflow, arguments, graph, input_name, outside};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Template;
use crate::source::Source;
use crate::yaml::{Kind, NodeId, Reader, Tree};

impl Workflow<Template> {
    /// Reads a workflow file, and gives its warnings beside it.
    ///
    /// # Errors
    /// All faults of the file: of its YAML, its keys and types, its `needs` and its references.
    ///
    /// ```
    /// use credflow::source::Source;
    /// use credflow::workflow::Workflow;
    ///
    /// let source = Source::new("deploy.yaml", "steps: [{ run: ./deploy.sh, env: { KEY: $<credential:a/b> } }]");
    /// let (workflow, warnings) = Workflow::read(&source)?;
    /// assert_eq!(workflow.documents[0].jobs[0].steps[0].env[0].name.as_ref(), "KEY");
    /// assert!(warnings.is_empty());
    /// # Ok::<(), credflow::diagnostic::Diagnostics>(())
    /// ```
    pub fn read(source: &Arc<Source>) -> Result<(Self, Diagnostics), Diagnostics> {
        let (workflow, faults) = Self::read_partly(source);
        faults.finish(workflow)
    }

    /// Reads as much of a workflow file as can be read, with all faults and warnings: for tools that go on to show
    /// what else is wrong. Nothing is left when the file isn't YAML.
    pub fn read_partly(source: &Arc<Source>) -> (Option<Self>, Diagnostics) {
        let tree = match Tree::read(source) {
            Ok(tree) => tree,
            Err(faults) => return (None, faults),
        };
        let mut reader = Reader::new(&tree);
        let mut documents = Vec::new();
        for &root in tree.documents().iter().filter(|&&root| !tree.is_null(root)) {
            documents.extend(document(&mut reader, root));
        }
        if documents.is_empty() && reader.faults.is_empty() {
            empty(&mut reader.faults, source);
        }
        outside::check(&mut reader);
        outside::check_aliases(&mut reader);
        let faults = reader.faults;
        let tree = Arc::new(tree);
        (Some(Self { tree, documents }), faults)
    }
}

fn empty(faults: &mut Diagnostics, source: &Arc<Source>) {
    let diagnostic = Diagnostic::error(Code::EmptyFile, format!("{} is empty", source.name()))
        .help("a workflow has `jobs`, or `steps` at its top");
    faults.push(diagnostic);
}

fn document(reader: &mut Reader<'_>, root: NodeId) -> Option<Document<Template>> {
    if reader.tree.kind(root) != Kind::Mapping {
        reader.fault(Code::WrongType, root, "a workflow must be a mapping", "", "it begins with `jobs:` or `steps:`");
        return None;
    }
    let mut document = Document {
        name: stem(reader.tree.source().name()),
        env: Vec::new(),
        jobs: Vec::new(),
        max_parallel: None,
        inherit_env: None,
        foreign: Vec::new(),
    };
    let (mut jobs, mut steps) = (None, None);
    for entry in reader.entries(root, "workflow") {
        let value = entry.value;
        keys::DOCUMENT.reach(reader, entry);
        match reader.key(entry) {
            Some("name") => document.name = plain(reader, value, "name").unwrap_or(document.name),
            Some("env") => document.env = bindings(reader, value, "env"),
            Some("jobs") => jobs = Some((entry.key, value)),
            Some("steps") => steps = Some((entry.key, value)),
            Some("max-parallel") => document.max_parallel = max_parallel(reader, value),
            Some("inherit-env") => {
                reader.visit(value);
                document.inherit_env = reader.boolean(value, "inherit-env");
            }
            Some(key) => other(reader, key, entry.key, &keys::DOCUMENT),
            None => {}
        }
    }
    document.foreign = noted::<Template>(reader, None, None);
    match (jobs, steps) {
        (Some((key, _)), Some(_)) => {
            let help = "move the steps into a job of their own";
            reader.fault(Code::WrongValue, key, "a workflow has `jobs` or `steps`, not both", "", help);
        }
        (Some((key, value)), None) => {
            let mut needs = Vec::new();
            for entry in reader.entries(value, "jobs") {
                let Some(id) = reader.key(entry) else { continue };
                let id = id.to_owned();
                reader.reach(entry.written);
                if let Some((job, needed)) = job(reader, id, entry.key, entry.value, &mut document.foreign) {
                    document.jobs.push(job);
                    needs.push(needed);
                }
            }
            if document.jobs.is_empty() && reader.tree.kind(value) == Kind::Mapping && !reader.faults.has_errors() {
                reader.fault(Code::MissingKey, key, "`jobs` has no job", "", "");
            }
            graph::link(reader, &mut document.jobs, &needs);
        }
        (None, Some((_, value))) => {
            let settings = Settings { span: reader.tree.span(value), ..Settings::default() };
            document.jobs.push(Job {
                id: ONLY_JOB.to_owned(),
                name: None,
                needs: Vec::new(),
                env: Vec::new(),
                steps: steps_of(reader, value, ONLY_JOB, &mut document.foreign),
                settings,
            });
        }
        (None, None) => {
            let help = "a workflow has `jobs`, or `steps` at its top";
            reader.fault(Code::MissingKey, root, "neither `jobs` nor `steps`", "", help);
        }
    }
    arguments::check(reader, &document);
    Some(document)
}

/// The name of a file without folders and extension.
fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

type Needs = Vec<(String, NodeId)>;

/// A number of jobs.
fn max_parallel(reader: &mut Reader<'_>, node: NodeId) -> Option<usize> {
    reader.visit(node);
    let number = reader.tree.text(node).and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    if number.is_none() {
        reader.fault(Code::WrongValue, node, "`max-parallel` must be a whole number of at least 1", "", "");
    }
    number
}

fn job(
    reader: &mut Reader<'_>,
    id: String,
    key: NodeId,
    node: NodeId,
    foreign: &mut Vec<Foreign>,
) -> Option<(Job<Template>, Needs)> {
    if !reader.visit(node) {
        return None;
    }
    let mut job = Job {
        id,
        name: None,
        needs: Vec::new(),
        env: Vec::new(),
        steps: Vec::new(),
        settings: Settings { span: reader.tree.span(key), ..Settings::default() },
    };
    let mut needs = Vec::new();
    let (mut has_steps, mut is_call) = (false, false);
    let before = reader.faults.iter().count();
    for entry in reader.entries(node, &job.id) {
        let value = entry.value;
        keys::JOB.reach(reader, entry);
        let Some(name) = reader.key(entry) else { continue };
        match name {
            "name" => job.name = plain(reader, value, name),
            "needs" => needs = graph::names(reader, value),
            "env" => job.env = bindings(reader, value, name),
            "steps" => {
                has_steps = true;
                foreign.extend(noted::<Template>(reader, Some(&job.id), None));
                job.steps = steps_of(reader, value, &job.id, foreign);
            }
            "uses" => {
                is_call = true;
                other(reader, name, entry.key, &keys::JOB);
            }
            _ => match setting(reader, &mut job.settings, name, entry) {
                Setting::Read => {}
                Setting::Unknown => other(reader, name, entry.key, &keys::JOB),
            },
        }
    }
    foreign.extend(noted::<Template>(reader, Some(&job.id), None));
    if !has_steps && !is_call && reader.faults.iter().count() == before {
        let message = format!("the job `{}` has no `steps`", job.id);
        reader.fault(Code::MissingKey, key, message, "", "give it at least one step");
    }
    Some((job, needs))
}

fn steps_of(reader: &mut Reader<'_>, node: NodeId, job: &str, foreign: &mut Vec<Foreign>) -> Vec<Step<Template>> {
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
                other(reader, name, entry.key, &keys::STEP);
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
                Setting::Unknown => other(reader, name, entry.key, &keys::STEP),
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
    let files = step.files.iter().map(|file| (file.name.to_string(), file));
    let env = step.env.iter().map(|binding| (binding.name.to_string(), binding));
    let with = step.with.iter().map(|binding| (input_name(&binding.name), binding));
    let mut seen = std::collections::HashMap::new();
    for (name, binding) in env.chain(with).chain(files) {
        let node = binding.node;
        if let Some(first) = seen.insert(name.clone(), node) {
            let diagnostic = Diagnostic::error(Code::DuplicateName, format!("the step has two variables `{name}`"))
                .at(reader.tree.source(), reader.tree.span(node), "again here")
                .at(reader.tree.source(), reader.tree.span(first), "first here");
            reader.faults.push(diagnostic);
        }
    }
}

/// A text in which a reference may not stand.
fn plain(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<String> {
    if !reader.visit(node) {
        return None;
    }
    outside::complain(reader, node, Some(key));
    note_expression(reader, node);
    reader.text(node, key).map(str::to_owned)
}

fn other(reader: &mut Reader<'_>, name: &str, key: NodeId, keys: &Keys) {
    if keys.foreign.contains(&name) {
        reader.note(key, name.to_owned());
    } else if !keys.others.contains(&name) {
        reader.unknown(key, keys.ours, false);
    }
}

//! From a YAML tree to a workflow, with every fault that is in it.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use super::bindings::{bindings, template};
use super::foreign::What;
use super::keys::Key;
use super::level::Level;
use super::settings::setting;
use super::steps::steps_of;
use super::text::{plain, stands_for};
use super::{
    Binding, Document, Job, Language, ONLY_JOB, Reader, Settings, Workflow, arguments, graph, invisible, known,
    outside, unknown,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Template;
use crate::source::{Source, printable};
use crate::yaml::{Kind, NodeId, Tree};

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
    /// assert_eq!(workflow.documents()[0].jobs[0].steps[0].env[0].name.as_ref(), "KEY");
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
        let (tree, faults) = Tree::read_partly(source);
        let Some(tree) = tree else { return (None, faults) };
        let mut reader = Reader::new(&tree);
        reader.faults = faults;
        let mut documents = Vec::new();
        for &root in tree.documents().iter().filter(|&&root| !tree.is_null(root)) {
            let Some(document) = document(&mut reader, root) else { continue };
            let number = u32::try_from(documents.len()).unwrap_or(u32::MAX);
            let mut read = |_, binding: &Binding<()>, ()| Ok::<_, Infallible>(template(&mut reader, binding.node));
            let Ok(document) = document.try_map(number, &mut read);
            arguments::check(&mut reader, &document);
            invisible::check(&mut reader, &document);
            unknown::check(&mut reader, &document);
            documents.push(document);
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

/// A document whose bindings are yet to be read.
fn document(reader: &mut Reader<'_>, root: NodeId) -> Option<Document<()>> {
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
        language: language(reader.tree, root),
        foreign: Vec::new(),
    };
    let (mut jobs, mut steps) = (None, None);
    for (key, entry) in known::entries(reader, Level::Workflow, root, "workflow") {
        let value = entry.value;
        match key {
            Key::Name => document.name = plain(reader, entry, key).unwrap_or(document.name),
            Key::Env => document.env = bindings(reader, value, key),
            Key::Jobs => jobs = Some((entry.key, value)),
            Key::Steps => steps = Some((entry.key, value)),
            Key::MaxParallel => document.max_parallel = max_parallel(reader, value),
            Key::InheritEnv => {
                reader.visit(value);
                if !stands_for(reader, value, key) {
                    document.inherit_env = reader.boolean(value, key.name());
                }
            }
            _ => known::unread(reader, key, entry),
        }
    }
    match (jobs, steps) {
        (Some((key, _)), Some(_)) => {
            let help = "move the steps into a job of their own";
            reader.fault(Code::WrongValue, key, "a workflow has `jobs` or `steps`, not both", "", help);
        }
        (Some((key, value)), None) => {
            let mut needs = Vec::new();
            for entry in known::jobs(reader, value) {
                let Some(id) = reader.key(entry) else { continue };
                if id.is_empty() {
                    reader.fault(
                        Code::WrongValue,
                        entry.key,
                        "a job without a name",
                        "",
                        "write its name before the `:`",
                    );
                }
                let id = id.to_owned();
                reader.reach(entry.written);
                if let Some((job, needed)) = job(reader, id, entry.key, entry.value) {
                    document.jobs.push(job);
                    needs.push(needed);
                }
            }
            if document.jobs.is_empty() && reader.tree.kind(value) == Kind::Mapping && !reader.faults.has_errors() {
                reader.fault(Code::MissingKey, key, "`jobs` has no job", "", "");
            }
            graph::link(reader, document.language, &mut document.jobs, &needs);
        }
        (None, Some((_, value))) => {
            let settings = Settings { span: reader.tree.span(value), ..Settings::default() };
            document.jobs.push(Job {
                id: ONLY_JOB.to_owned(),
                name: None,
                needs: Vec::new(),
                env: Vec::new(),
                steps: steps_of(reader, value),
                foreign: Vec::new(),
                settings,
            });
        }
        (None, None) => no_workflow(reader, root),
    }
    document.foreign = std::mem::take(&mut reader.notes);
    Some(document)
}

/// Complains of a file that is no workflow; when it is one of ours of another kind, of that alone.
fn no_workflow(reader: &mut Reader<'_>, root: NodeId) {
    let tree = reader.tree;
    let key = |name| tree.pairs(root).map(|(key, _)| key).find(|&key| tree.text(key) == Some(name));
    let file = printable(tree.source().name());
    let (node, message, help) = if let Some(node) = key("stores") {
        let help = format!("check it as one with `credflow check --config {file} {file}`");
        (node, "this is a configuration, not a workflow", help)
    } else if let Some(node) = key("vaults") {
        (
            node,
            "this is a seed of the emulator, not a workflow",
            format!("pass it with `--emulate {file}`, beside a workflow"),
        )
    } else {
        (root, "neither `jobs` nor `steps`", "a workflow has `jobs`, or `steps` at its top".to_owned())
    };
    if node != root {
        reader.notes.clear();
    }
    reader.fault(Code::MissingKey, node, message, "", &help);
}

/// A document with `on` is GitHub's.
fn language(tree: &Tree, root: NodeId) -> Language {
    let is_github = tree.pairs(root).any(|(key, _)| tree.text(key) == Some("on"));
    if is_github { Language::GitHub } else { Language::Credflow }
}

/// The name of a file without folders and extension.
fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

type Needs = Vec<(String, NodeId)>;

/// A number of jobs.
fn max_parallel(reader: &mut Reader<'_>, node: NodeId) -> Option<usize> {
    reader.visit(node);
    if stands_for(reader, node, Key::MaxParallel) {
        return None;
    }
    let number = reader.tree.text(node).and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    if number.is_none() {
        reader.fault(Code::WrongValue, node, "`max-parallel` must be a whole number of at least 1", "", "");
    }
    number
}

fn job(reader: &mut Reader<'_>, id: String, key: NodeId, node: NodeId) -> Option<(Job<()>, Needs)> {
    if !reader.visit(node) {
        return None;
    }
    let outer = std::mem::take(&mut reader.notes);
    let mut job = Job {
        id,
        name: None,
        needs: Vec::new(),
        env: Vec::new(),
        steps: Vec::new(),
        foreign: Vec::new(),
        settings: Settings { span: reader.tree.span(key), ..Settings::default() },
    };
    let mut needs = Vec::new();
    let mut has_steps = false;
    let before = reader.faults.iter().count();
    let entries = known::entries(reader, Level::Job, node, &job.id);
    let is_call = reader.notes.iter().any(|noted| matches!(&noted.what, What::Key(key) if key.name == "uses"));
    for (key, entry) in entries {
        let value = entry.value;
        match key {
            Key::Name => job.name = plain(reader, entry, key),
            Key::Needs => needs = graph::names(reader, value),
            Key::Env => job.env = bindings(reader, value, key),
            Key::Steps => {
                has_steps = true;
                job.steps = steps_of(reader, value);
            }
            _ if setting(reader, &mut job.settings, key, entry) => {}
            _ => known::unread(reader, key, entry),
        }
    }
    job.foreign = std::mem::replace(&mut reader.notes, outer);
    let is_mapping = reader.tree.kind(node) == Kind::Mapping;
    if is_mapping && !has_steps && !is_call && reader.faults.iter().count() == before {
        let message = format!("the job `{}` has no `steps`", job.id);
        reader.fault(Code::MissingKey, key, message, "", "give it at least one step");
    }
    Some((job, needs))
}

//! What a workflow file means: jobs with needs, steps, and what is bound to their variables.
//!
//! [`Workflow`] is one shape with a changing leaf: what stands behind a variable is a
//! [`Template`](crate::reference::Template) after reading, a plan's slots after planning, and a filled value after
//! rendering. Only a filled workflow can be run.

mod arguments;
mod bindings;
mod environment;
mod expression;
mod foreign;
mod graph;
mod group;
mod interpreter;
mod invisible;
mod keys;
mod known;
mod language;
mod outside;
mod place;
mod read;
mod retry;
mod runner;
mod scripts;
mod seen;
mod select;
mod settings;
mod shell;
mod steps;
mod text;
mod unacted;
mod unknown;
mod unseen;
mod unusable;
mod variables;

use std::sync::Arc;
use std::time::Duration;

use crate::source::{Source, Span};
use crate::yaml::{NodeId, Tree};

pub use environment::{Variable, input_name};
pub(crate) use expression::EXPRESSION;
pub use foreign::{Expression, Foreign, What};
pub(crate) use group::{Groups, Owner};
pub(crate) use interpreter::{FILE, Interpreter};
pub use keys::{ForeignKey, Level, Reach};
pub use language::Language;
pub(crate) use place::places;
pub use place::{BindingPlace, NamedPlace, Section};
pub use retry::Retry;
pub(crate) use seen::{StepSet, Visibility};
pub use select::Unselectable;

/// Reads a tree, and notes what credflow doesn't act on.
type Reader<'t> = crate::yaml::Reader<'t, Foreign>;

/// The id of the job of a file that has `steps` at its top.
pub const ONLY_JOB: &str = "main";

/// A workflow file: its text as a tree, and what it means. `V` is what a variable is bound to.
#[derive(Debug, Clone)]
pub struct Workflow<V> {
    /// The file's own tree, to rewrite it and to point into it.
    pub tree: Arc<Tree>,
    /// Its documents, in order; at least one.
    pub documents: Vec<Document<V>>,
}

/// One YAML document: a workflow in the sense of the file's author.
#[derive(Debug, Clone)]
pub struct Document<V> {
    /// Its `name`, or the file's stem.
    pub name: String,
    /// Variables of every step.
    pub env: Vec<Binding<V>>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job<V>>,
    /// `max-parallel`: how many of its jobs may run at once; any number when it isn't set.
    pub max_parallel: Option<usize>,
    /// `inherit-env`: whether steps see the environment around credflow; they do when nobody says.
    pub inherit_env: Option<bool>,
    /// Whose language it is written in.
    pub language: Language,
    /// What of it, beside its jobs, credflow doesn't act on.
    pub foreign: Vec<Foreign>,
}

/// Steps that run one after the other.
#[derive(Debug, Clone)]
pub struct Job<V> {
    /// Its key under `jobs`.
    pub id: String,
    /// Its `name`.
    pub name: Option<String>,
    /// The jobs that must have succeeded before, as indices into the document's jobs.
    pub needs: Vec<usize>,
    /// Variables of its steps.
    pub env: Vec<Binding<V>>,
    /// Its steps, in order.
    pub steps: Vec<Step<V>>,
    /// What of it, beside its steps, credflow doesn't act on.
    pub foreign: Vec<Foreign>,
    /// What of it isn't a matter of variables.
    pub settings: Settings,
}

/// One command and what it is given.
#[derive(Debug, Clone)]
pub struct Step<V> {
    /// Its place in the job, from 1.
    pub number: u32,
    /// The scalar that holds the script.
    pub(crate) script: NodeId,
    /// Its `id`.
    pub id: Option<Box<str>>,
    /// Its `name`.
    pub name: Option<Box<str>>,
    /// Its variables.
    pub env: Vec<Binding<V>>,
    /// Its inputs; a step that runs sees them as `INPUT_…` variables.
    pub with: Vec<Binding<V>>,
    /// Its files: variables that hold the path of a file with the value.
    pub files: Box<[Binding<V>]>,
    /// The script of `run`.
    pub run: Option<Box<str>>,
    /// The program of `shell`, with its arguments.
    pub shell: Option<Box<str>>,
    /// The folder of `working-directory`.
    pub working_directory: Option<Box<str>>,
    /// `retry`: how often and when it is tried again.
    pub retry: Option<Box<Retry>>,
    /// What of it credflow doesn't act on.
    pub foreign: Box<[Foreign]>,
    /// What of it isn't a matter of variables.
    pub settings: Settings,
}

/// What jobs and steps have in common.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where it stands in the file.
    pub span: Span,
    /// When it runs.
    pub condition: Condition,
    /// `timeout-minutes`.
    pub timeout: Option<Duration>,
    /// Whether its failure lets the rest go on.
    pub continue_on_error: bool,
    /// `inherit-env`: whether it sees the environment around credflow; what is around it says so when it doesn't.
    pub inherit_env: Option<bool>,
}

/// `if`: when a job or step runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition {
    /// Everything before it succeeded; the default.
    #[default]
    Success,
    /// Something before it failed.
    Failure,
    /// Whatever happened before.
    Always,
    /// Never: `if: false`.
    Never,
}

/// A variable or input, and what is bound to it.
#[derive(Debug, Clone)]
pub struct Binding<V> {
    /// The name, as written.
    pub name: Arc<str>,
    /// The key in the file.
    pub key: NodeId,
    /// The scalar that holds the value; one scalar can be bound more than once through aliases.
    pub node: NodeId,
    /// What is bound.
    pub value: V,
}

impl<V> Workflow<V> {
    /// The file's text.
    pub fn source(&self) -> &Arc<Source> {
        self.tree.source()
    }

    /// The same workflow with other leaves. `fill` sees every binding once, in the order of the file's meaning:
    /// the document's, then of each job its own, then of each step `env`, `with` and `files`.
    pub fn map<W>(self, mut fill: impl FnMut(NodeId, V) -> W) -> Workflow<W> {
        let mut bind = |bindings: Vec<Binding<V>>| -> Vec<Binding<W>> {
            let fill = &mut fill;
            bindings
                .into_iter()
                .map(|binding| Binding {
                    value: fill(binding.node, binding.value),
                    name: binding.name,
                    key: binding.key,
                    node: binding.node,
                })
                .collect()
        };
        let documents = self
            .documents
            .into_iter()
            .map(|document| Document {
                name: document.name,
                env: bind(document.env),
                jobs: document
                    .jobs
                    .into_iter()
                    .map(|job| Job {
                        id: job.id,
                        name: job.name,
                        needs: job.needs,
                        env: bind(job.env),
                        steps: job
                            .steps
                            .into_iter()
                            .map(|step| Step {
                                number: step.number,
                                script: step.script,
                                id: step.id,
                                name: step.name,
                                env: bind(step.env),
                                with: bind(step.with),
                                files: bind(step.files.into_vec()).into(),
                                run: step.run,
                                shell: step.shell,
                                working_directory: step.working_directory,
                                retry: step.retry,
                                foreign: step.foreign,
                                settings: step.settings,
                            })
                            .collect(),
                        foreign: job.foreign,
                        settings: job.settings,
                    })
                    .collect(),
                max_parallel: document.max_parallel,
                inherit_env: document.inherit_env,
                language: document.language,
                foreign: document.foreign,
            })
            .collect();
        Workflow { tree: self.tree, documents }
    }

    /// Every binding, in the order of [`Workflow::map`].
    pub fn bindings(&self) -> impl Iterator<Item = &Binding<V>> {
        self.documents.iter().flat_map(|document| {
            let jobs = document.jobs.iter().flat_map(|job| {
                let steps = job.steps.iter().flat_map(|step| step.env.iter().chain(&step.with).chain(&step.files));
                job.env.iter().chain(steps)
            });
            document.env.iter().chain(jobs)
        })
    }
}

impl<V> Step<V> {
    /// What people call it: its id, its name, or its number in the job.
    pub fn label(&self) -> String {
        let given = self.id.as_deref().or(self.name.as_deref());
        given.map_or_else(|| format!("#{}", self.number), str::to_owned)
    }

    /// All that it may be called: id, name and `#number`.
    pub fn labels(&self) -> [String; 3] {
        let number = format!("#{}", self.number);
        let or = |given: &Option<Box<str>>| given.as_deref().unwrap_or(&number).to_owned();
        [or(&self.id), or(&self.name), number.clone()]
    }
}

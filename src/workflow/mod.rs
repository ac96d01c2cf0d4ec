//! What a workflow file means: jobs with needs, steps, and what is bound to their variables.
//!
//! [`Workflow`] is one shape with a changing leaf: what stands behind a variable is a
//! [`Template`](crate::reference::Template) after reading, a plan's slots after planning, and a filled value after
//! rendering. Only a filled workflow can be run.

mod arguments;
mod bindings;
mod builder;
mod environment;
mod expression;
mod foreign;
mod foreign_key;
mod graph;
mod group;
mod interpreter;
mod invisible;
mod keys;
mod known;
mod language;
mod level;
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
mod traversal;
mod unacted;
mod unknown;
mod unseen;
mod unusable;
mod variables;

use std::sync::Arc;
use std::time::Duration;

use crate::place::StepName;
use crate::source::{Source, Span};
use crate::yaml::{NodeId, Tree};

pub use builder::{JobBuilder, StepBuilder, WorkflowBuilder};
pub use environment::{Variable, input_name};
pub(crate) use expression::EXPRESSION;
pub use foreign::{Expression, Foreign, What};
pub use foreign_key::ForeignKey;
pub(crate) use group::{Groups, Owner};
pub(crate) use interpreter::{FILE, Interpreter};
pub use language::Language;
pub use level::{Level, Reach};
pub use place::{BindingPlace, Section};
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
    pub(crate) tree: Arc<Tree>,
    pub(crate) documents: Vec<Document<V>>,
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
    /// Its documents, in order; at least one.
    pub fn documents(&self) -> &[Document<V>] {
        &self.documents
    }

    /// The file's own tree, to rewrite it and to point into it.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The file's text.
    pub fn source(&self) -> &Arc<Source> {
        self.tree.source()
    }
}

impl<V> Step<V> {
    /// What people call it: its id, its name, or its number in the job.
    pub fn label(&self) -> String {
        self.called().to_string()
    }

    /// All that it may be called.
    pub fn called(&self) -> StepName<'_> {
        StepName { id: self.id.as_deref(), name: self.name.as_deref(), number: self.number }
    }
}

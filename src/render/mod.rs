//! From values to a filled workflow, and its written forms: the only substitution.
//!
//! Rendering can't fail: every slot of a [`Resolved`] plan has its value. The writers show values masked unless they
//! are told to reveal them, and write into memory that is wiped.

mod filled;
mod github;
mod json;
mod notice;
mod variables;
mod yaml;

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use crate::plan::{Render, Run, Slot, Slots};
use crate::resolve::{Answer, Resolved, Safeguards};
use crate::secret::Secret;
use crate::source::{Source, Span};
use crate::workflow::Workflow;
use crate::yaml::NodeId;

pub use filled::{Filled, MASK};
pub use github::Inexpressible;
pub use json::json;
pub use variables::{Format, Unwritable, variables};
pub use yaml::{Unrenderable, yaml};

use github::Escapes;

/// Whether values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// `***` stands for each credential.
    Masked,
    /// The values themselves.
    Revealed,
}

/// A workflow with its values, and with what keeps them: [`Safeguards`] go wherever the values go. Only rendering makes one,
/// and nobody else can make a value of it:
///
/// ```compile_fail,E0624
/// credflow::render::Filled::plain("made up");
/// ```
#[derive(Debug, Clone)]
pub struct FilledWorkflow {
    workflow: Workflow<Filled>,
    safeguards: Safeguards,
}

impl FilledWorkflow {
    /// What no output may show, and which variables no step gets.
    pub fn safeguards(&self) -> &Safeguards {
        &self.safeguards
    }

    /// Masks one more value.
    pub fn mask(&mut self, value: Arc<Secret>) {
        self.safeguards.mask(value);
    }

    /// Withholds one more variable from the steps, and masks what it holds.
    pub fn withhold(&mut self, name: impl Into<String>) {
        self.safeguards.withhold(name.into());
    }
}

impl Deref for FilledWorkflow {
    type Target = Workflow<Filled>;

    fn deref(&self) -> &Workflow<Filled> {
        &self.workflow
    }
}

/// A workflow with the value of every reference of its file, seen by a step or not: what [`yaml()`] writes. Only a plan to
/// [`Render`] leads to one.
#[derive(Debug)]
pub struct FilledFile(FilledWorkflow, Escapes);

impl FilledFile {
    /// The file's text.
    pub fn source(&self) -> &Arc<Source> {
        self.0.source()
    }

    /// Where a node of the file stands.
    pub fn span(&self, node: NodeId) -> Span {
        self.0.tree.span(node)
    }

    /// The workflow to run, without the bindings that no step sees.
    pub fn into_workflow(self) -> FilledWorkflow {
        let FilledWorkflow { workflow, safeguards } = self.0;
        FilledWorkflow { workflow: workflow.seen(), safeguards }
    }
}

impl Resolved<Run> {
    /// Puts the values where the references stood. What no step sees isn't in the workflow.
    pub fn render(self) -> FilledWorkflow {
        filled(self)
    }
}

impl Resolved<Render> {
    /// Puts the values where the references stood, everywhere in the file.
    pub fn render(self) -> FilledFile {
        let escapes = Escapes::of(&self);
        FilledFile(filled(self), escapes)
    }
}

fn filled<P>(resolved: Resolved<P>) -> FilledWorkflow {
    let Resolved { plan, answers, safeguards, .. } = resolved;
    // A scalar that aliases bind in many places is filled once and shared.
    let mut shared: HashMap<_, Filled> = HashMap::new();
    let Ok(workflow) = plan.into_workflow().try_map(|_, binding, slots| {
        Ok::<_, Infallible>(if !slots.is_secret() {
            Filled::plain(slots.into_text())
        } else if binding.node == NodeId::NONE {
            fill(&slots, &answers)
        } else {
            shared.entry(binding.node).or_insert_with(|| fill(&slots, &answers)).clone()
        })
    });
    FilledWorkflow { workflow, safeguards }
}

fn fill(slots: &Slots, answers: &[Answer]) -> Filled {
    let (mut texts, mut masked) = (Vec::new(), String::new());
    for slot in &slots.0 {
        match slot {
            Slot::Text(text) => {
                texts.push(&**text);
                masked.push_str(text);
            }
            Slot::Value(fetch, field) => {
                let answer = &answers[fetch.index()];
                let value = field.map_or(&answer.value, |field| &answer.fields[field as usize]);
                texts.push(value.expose());
                masked.push_str(MASK);
            }
        }
    }
    Filled::secret(Secret::concat(texts), masked)
}

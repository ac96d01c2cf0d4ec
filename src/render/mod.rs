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
use std::sync::Arc;

use crate::plan::{Render, Run, Slot, Slots};
use crate::resolve::{Answer, Resolved};
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

/// A workflow with the value of every reference of its file, seen by a step or not: what [`yaml()`] writes. Only a plan to
/// [`Render`] leads to one.
#[derive(Debug)]
pub struct FilledFile(Workflow<Filled>, Escapes);

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
    pub fn into_workflow(self) -> Workflow<Filled> {
        self.0.seen()
    }
}

impl Resolved<Run> {
    /// Puts the values where the references stood. What no step sees isn't in the workflow.
    pub fn render(self) -> Workflow<Filled> {
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

fn filled<P>(resolved: Resolved<P>) -> Workflow<Filled> {
    let answers = resolved.answers;
    // A scalar that aliases bind in many places is filled once and shared.
    let mut shared: HashMap<_, Filled> = HashMap::new();
    resolved.plan.into_workflow().map(|node, slots| {
        if !slots.is_secret() {
            return Filled::plain(slots.into_text());
        }
        if node == NodeId::NONE {
            return fill(&slots, &answers);
        }
        shared.entry(node).or_insert_with(|| fill(&slots, &answers)).clone()
    })
}

fn fill(slots: &Slots, answers: &[Answer]) -> Filled {
    let (mut texts, mut masked, mut parts) = (Vec::new(), String::new(), Vec::new());
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
                parts.push(Arc::clone(value));
                if field.is_some() {
                    // The whole value must not be shown either.
                    parts.push(Arc::clone(&answer.value));
                }
            }
        }
    }
    Filled::secret(Secret::concat(texts), masked, parts)
}

//! Values in a file that GitHub reads, where `${{` begins an expression.

use std::collections::HashMap;

use crate::plan::{Plan, Render, Slot, Slots};
use crate::resolve::{Answer, Resolved};
use crate::secret::Secret;
use crate::workflow::{Binding, Document, EXPRESSION, Language};
use crate::yaml::NodeId;

/// The longest expression that GitHub takes, in UTF-16 units.
const LONGEST: usize = 21_000;

/// The scalars of a file that GitHub would read otherwise than they are meant.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    /// What to write in their place: each value that would begin an expression is the literal of one.
    pub(super) escaped: HashMap<NodeId, Secret>,
    /// Those for which nothing can be written.
    pub(super) refused: Vec<Inexpressible>,
}

/// A value that can't be written where its reference stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value of {secret} can't be written here: it has `${{{{`, and as a literal of GitHub's it makes an expression of more than \
     {LONGEST} characters"
)]
pub struct Inexpressible {
    /// The secret, by its store and name.
    pub secret: String,
    /// The scalar.
    pub node: NodeId,
}

impl Escapes {
    /// Those of all documents that are GitHub's.
    pub(super) fn of(resolved: &Resolved<Render>) -> Self {
        let mut escapes = Self::default();
        let documents = resolved.plan.workflow().documents.iter();
        for binding in documents.filter(|document| document.language == Language::GitHub).flat_map(bindings) {
            if !binding.value.is_secret() || escapes.escaped.contains_key(&binding.node) {
                continue;
            }
            match escape(&binding.value, &resolved.answers) {
                Ok(None) => {}
                Ok(Some(text)) => _ = escapes.escaped.insert(binding.node, text),
                Err(slot) => {
                    let secret = named(&resolved.plan, slot);
                    escapes.refused.push(Inexpressible { secret, node: binding.node });
                }
            }
        }
        escapes
    }
}

fn bindings<V>(document: &Document<V>) -> impl Iterator<Item = &Binding<V>> {
    let jobs = document.jobs.iter().flat_map(|job| {
        job.env.iter().chain(job.steps.iter().flat_map(|step| step.env.iter().chain(&step.with).chain(&step.files)))
    });
    document.env.iter().chain(jobs)
}

fn named(plan: &Plan<Render>, slot: &Slot) -> String {
    let Slot::Value(id, _) = slot else { return String::new() };
    let fetch = &plan.fetches()[id.index()];
    format!("{}/{}", plan.store(fetch).name, fetch.secret)
}

/// The text of a scalar in which no value begins an expression, or takes part in the beginning of one, if it isn't the plain
/// text already; the first value that needs an escape when the escapes make it too long.
fn escape<'s>(slots: &'s Slots, answers: &[Answer]) -> Result<Option<Secret>, &'s Slot> {
    let text = |slot: &'s Slot| match slot {
        Slot::Text(text) => &**text,
        Slot::Value(fetch, field) => {
            let answer = &answers[fetch.index()];
            field.map_or(&answer.value, |field| &answer.fields[field as usize]).expose()
        }
    };
    let texts: Vec<&str> = slots.0.iter().map(text).collect();
    let plain = Secret::concat(texts.iter().copied());
    let begins: Vec<usize> = memchr::memmem::find_iter(plain.expose().as_bytes(), EXPRESSION).collect();
    let (mut at, mut first) = (0, None);
    let mut parts: Vec<&str> = Vec::with_capacity(texts.len());
    for (slot, text) in slots.0.iter().zip(texts) {
        let (start, end) = (at, at + text.len());
        at = end;
        // An empty value may join what stands around it.
        let takes_part = |begin: &usize| start < begin + EXPRESSION.len() && end > *begin;
        if matches!(slot, Slot::Text(_)) || !begins.iter().any(takes_part) {
            parts.push(text);
            continue;
        }
        first.get_or_insert(slot);
        parts.push("${{ '");
        for (index, part) in text.split('\'').enumerate() {
            parts.extend((index > 0).then_some("''"));
            parts.push(part);
        }
        parts.push("' }}");
    }
    let Some(first) = first else { return Ok(None) };
    // Text around an expression becomes one with it, with its quotes and braces doubled.
    let length: usize = parts.iter().map(|part| part.encode_utf16().count()).sum();
    let doubled: usize = parts.iter().map(|part| part.matches(['\'', '{', '}']).count()).sum();
    if length + doubled + LONGEST_CALL > LONGEST { Err(first) } else { Ok(Some(Secret::concat(parts))) }
}

/// Room for the call that joins texts and expressions.
const LONGEST_CALL: usize = 100;

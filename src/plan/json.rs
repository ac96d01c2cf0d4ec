//! A plan for programs. The same plan gives the same bytes.

use serde::Serialize;

use super::Plan;
use crate::place::StepName;
use crate::reference::EnvironmentName;

/// The plan as data: what [`write()`] writes.
#[derive(Serialize)]
pub struct Document<'p> {
    workflow: &'p str,
    /// The configuration's environment, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'p str>,
    fetches: Vec<Fetch<'p>>,
}

#[derive(Serialize)]
struct Fetch<'p> {
    store: &'p str,
    /// The store's provider, unless that is Azure Key Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'p str>,
    secret: &'p str,
    version: Option<String>,
    uses: Vec<Use<'p>>,
}

#[derive(Serialize)]
struct Use<'p> {
    /// The document's place in the file, from 1, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<usize>,
    job: Option<&'p str>,
    step: Option<StepName<'p>>,
    key: &'p str,
    pointer: Option<&'p str>,
    /// The jobs and steps below that override it, and don't see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overridden_in: Vec<String>,
    line: usize,
    column: usize,
}

/// The plan as data. `workflow` is the name of the first document.
pub fn document<P>(plan: &Plan<P>) -> Document<'_> {
    let source = plan.source();
    let fetches = plan.fetches().iter().map(|fetch| Fetch {
        store: plan.store(fetch).name.as_str(),
        provider: plan.store(fetch).own_provider(),
        secret: fetch.secret.as_str(),
        version: fetch.version.map(|version| version.to_string()),
        uses: fetch
            .uses
            .iter()
            .map(|used| {
                let named = used.place.named(plan.workflow());
                let place = source.place(used.span.start);
                let documents = plan.workflow().documents.len();
                Use {
                    document: (documents > 1).then_some(used.place.document as usize + 1),
                    job: named.job,
                    step: named.step,
                    key: &used.place.binding(plan.workflow()).name,
                    pointer: used.field.map(|field| fetch.fields[field as usize].as_str()),
                    overridden_in: plan.overridden_in(used.place).collect(),
                    line: place.line,
                    column: place.column,
                }
            })
            .collect(),
    });
    Document {
        workflow: plan.workflow().documents.first().map_or("", |document| &document.name),
        environment: plan.environment().map(EnvironmentName::as_str),
        fetches: fetches.collect(),
    }
}

/// The plan as JSON, with a line break at its end.
pub fn write<P>(plan: &Plan<P>) -> String {
    let mut out = serde_json::to_string_pretty(&document(plan)).expect("internal error: a plan is plain JSON");
    out.push('\n');
    out
}

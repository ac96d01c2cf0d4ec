//! A plan as YAML: the members of the JSON form. The same plan gives the same bytes.

use std::fmt::Write;

use super::Plan;
use crate::yaml::quoted;

/// The plan as YAML. Texts are quoted, so that none is taken for a number.
pub fn write<P>(plan: &Plan<P>) -> String {
    let source = plan.source();
    let name = plan.workflow().documents.first().map_or("", |document| &document.name);
    let mut out = format!("workflow: {}\n", *quoted(name));
    if let Some(environment) = plan.environment() {
        let _ = writeln!(out, "environment: {}", *quoted(environment.as_str()));
    }
    out.push_str(if plan.fetches().is_empty() { "fetches: []\n" } else { "fetches:\n" });
    for fetch in plan.fetches() {
        let store = plan.store(fetch);
        let text = |value: Option<String>| value.map_or_else(|| "null".to_owned(), |value| quoted(&value).to_string());
        let _ = writeln!(out, "  - store: {}", *quoted(store.name.as_str()));
        if let Some(provider) = store.own_provider() {
            let _ = writeln!(out, "    provider: {}", *quoted(provider));
        }
        let _ = writeln!(out, "    secret: {}", *quoted(fetch.secret.as_str()));
        let _ = writeln!(out, "    version: {}", text(fetch.version.map(|version| version.to_string())));
        let _ = writeln!(out, "    uses:");
        for used in &fetch.uses {
            let named = used.place.named(plan.workflow());
            let place = source.place(used.span.start);
            let pointer = used.field.map(|field| fetch.fields[field as usize].to_string());
            let _ = writeln!(out, "      - job: {}", text(named.job.map(str::to_owned)));
            let _ = writeln!(out, "        step: {}", text(named.step.map(|step| step.to_string())));
            let _ = writeln!(out, "        key: {}", *quoted(&used.place.binding(plan.workflow()).name));
            let _ = writeln!(out, "        pointer: {}", text(pointer));
            let overriding: Vec<String> = plan.overridden_in(used.place).map(|by| quoted(&by).to_string()).collect();
            if !overriding.is_empty() {
                let _ = writeln!(out, "        overridden_in: [{}]", overriding.join(", "));
            }
            let _ = writeln!(out, "        line: {}\n        column: {}", place.line, place.column);
        }
    }
    out
}

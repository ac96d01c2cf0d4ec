//! A configuration that would do for a workflow that has none.

use std::fmt::Write;

use crate::reference::{Reference, Target, Template};
use crate::workflow::Workflow;

/// So many stores and credentials are shown, so that the example can be read.
const MOST: usize = 5;

/// The stores and credentials that the references name, as lines of a `credflow.yaml`. Whoever is logged in to the Azure
/// CLI can use it as it is.
pub(super) fn example(workflow: &Workflow<Template>) -> String {
    let (mut stores, mut names): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for binding in workflow.bindings() {
        for (Reference { target, .. }, _) in binding.value.references() {
            match target {
                Target::Secret { store, .. } => add(&mut stores, store.as_str()),
                Target::Named(name) => add(&mut names, name.as_str()),
            }
        }
    }
    if stores.is_empty() {
        stores.push("main");
    }
    let mut out = String::from("stores:\n");
    for store in &stores {
        let host = as_name(store);
        let _ = writeln!(out, "  {store}:\n    vault-url: https://{host}.vault.azure.net\n    identity: azure-cli");
    }
    if !names.is_empty() {
        out.push_str("credentials:\n");
    }
    for name in names {
        let (store, secret) = (stores[0], as_name(name));
        let _ = writeln!(out, "  {name}: {{ store: {store}, secret-name: {secret} }}");
    }
    out
}

fn add<'w>(list: &mut Vec<&'w str>, name: &'w str) {
    if list.len() < MOST && !list.contains(&name) {
        list.push(name);
    }
}

/// A name as vaults and secrets have it.
fn as_name(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let name = name.trim_matches('-').to_ascii_lowercase();
    if name.is_empty() { "name".to_owned() } else { name }
}

//! The faults of one input in several environments.

use std::collections::BTreeMap;

use super::Diagnostics;

/// Each fault once, with the names of the environments that have it unless all have. What is `known` is told already.
pub(crate) fn together(found: &[(&str, Diagnostics)], known: &Diagnostics) -> Diagnostics {
    let mut faults = BTreeMap::new();
    for (name, fault) in found.iter().flat_map(|(name, faults)| faults.iter().map(move |fault| (*name, fault))) {
        let (_, names) = faults.entry(fault.rank()).or_insert_with(|| (fault, Vec::new()));
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    for fault in known {
        faults.remove(&fault.rank());
    }
    let mut together = Diagnostics::new();
    together.extend(faults.into_values().map(|(fault, names)| {
        let mut fault = fault.clone();
        if names.len() < found.len() {
            let noun = if names.len() == 1 { "environment" } else { "environments" };
            fault.message = format!("{} ({noun} `{}`)", fault.message, names.join("`, `"));
        }
        fault
    }));
    together
}

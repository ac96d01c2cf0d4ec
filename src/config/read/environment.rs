//! The environments of `credflow.yaml`: each is read as the stores that it makes.

use std::collections::{HashMap, HashSet};

use super::properties::{Meant, Properties};
use super::registered::Registered;
use super::store::{base, is_incomplete, store};
use super::{named, optional};
use crate::config::{Environment, Store, StoreProof};
use crate::diagnostic::{Code, Diagnostics, nearest, together};
use crate::reference::{EnvironmentName, StoreName};
use crate::yaml::{Entry, NodeId, Reader, Tree};

/// The most environments of a configuration: each has all stores.
const MOST: usize = 100;

/// What an environment has over the stores.
pub(super) struct Overrides {
    name: EnvironmentName,
    stores: Vec<Properties>,
}

/// The environments as they are written.
pub(super) fn overrides(reader: &mut Reader<'_>, node: NodeId) -> Vec<Overrides> {
    let entries = optional(reader, node, "environments");
    if let Some(first) = entries.get(MOST) {
        let message = format!("there are more than {MOST} environments");
        reader.fault(Code::WrongValue, first.key, message, "", "use fewer, or several configurations");
    }
    entries.into_iter().take(MOST).filter_map(|entry| one(reader, entry)).collect()
}

fn one(reader: &mut Reader<'_>, entry: Entry) -> Option<Overrides> {
    let name = named(reader, entry, "environment")?;
    let mut stores = Vec::new();
    for entry in optional(reader, entry.value, &name) {
        match reader.key(entry) {
            Some("stores") => {
                let entries = optional(reader, entry.value, "stores");
                stores.extend(entries.into_iter().filter_map(|entry| Properties::read(reader, entry)));
            }
            Some(_) => reader.unknown(entry.key, &["stores"], true),
            None => {}
        }
    }
    Some(Overrides { name: name.parse().ok()?, stores })
}

/// The names of the stores that environments have.
pub(super) fn names(all: &[Overrides]) -> impl Iterator<Item = String> {
    all.iter().flat_map(|overrides| &overrides.stores).map(|store| store.name.to_string())
}

/// The environments with their stores, and how all stores prove who asks. A fault that not each environment has is told
/// with the names of those that have it.
pub(super) fn environments(
    reader: &mut Reader<'_>,
    below: &[Properties],
    all: &[Overrides],
    registered: Registered<'_>,
) -> (Vec<Environment>, Vec<StoreProof>) {
    let mut over_of: HashMap<&StoreName, Vec<&Properties>> = HashMap::new();
    for properties in all.iter().flat_map(|overrides| &overrides.stores) {
        over_of.entry(&properties.name).or_default().push(properties);
    }
    let mut proofs = Vec::new();
    for properties in below {
        let over = over_of.get(&properties.name).map_or(&[][..], Vec::as_slice);
        proofs.extend(base(reader, properties, over, registered));
    }
    let is_everywhere =
        |name: &StoreName| all.len() > 1 && over_of.get(name).is_some_and(|over| over.len() == all.len());
    let (mut environments, mut found): (Vec<Environment>, Vec<(&str, Diagnostics)>) = (Vec::new(), Vec::new());
    for overrides in all {
        // What one environment was told of is to be told of the next as well.
        let mut reader = Reader::new(reader.tree);
        let effective = effective(reader.tree, below, overrides, registered, is_everywhere);
        let stores: Vec<Store> =
            effective.iter().filter_map(|properties| store(&mut reader, properties, registered)).collect();
        let others = stores.iter().filter(|store| over_of.contains_key(&store.name));
        proofs.extend(others.map(|store| StoreProof::of(&store.kind)));
        environments.push(Environment { name: overrides.name.clone(), stores });
        found.push((overrides.name.as_str(), reader.faults));
    }
    let faults = together(&found, &reader.faults);
    reader.faults.extend(faults);
    (environments, proofs)
}

/// The properties of an environment's stores: those below in their order, with its own over them; then those that it alone
/// has.
fn effective(
    tree: &Tree,
    below: &[Properties],
    overrides: &Overrides,
    registered: Registered<'_>,
    is_everywhere: impl Fn(&StoreName) -> bool,
) -> Vec<Properties> {
    let over: HashMap<&StoreName, &Properties> = overrides.stores.iter().map(|over| (&over.name, over)).collect();
    let known: HashSet<&StoreName> = below.iter().map(|properties| &properties.name).collect();
    let mut together: Vec<Properties> = below
        .iter()
        .map(|properties| match over.get(&properties.name) {
            Some(over) => properties.overridden(over, tree),
            None => properties.clone(),
        })
        .collect();
    let untouched: Vec<&str> =
        below.iter().map(|it| &it.name).filter(|it| !over.contains_key(it)).map(StoreName::as_str).collect();
    for own in overrides.stores.iter().filter(|own| !known.contains(&own.name)) {
        let meant = nearest(own.name.as_str(), untouched.iter().copied()).filter(|_| !is_everywhere(&own.name));
        let meant = meant.and_then(|meant| together.iter_mut().find(|it| it.name.as_str() == meant));
        let meant = meant.map(|meant| {
            meant.is_misspelt |= is_incomplete(tree, meant, registered);
            Meant { name: meant.name.clone(), is_incomplete: meant.is_misspelt }
        });
        together.push(Properties { meant, ..own.clone() });
    }
    together
}

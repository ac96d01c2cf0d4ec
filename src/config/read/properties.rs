//! The properties of a store as they are written: in one mapping, or with those of an environment over them.

use std::collections::HashSet;

use super::{identity, named};
use crate::reference::StoreName;
use crate::yaml::{Entry, Kind, NodeId, Reader, Tree};

/// A store's name and entries.
#[derive(Clone)]
pub(super) struct Properties {
    pub(super) name: StoreName,
    /// Where the name is.
    pub(super) key: NodeId,
    pub(super) entries: Vec<Entry>,
    /// Something else was told already.
    pub(super) is_mapping: bool,
    /// Whether an environment names another kind of identity than the one below it.
    pub(super) has_new_identity: bool,
    /// The store that was probably meant, where an environment alone has one of this name.
    pub(super) meant: Option<Meant>,
    /// Whether what it lacks probably stands below another name, which is told.
    pub(super) is_misspelt: bool,
}

/// The store that was probably meant.
#[derive(Clone)]
pub(super) struct Meant {
    pub(super) name: StoreName,
    /// Whether it isn't whole without what stands below the other name.
    pub(super) is_incomplete: bool,
}

impl Properties {
    pub(super) fn read(reader: &mut Reader<'_>, entry: Entry) -> Option<Self> {
        let name = named(reader, entry, "store")?;
        let is_mapping = reader.tree.kind(entry.value) == Kind::Mapping;
        let entries = reader.entries(entry.value, &name);
        Some(Self {
            name: name.parse().ok()?,
            key: entry.key,
            entries,
            is_mapping,
            has_new_identity: false,
            meant: None,
            is_misspelt: false,
        })
    }

    /// The same with the properties of an environment over them, key by key. Another kind of identity replaces the whole
    /// identity: half of one is of no use to another, and a client id may be somebody else's there. Where no kind was told
    /// below, what the new one takes stays.
    pub(super) fn overridden(&self, over: &Self, tree: &Tree) -> Self {
        let text = |entry: &Entry| tree.text(tree.resolve(entry.key));
        let over_keys: HashSet<&str> = over.entries.iter().filter_map(text).collect();
        let kinds = (identity::kind(tree, &self.entries), identity::kind(tree, &over.entries));
        let has_new_identity = matches!(kinds, (Some(base), Some(over)) if base != over);
        let is_useless = |key: &str| match kinds {
            (Some(_), _) | (_, None) => has_new_identity && identity::KEYS.contains(&key),
            (None, Some(kind)) => identity::has_no_use(key, kind),
        };
        let is_gone = |key: &str| over_keys.contains(key) || is_useless(key);
        let kept = self.entries.iter().filter(|entry| !text(entry).is_some_and(is_gone));
        let entries = kept.chain(&over.entries).copied().collect();
        Self { entries, is_mapping: self.is_mapping && over.is_mapping, has_new_identity, ..over.clone() }
    }
}

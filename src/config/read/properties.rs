//! The properties of a store as they are written: in one mapping, or with those of an environment over them.

use std::collections::HashSet;

use super::{identity, named};
use crate::config::AZURE_KEY_VAULT;
use crate::diagnostic::{Code, Diagnostic};
use crate::reference::StoreName;
use crate::yaml::{Entry, Kind, NodeId, Reader, Tree, listed};

/// The keys that the stores of all providers have.
pub(super) const COMMON: &[&str] = &["provider", "max-concurrency", "timeout", "enforce-validity"];

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
    /// below, what the new one takes stays. Another provider replaces all that isn't every provider's.
    pub(super) fn overridden(&self, over: &Self, tree: &Tree) -> Self {
        let text = |entry: &Entry| tree.text(tree.resolve(entry.key));
        let over_keys: HashSet<&str> = over.entries.iter().filter_map(text).collect();
        let kinds = (identity::kind(tree, &self.entries), identity::kind(tree, &over.entries));
        let named = |properties: &Self| properties.find(tree, "provider").and_then(|entry| tree.text(entry.value));
        let provider = named(over).or(named(self)).unwrap_or(AZURE_KEY_VAULT);
        let is_moved = provider != named(self).unwrap_or(AZURE_KEY_VAULT);
        let is_azure = provider == AZURE_KEY_VAULT;
        let has_new_identity = is_azure && matches!(kinds, (Some(base), Some(over)) if base != over);
        let is_useless = |key: &str| match kinds {
            (Some(_), _) | (_, None) => has_new_identity && identity::KEYS.contains(&key),
            (None, Some(kind)) => is_azure && identity::has_no_use(key, kind),
        };
        let is_others = |key: &str| is_moved && !COMMON.contains(&key);
        let is_gone = |key: &str| over_keys.contains(key) || is_others(key) || is_useless(key);
        let kept = self.entries.iter().filter(|entry| !text(entry).is_some_and(is_gone));
        let entries = kept.chain(&over.entries).copied().collect();
        Self { entries, is_mapping: self.is_mapping && over.is_mapping, has_new_identity, ..over.clone() }
    }

    /// The entry of a key.
    pub(super) fn find(&self, tree: &Tree, key: &str) -> Option<Entry> {
        self.entries.iter().find(|entry| tree.text(tree.resolve(entry.key)) == Some(key)).copied()
    }

    /// Complains of keys that a store must have; of its name, where that is probably what is wrong.
    pub(super) fn complain_of_missing(&self, reader: &mut Reader<'_>, missing: &[&str], help: &str) {
        match &self.meant {
            _ if !self.is_mapping || self.is_misspelt => {}
            Some(meant) => self.misnamed(reader, meant, missing),
            None if missing.is_empty() => {}
            None => {
                let message = format!("the store `{}` has no {}", self.name, listed(missing));
                let help = if self.has_new_identity {
                    "another kind of identity replaces the whole identity of `stores`; say all of it here"
                } else {
                    help
                };
                reader.fault(Code::MissingKey, self.key, message, "", help);
            }
        }
    }

    /// Complains of a store that an environment alone has, and whose name is nearly that of another one.
    fn misnamed(&self, reader: &mut Reader<'_>, meant: &Meant, missing: &[&str]) {
        let (name, Meant { name: meant, is_incomplete }) = (&self.name, meant);
        if missing.is_empty() && !is_incomplete {
            let message = format!("the store `{name}` is not in `stores`, and not in each environment");
            let span = reader.tree.span(self.key);
            let warning = Diagnostic::warning(Code::UnknownStore, message).at(reader.tree.source(), span, "");
            let help = format!("did you mean `{meant}`? It keeps its properties of `stores` here");
            return reader.faults.push(warning.help(help));
        }
        let message = format!("no store is named `{name}`");
        let help = match missing {
            [] => format!("did you mean `{meant}`? It lacks properties that stand here"),
            missing => format!("did you mean `{meant}`? A new one needs {} as well", listed(missing)),
        };
        reader.fault(Code::UnknownStore, self.key, message, "", &help);
    }
}

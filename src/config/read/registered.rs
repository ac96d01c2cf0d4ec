//! The providers that a configuration may name, and the keys of their stores.

use std::collections::HashSet;
use std::sync::Arc;

use super::properties::{COMMON, Properties};
use super::text::text;
use crate::config::{AZURE_KEY_VAULT, StoreSchema};
use crate::diagnostic::{Code, nearest};
use crate::yaml::{Entry, Reader, listed, shorten};

/// The keys of Azure's stores beside those of all.
pub(super) const AZURE_KEYS: &[&str] = &[
    "vault-url",
    "tenant-id",
    "client-id",
    "client-secret",
    "azure-resource",
    "grant-type",
    "api-version",
    "authority",
    "identity",
    "client-certificate",
    "token-file",
    "ca-file",
    "allow-custom-domain",
];

/// The providers beside Azure's.
#[derive(Clone, Copy)]
pub(super) struct Registered<'s>(&'s [Arc<dyn StoreSchema>]);

/// Whose a store is.
#[derive(Clone, Copy)]
pub(super) enum StoreProvider<'s> {
    Azure,
    Own(&'s dyn StoreSchema),
}

impl<'s> Registered<'s> {
    /// These, each of a name of its own.
    pub(super) fn new(schemas: &'s [Arc<dyn StoreSchema>]) -> Self {
        let mut names = HashSet::from([AZURE_KEY_VAULT]);
        for schema in schemas {
            let name = schema.provider();
            assert!(names.insert(name), "the provider `{name}` has two schemas; Azure's is built in");
        }
        Self(schemas)
    }

    /// The provider that a store names, Azure's without one. Nothing, with a complaint, for one that isn't known.
    pub(super) fn choose(self, reader: &mut Reader<'_>, properties: &Properties) -> Option<StoreProvider<'s>> {
        let Some(entry) = properties.find(reader.tree, "provider") else { return Some(StoreProvider::Azure) };
        let name = text(reader, entry.value, "provider")?;
        if let Some(chosen) = self.named(name) {
            return Some(chosen);
        }
        let names: Vec<&str> = self.names().collect();
        let meant = nearest(name, names.iter().copied());
        let help = match meant {
            Some(meant) => format!("write `provider: {meant}`"),
            None if self.0.is_empty() => {
                format!("leave it out, or write `provider: {AZURE_KEY_VAULT}`, the only one there is")
            }
            None => format!("it is one of {}", listed(&names)),
        };
        let message = format!("no provider is named `{}`", shorten(name));
        reader.fault(Code::WrongValue, entry.value, message, "", &help);
        // With one provider alone the other keys can only be that one's.
        let only = self.0.is_empty().then_some(StoreProvider::Azure);
        meant.and_then(|meant| self.named(meant)).or(only)
    }

    fn named(self, name: &str) -> Option<StoreProvider<'s>> {
        if name == AZURE_KEY_VAULT {
            return Some(StoreProvider::Azure);
        }
        self.0.iter().find(|schema| schema.provider() == name).map(|schema| StoreProvider::Own(&**schema))
    }

    fn names(self) -> impl Iterator<Item = &'s str> {
        std::iter::once(AZURE_KEY_VAULT).chain(self.0.iter().map(|schema| schema.provider()))
    }

    /// The keys of a provider's stores beside those of all.
    fn keys(self, provider: &str) -> Vec<&'s str> {
        match self.named(provider) {
            Some(StoreProvider::Own(schema)) => [schema.required_keys(), schema.optional_keys()].concat(),
            _ => AZURE_KEYS.to_vec(),
        }
    }

    /// Complains of a key that the stores of a provider don't have: by name, if it is another provider's.
    pub(super) fn unknown_key(self, reader: &mut Reader<'_>, entry: Entry, provider: &str) {
        let name = reader.tree.text(reader.tree.resolve(entry.key)).unwrap_or_default();
        let owner = self.names().find(|&other| other != provider && self.keys(other).contains(&name));
        let Some(owner) = owner else {
            let known = [COMMON, &*self.keys(provider)].concat();
            return reader.unknown(entry.key, &known, true);
        };
        if reader.judge(entry.key) {
            let message = format!("`{name}` is a key of the provider `{owner}`, and the store is of `{provider}`");
            let help = format!("remove it, or write `provider: {owner}`");
            reader.fault(Code::UnknownKey, entry.key, message, "", &help);
        }
    }
}

//! From `credflow.yaml` to a configuration, with every fault that is in it.

mod azure;
mod credential;
mod environment;
mod identity;
mod own;
mod properties;
mod property;
mod registered;
mod store;
mod text;

use std::path::Path;
use std::sync::Arc;

use super::{Config, StoreSchema, is_guid};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::source::Source;
use crate::yaml::{Entry, NodeId, Reader, Tree};

use credential::credential;
pub use property::PropertyReader;

use properties::Properties;
use registered::Registered;
use store::store;
use text::text;

impl Config {
    /// Reads a configuration file, and gives its warnings beside it. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// When it can't be read, and all faults that are in it.
    pub fn read(path: &Path) -> Result<(Self, Diagnostics), Diagnostics> {
        Self::read_with(path, &[])
    }

    /// Reads a configuration file whose stores may be of these providers as well.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with(path: &Path, schemas: &[Arc<dyn StoreSchema>]) -> Result<(Self, Diagnostics), Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        Self::parse_with(&source, schemas)
    }

    /// Reads a configuration; its source should be a [private](Source::private) one.
    ///
    /// # Errors
    /// All faults that are in it.
    pub fn parse(source: &Arc<Source>) -> Result<(Self, Diagnostics), Diagnostics> {
        Self::parse_with(source, &[])
    }

    /// Reads a configuration whose stores may be of these providers as well.
    ///
    /// # Errors
    /// All faults that are in it.
    ///
    /// # Panics
    /// When two of the schemas have one provider's name, or one has Azure's ([`AZURE_KEY_VAULT`](super::AZURE_KEY_VAULT)).
    pub fn parse_with(
        source: &Arc<Source>,
        schemas: &[Arc<dyn StoreSchema>],
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let registered = Registered::new(schemas);
        let (tree, faults) = Tree::read_partly(source);
        let Some(tree) = tree else { return Err(faults) };
        let mut reader = Reader::new(&tree);
        reader.faults = faults;
        let config = config(&mut reader, registered);
        reader.faults.finish(Some(config))
    }
}

/// The keys at the top.
const SECTIONS: [&str; 3] = ["stores", "credentials", "environments"];

fn config(reader: &mut Reader<'_>, registered: Registered<'_>) -> Config {
    let mut config = Config::default();
    let documents = reader.tree.documents();
    if let Some(&second) = documents.get(1) {
        let help = "delete the `---` before it, and put its stores below the first `stores:`";
        reader.fault(Code::WrongType, second, "a configuration is one document", "", help);
    }
    let root = documents.first().copied().filter(|&root| !reader.tree.is_null(root));
    let Some(root) = root else {
        let message = format!("{} is empty", reader.tree.source().name());
        let help = "a configuration has `stores`, and maybe `credentials`; one store needs a `vault-url` at least";
        reader.faults.push(Diagnostic::error(Code::EmptyFile, message).help(help));
        return config;
    };
    let entries = reader.entries(root, "configuration");
    for entry in &entries {
        if reader.key(*entry).is_some_and(|key| !SECTIONS.contains(&key)) {
            reader.unknown(entry.key, &SECTIONS, true);
        }
    }
    let (mut stores, mut names) = (Vec::new(), Vec::new());
    if let Some(node) = section(reader, &entries, "stores") {
        for entry in reader.entries(node, "stores") {
            // Names of stores with faults of their own are names all the same.
            names.extend(reader.tree.text(entry.key).map(str::to_owned));
            stores.extend(Properties::read(reader, entry));
        }
    }
    let overrides = section(reader, &entries, "environments");
    let overrides = overrides.map_or_else(Vec::new, |node| environment::overrides(reader, node));
    if overrides.is_empty() {
        config.stores = stores.iter().filter_map(|properties| store(reader, properties, registered)).collect();
    } else {
        let (environments, proofs) = environment::environments(reader, &stores, &overrides, registered);
        (config.environments, config.below) = (environments.into(), proofs.into());
    }
    names.extend(environment::names(&overrides));
    if let Some(node) = section(reader, &entries, "credentials") {
        for entry in optional(reader, node, "credentials") {
            config.credentials.extend(credential(reader, entry, &names));
        }
    }
    config
}

/// What stands under a key. A misspelt key is told as such and read as what it was meant as: what depends on it is no
/// fault of its own.
fn section(reader: &Reader<'_>, entries: &[Entry], key: &str) -> Option<NodeId> {
    let text = |entry: &&Entry| reader.tree.text(reader.tree.resolve(entry.key)).unwrap_or_default();
    let exact = entries.iter().find(|entry| text(entry) == key);
    let is_meant = |entry: &&Entry| !SECTIONS.contains(&text(entry)) && nearest(text(entry), SECTIONS) == Some(key);
    exact.or_else(|| entries.iter().find(is_meant)).map(|entry| entry.value)
}

/// The entries of a mapping that may be left empty.
fn optional(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Vec<Entry> {
    if reader.tree.is_null(node) { Vec::new() } else { reader.entries(node, key) }
}

/// The key of an entry as a name of a store, credential or environment.
fn named<'t>(reader: &mut Reader<'t>, entry: Entry, what: &str) -> Option<std::borrow::Cow<'t, str>> {
    let name = reader.key(entry)?;
    if let Err(error) = name.parse::<crate::reference::StoreName>() {
        let help = "names have letters, digits, `-`, `_` and `.`";
        reader.fault(Code::WrongValue, entry.key, format!("the {what}'s name {error}"), "", help);
        return None;
    }
    Some(name.into())
}

/// An id, or a tenant's domain: it becomes part of an address. Entra ID's are ids (GUIDs) or domains; an authority of one's
/// own has others.
fn identifier(reader: &mut Reader<'_>, node: NodeId, key: &str, is_entra: bool) -> Option<String> {
    let text = text(reader, node, key)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_plain = text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let is_guid = is_guid(text);
    let is_domain = key == "tenant-id" && text.split('.').count() > 1 && !text.split('.').any(str::is_empty);
    let is_nobody = is_guid && text.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    let wrong = match key {
        _ if is_nobody => "is the id of nobody, all zeros",
        _ if !is_plain => "has a character that an id can't have",
        _ if !is_entra || is_guid || is_domain => return Some(text.to_owned()),
        "tenant-id" => "is neither the id nor a domain of a tenant",
        _ => "is not an id",
    };
    let help = match key {
        "tenant-id" => {
            "it is an id like 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90, or a domain like contoso.onmicrosoft.com"
        }
        _ => "it is an id like 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90; Azure calls it the application (client) id",
    };
    reader.fault(Code::WrongValue, node, format!("`{key}` {wrong}"), "", help);
    None
}

//! `vaults.yaml`: what vaults hold. At the top the vaults, in each its secrets, for each a value or its versions.

use std::path::Path;
use std::sync::Arc;

use super::vault::{Vault, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::{SecretName, StoreName};
use crate::secret::Secret;
use crate::source::Source;
use crate::yaml::{Entry, Kind, NodeId, Reader, Tree};

/// The longest value, in bytes (25 KB, as Microsoft documents for Key Vault).
pub const MAX_VALUE: usize = 25_600;

/// The keys of a version.
const KEYS: &[&str] = &["value", "version", "enabled", "content-type", "not-before", "expires"];

impl Vault {
    /// Reads vaults from a file.
    ///
    /// # Errors
    /// When it can't be read, and all faults that are in it.
    pub fn read(path: &Path) -> Result<Vec<Self>, Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        Self::parse(&source)
    }

    /// Reads vaults from a text; its source should be a [private](Source::private) one.
    ///
    /// ```
    /// use credflow::emulator::Vault;
    /// use credflow::source::Source;
    ///
    /// let seed = Source::private("vaults.yaml", "
    /// payments:
    ///   db-password: hunter2
    ///   signing-key:
    ///     - { version: 0f1e2d3c4b5a69788796a5b4c3d2e1f0, value: old }
    ///     - new
    /// ");
    /// let vaults = Vault::parse(&seed)?;
    /// assert_eq!(vaults[0].len(), 2);
    /// # Ok::<(), credflow::diagnostic::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// All faults that are in it.
    pub fn parse(source: &Arc<Source>) -> Result<Vec<Self>, Diagnostics> {
        let tree = Tree::read(source)?;
        let mut reader = Reader::new(&tree);
        let mut vaults = Vec::new();
        match tree.documents().first() {
            Some(&root) if !tree.is_null(root) => {
                for entry in reader.entries(root, "vaults") {
                    let Some(vault) = vault(&mut reader, entry) else { continue };
                    if vaults.iter().any(|other: &Self| other.name() == vault.name()) {
                        let message = format!("the vault `{}` stands twice", vault.name());
                        let help = "case doesn't tell names apart";
                        reader.fault(Code::DuplicateKey, entry.key, message, "", help);
                    }
                    vaults.push(vault);
                }
            }
            _ => {
                let message = format!("{} is empty", source.name());
                let help = "it holds vaults, in each its secrets: `payments: { db-password: hunter2 }`";
                reader.faults.push(Diagnostic::error(Code::EmptyFile, message).help(help));
            }
        }
        reader.faults.finish(Some(vaults)).map(|(vaults, _)| vaults)
    }
}

fn vault(reader: &mut Reader<'_>, entry: Entry) -> Option<Vault> {
    let name = reader.key(entry)?;
    if let Err(error) = name.parse::<StoreName>() {
        reader.fault(Code::WrongValue, entry.key, format!("the vault's name {error}"), "", "");
        return None;
    }
    let mut vault = Vault::new(name);
    if reader.tree.is_null(entry.value) {
        return Some(vault);
    }
    let mut names: Vec<SecretName> = Vec::new();
    for entry in reader.entries(entry.value, name) {
        let Some(key) = reader.key(entry) else { continue };
        let name: SecretName = match key.parse() {
            Ok(name) => name,
            Err(error) => {
                let help = "Key Vault's names have letters, digits and dashes";
                reader.fault(Code::WrongValue, entry.key, format!("the secret's name {error}"), "", help);
                continue;
            }
        };
        if names.contains(&name) {
            let help = "case doesn't tell names apart";
            reader.fault(Code::DuplicateKey, entry.key, format!("the secret `{name}` stands twice"), "", help);
        }
        for version in versions(reader, entry.value, key) {
            vault = vault.version(&name, version);
        }
        names.push(name);
    }
    Some(vault)
}

fn versions(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Vec<Version> {
    let tree = reader.tree;
    if tree.kind(node) != Kind::Sequence {
        return version(reader, node, key).into_iter().collect();
    }
    let items: Vec<NodeId> = tree.children(node).map(|item| tree.resolve(item)).collect();
    if items.is_empty() {
        reader.wrong_type(node, key, "a value or a list of versions");
    }
    let mut versions: Vec<Version> = Vec::new();
    for item in items {
        let Some(version) = version(reader, item, key) else { continue };
        if version.id.is_some() && versions.iter().any(|other| other.id == version.id) {
            reader.fault(Code::DuplicateName, item, format!("two versions of `{key}` have one id"), "the second", "");
        }
        versions.push(version);
    }
    versions
}

fn version(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<Version> {
    if reader.tree.kind(node) != Kind::Mapping {
        return value(reader, node, key).map(Version::new);
    }
    let mut read = Version::new(Secret::new(String::new()));
    let mut has_value = false;
    for entry in reader.entries(node, key) {
        let node = entry.value;
        match reader.key(entry) {
            Some("value") => {
                has_value = true;
                if let Some(value) = value(reader, node, "value") {
                    read.value = value;
                }
            }
            Some("version") => {
                read.id = reader.tree.text(node).and_then(|text| text.parse().ok());
                if read.id.is_none() {
                    reader.wrong_type(node, "version", "32 hexadecimal digits");
                }
            }
            Some("enabled") => read.enabled = reader.boolean(node, "enabled").unwrap_or(true),
            Some("content-type") => read.content_type = reader.text(node, "content-type").map(str::to_owned),
            Some("not-before") => read.not_before = seconds(reader, node, "not-before"),
            Some("expires") => read.expires = seconds(reader, node, "expires"),
            // It may be `value`, misspelt: one fault is enough.
            Some(_) => {
                has_value = true;
                reader.unknown(entry.key, KEYS, true);
            }
            None => has_value = true,
        }
    }
    if !has_value {
        reader.fault(Code::MissingKey, node, format!("a version of `{key}` has no `value`"), "", "");
    }
    Some(read)
}

fn value(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<Secret> {
    let Some(text) = reader.tree.text(node) else {
        reader.wrong_type(node, key, "a value");
        return None;
    };
    if !reader.visit(node) {
        return None;
    }
    if text.len() > MAX_VALUE {
        let message = format!("a value of {} bytes; Key Vault takes {MAX_VALUE}", text.len());
        reader.fault(Code::TooLarge, node, message, "", "");
        return None;
    }
    Some(Secret::concat([if reader.tree.is_null(node) { "" } else { text }]))
}

fn seconds(reader: &mut Reader<'_>, node: NodeId, key: &str) -> Option<i64> {
    let seconds = reader.tree.text(node).and_then(|text| text.parse().ok());
    if seconds.is_none() {
        reader.wrong_type(node, key, "a time in seconds since 1970");
    }
    seconds
}

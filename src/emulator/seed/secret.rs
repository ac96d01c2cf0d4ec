//! The secrets of a vault of a seed, and their versions.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::Context;
use crate::diagnostic::Code;
use crate::emulator::vault::{MAX_CONTENT_TYPE, MAX_TAG, MAX_TAGS, Version};
use crate::emulator::{MAX_VALUE, Vault};
use crate::reference::SecretName;
use crate::secret::Secret;
use crate::yaml::{Kind, NodeId, shorten};

/// The keys of a version.
const KEYS: &[&str] = &[
    "value",
    "file",
    "version",
    "enabled",
    "content-type",
    "not-before",
    "expires",
    "created",
    "updated",
    "tags",
    "managed",
];

impl Context<'_> {
    /// The vault with these secrets, each a value, a version, or a list of either.
    pub(super) fn secrets(&mut self, mut vault: Vault, node: NodeId) -> Vault {
        if self.reader.tree.is_null(node) {
            return vault;
        }
        let mut names: Vec<SecretName> = Vec::new();
        for entry in self.reader.entries(node, vault.name()) {
            let Some(key) = self.reader.key(entry) else { continue };
            let name: SecretName = match key.parse() {
                Ok(name) => name,
                Err(error) => {
                    let help = "Key Vault's names have letters, digits and dashes";
                    self.reader.fault(Code::WrongValue, entry.key, format!("the secret's name {error}"), "", help);
                    continue;
                }
            };
            if names.contains(&name) {
                let help = "case doesn't tell names apart";
                self.reader.fault(Code::DuplicateKey, entry.key, format!("the secret `{name}` stands twice"), "", help);
            }
            for version in self.versions(entry.value, key) {
                vault = vault.version(&name, version);
            }
            names.push(name);
        }
        vault
    }

    fn versions(&mut self, node: NodeId, key: &str) -> Vec<Version> {
        let tree = self.reader.tree;
        if tree.kind(node) != Kind::Sequence {
            return self.version(node, key).into_iter().collect();
        }
        let items: Vec<NodeId> = tree.children(node).map(|item| tree.resolve(item)).collect();
        if items.is_empty() {
            self.reader.wrong_type(node, key, "a value or a list of versions");
        }
        let mut versions: Vec<Version> = Vec::new();
        for item in items {
            let Some(version) = self.version(item, key) else { continue };
            if version.id.is_some() && versions.iter().any(|other| other.id == version.id) {
                let message = format!("two versions of `{key}` have one id");
                self.reader.fault(Code::DuplicateName, item, message, "the second", "");
            }
            versions.push(version);
        }
        versions
    }

    fn version(&mut self, node: NodeId, key: &str) -> Option<Version> {
        if self.reader.tree.kind(node) != Kind::Mapping {
            return self.value(node, key).map(Version::new);
        }
        let mut read = Version::new(Secret::new(String::new()));
        let mut has_value = false;
        for entry in self.reader.entries(node, key) {
            let node = entry.value;
            match self.reader.key(entry) {
                Some("value") => {
                    has_value = true;
                    if let Some(value) = self.value(node, "value") {
                        read.value = value;
                    }
                }
                Some("file") => {
                    has_value = true;
                    if let Some(value) = self.value_of_file(node) {
                        read.value = value;
                    }
                }
                Some("version") => {
                    read.id = self.reader.tree.text(node).and_then(|text| text.parse().ok());
                    if read.id.is_none() {
                        self.reader.wrong_type(node, "version", "32 hexadecimal digits");
                    }
                }
                Some("enabled") => read.enabled = self.reader.boolean(node, "enabled").unwrap_or(true),
                Some("managed") => read.managed = self.reader.boolean(node, "managed").unwrap_or(false),
                Some("content-type") => {
                    read.content_type = self.reader.text(node, "content-type").map(str::to_owned);
                    self.short(node, "content-type", MAX_CONTENT_TYPE);
                }
                Some("not-before") => read.not_before = self.time(node, "not-before"),
                Some("expires") => read.expires = self.time(node, "expires"),
                Some("created") => read.created = self.time(node, "created"),
                Some("updated") => read.updated = self.time(node, "updated"),
                Some("tags") => {
                    let tags = self.reader.entries(node, "tags");
                    if tags.len() > MAX_TAGS {
                        let message =
                            format!("a version of `{key}` has {} tags; Key Vault takes {MAX_TAGS}", tags.len());
                        self.reader.fault(Code::TooLarge, node, message, "", "");
                    }
                    for tag in tags {
                        self.short(tag.key, "tags", MAX_TAG);
                        self.short(tag.value, "tags", MAX_TAG);
                        let (name, value) = (self.reader.key(tag), self.reader.text(tag.value, "tags"));
                        read.tags.extend(name.zip(value).map(|(name, value)| (name.to_owned(), value.to_owned())));
                    }
                }
                // It may be `value`, misspelt: one fault is enough.
                Some(_) => {
                    has_value = true;
                    self.reader.unknown(entry.key, KEYS, true);
                }
                None => has_value = true,
            }
        }
        if !has_value {
            let message = format!("a version of `{key}` has no `value`");
            self.reader.fault(Code::MissingKey, node, message, "", "");
        }
        Some(read)
    }

    fn value(&mut self, node: NodeId, key: &str) -> Option<Secret> {
        let Some(text) = self.reader.tree.text(node) else {
            self.reader.wrong_type(node, key, "a value");
            return None;
        };
        if !self.reader.visit(node) {
            return None;
        }
        if self.reader.tree.is_null(node) {
            let message = format!("`{}` has no value", shorten(key));
            self.reader.fault(Code::MissingKey, node, message, "", "an empty value is written `''`");
            return None;
        }
        self.bounded(node, text.len())?;
        Some(Secret::concat([text]))
    }

    /// Complains of a text of more characters than Key Vault takes.
    fn short(&mut self, node: NodeId, key: &str, most: usize) {
        let length = self.reader.tree.text(node).map_or(0, |text| text.chars().count());
        if length > most {
            let message = format!("`{key}` with {length} characters; Key Vault takes {most}");
            self.reader.fault(Code::TooLarge, node, message, "", "");
        }
    }

    /// The text of a file; of one that is no text its base64, as is Key Vault's custom.
    fn value_of_file(&mut self, node: NodeId) -> Option<Secret> {
        let bytes = self.file(node, "file")?;
        let secret = match String::from_utf8(bytes) {
            Ok(text) => Secret::new(text),
            Err(error) => Secret::new(BASE64_STANDARD.encode(error.as_bytes())),
        };
        self.bounded(node, secret.expose().len())?;
        Some(secret)
    }

    fn bounded(&mut self, node: NodeId, length: usize) -> Option<()> {
        if length <= MAX_VALUE {
            return Some(());
        }
        let message = format!("a value of {length} bytes; Key Vault takes {MAX_VALUE}");
        self.reader.fault(Code::TooLarge, node, message, "", "");
        None
    }
}

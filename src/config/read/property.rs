//! The own properties of a store, for who knows what they mean.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::identity::secret_source;
use super::properties::Properties;
use super::text::{path, text};
use crate::config::SecretSource;
use crate::diagnostic::Code;
use crate::yaml::{Entry, Reader};

/// Reads the own properties of a store. Each reading gives nothing when the key isn't there or its value is of another kind,
/// which is told with its place.
///
/// Messages hold what was told to be said and nothing else of the file: it may hold secrets.
pub struct PropertyReader<'r, 't> {
    reader: &'r mut Reader<'t>,
    properties: &'r Properties,
    secrets: Vec<SecretSource>,
}

impl<'r, 't> PropertyReader<'r, 't> {
    pub(super) fn new(reader: &'r mut Reader<'t>, properties: &'r Properties) -> Self {
        Self { reader, properties, secrets: Vec::new() }
    }

    /// The store's name.
    pub fn store(&self) -> &str {
        self.properties.name.as_str()
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A text that isn't empty.
    pub fn text(&mut self, key: &str) -> Option<&'t str> {
        let entry = self.find(key)?;
        text(self.reader, entry.value, key)
    }

    /// A path, from the configuration's folder on.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let entry = self.find(key)?;
        path(self.reader, entry.value, key)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let entry = self.find(key)?;
        self.reader.boolean(entry.value, key)
    }

    /// A whole number within bounds.
    pub fn number(&mut self, key: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let entry = self.find(key)?;
        let number = self.reader.tree.text(entry.value).and_then(|text| text.parse().ok());
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
            self.reader.wrong_type(entry.value, key, &expected);
        }
        number
    }

    /// One of some words, with "did you mean".
    pub fn choice(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let entry = self.find(key)?;
        self.reader.choice(entry.value, key, words)
    }

    /// Where a secret comes from that the provider proves itself by: `{ env: NAME }`, `{ file: PATH }`, or the secret itself with
    /// a warning. Steps aren't given the variable.
    pub fn secret(&mut self, key: &str) -> Option<SecretSource> {
        let entry = self.find(key)?;
        let source = secret_source(self.reader, entry.value, key)?;
        self.secrets.push(source.clone());
        Some(source)
    }

    /// Complains of a key's value, or of the store when the key isn't there: what is wrong, and what to do.
    pub fn fault(&mut self, key: &str, message: &str, help: &str) {
        let node = self.find(key).map_or(self.properties.key, |entry| entry.value);
        self.reader.fault(Code::WrongValue, node, message, "", help);
    }

    pub(super) fn into_secrets(self) -> Vec<SecretSource> {
        self.secrets
    }

    fn find(&self, key: &str) -> Option<Entry> {
        self.properties.find(self.reader.tree, key)
    }
}

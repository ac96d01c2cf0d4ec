//! Reading a seed: the tree, and what its values have in common.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::application::{self, Named};
use crate::config::is_guid;
use crate::diagnostic::Code;
use crate::emulator::clock;
use crate::yaml::{Entry, Kind, MAX_MERGED, NodeId, Reader, Tree};

/// Everything that reading needs: the tree, and where other files are looked for.
pub(super) struct Context<'t> {
    pub(super) reader: Reader<'t>,
    folder: PathBuf,
    /// Vaults that come from elsewhere.
    pub(super) others: Vec<String>,
    /// Whether other clients find the vaults.
    pub(super) is_served: bool,
}

impl<'t> Context<'t> {
    pub(super) fn new(tree: &'t Tree, folder: &Path) -> Self {
        Self { reader: Reader::new(tree), folder: folder.to_owned(), others: Vec::new(), is_served: false }
    }

    /// An id as Entra ID has it.
    pub(super) fn guid(&mut self, node: NodeId, key: &str) -> Option<&'t str> {
        let text = self.reader.text(node, key)?;
        let is_guid = is_guid(text);
        if !is_guid {
            let message = format!("`{key}` is no id like 11111111-2222-3333-4444-555555555555");
            self.reader.fault(Code::WrongValue, node, message, "", "");
        }
        is_guid.then_some(text)
    }

    /// The text of an entry's key, when it is one.
    pub(super) fn text(&self, entry: Entry) -> Option<&'t str> {
        self.reader.tree.text(self.reader.tree.resolve(entry.key))
    }

    /// Where a vault's alias stands.
    pub(super) fn alias(&self, vault: Entry, name: &str) -> Option<NodeId> {
        let tree = self.reader.tree;
        let properties = tree.merged(tree.resolve(vault.value), MAX_MERGED).entries;
        let aliases = properties.into_iter().find(|entry| self.text(*entry) == Some("aliases"))?;
        let mut items = tree.children(tree.resolve(aliases.value)).map(|item| tree.resolve(item));
        items.find(|item| tree.text(*item).is_some_and(|text| text.eq_ignore_ascii_case(name)))
    }

    /// The items of a list.
    pub(super) fn items(&mut self, node: NodeId, key: &str) -> Vec<NodeId> {
        let tree = self.reader.tree;
        if tree.kind(node) != Kind::Sequence {
            self.reader.wrong_type(node, key, "a list");
            return Vec::new();
        }
        tree.children(node).map(|item| tree.resolve(item)).collect()
    }

    /// The texts of a list.
    pub(super) fn texts(&mut self, node: NodeId, key: &str) -> Vec<(NodeId, &'t str)> {
        let items = self.items(node, key);
        items.into_iter().filter_map(|item| Some((item, self.reader.text(item, key)?))).collect()
    }

    /// A number that isn't negative.
    pub(super) fn number<T: std::str::FromStr>(&mut self, node: NodeId, key: &str, expected: &str) -> Option<T> {
        let number = self.reader.tree.text(node).and_then(|text| text.parse().ok());
        if number.is_none() {
            self.no_number(node, key, expected);
        }
        number
    }

    /// Complains of what is no number, or not such a one.
    pub(super) fn no_number(&mut self, node: NodeId, key: &str, expected: &str) {
        if self.reader.tree.text(node).is_some_and(|text| text.parse::<f64>().is_ok()) {
            self.reader.fault(Code::WrongValue, node, format!("`{key}` must be {expected}"), "", "");
        } else {
            self.reader.wrong_type(node, key, expected);
        }
    }

    /// A number between two others.
    pub(super) fn within<T: std::str::FromStr + PartialOrd>(
        &mut self,
        node: NodeId,
        key: &str,
        expected: &str,
        range: std::ops::RangeInclusive<T>,
    ) -> Option<T> {
        let number = self.number(node, key, expected)?;
        if range.contains(&number) {
            return Some(number);
        }
        self.reader.fault(Code::WrongValue, node, format!("`{key}` must be {expected}"), "", "");
        None
    }

    /// A time span, in seconds.
    pub(super) fn duration(&mut self, node: NodeId, key: &str) -> Option<Duration> {
        let seconds = self.reader.tree.text(node).and_then(|text| text.parse().ok());
        let duration = seconds.filter(|seconds| *seconds <= 86_400.0);
        let duration = duration.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if duration.is_none() {
            self.no_number(node, key, "a number of seconds, at most a day");
        }
        duration
    }

    /// A moment, in seconds since 1970.
    pub(super) fn time(&mut self, node: NodeId, key: &str) -> Option<i64> {
        let time = self.reader.tree.text(node).and_then(clock::parse);
        if time.is_none() {
            self.reader.wrong_type(node, key, "a time: `2027-01-31`, `2027-01-31T12:00:00Z`, or seconds since 1970");
        }
        time
    }

    /// The bytes of a file beside the seed.
    pub(super) fn file(&mut self, node: NodeId, key: &str) -> Option<Vec<u8>> {
        self.reader.text(node, key)?;
        let path = self.beside(node);
        match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                self.reader.fault(Code::Unreadable, node, message, "", "");
                None
            }
        }
    }

    /// The file beside the seed that a text names.
    pub(super) fn beside(&self, node: NodeId) -> PathBuf {
        let name = self.reader.tree.text(node).unwrap_or_default();
        if self.folder == Path::new(".") { PathBuf::from(name) } else { self.folder.join(name) }
    }

    /// The client id of an application that is named, or is one itself.
    pub(super) fn client(&mut self, applications: &[Named], node: NodeId, name: &str) -> Option<String> {
        application::client(self, applications, node, name)
    }
}

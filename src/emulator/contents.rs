//! What a vault holds: secrets with their versions, and deleted ones that can still be recovered.

use std::collections::BTreeMap;

use super::clock;
use super::vault::Stored;
use crate::reference::{SecretName, SecretVersion};

/// How long a deleted secret can be recovered, in seconds: 90 days, as vaults have it by default.
const RETENTION: i64 = 90 * 86_400;

/// The secrets of a vault. Names keep the case that they were made with.
#[derive(Debug, Default)]
pub(super) struct Contents {
    secrets: BTreeMap<SecretName, Vec<Stored>>,
    deleted: BTreeMap<SecretName, Deleted>,
}

/// A deleted secret.
#[derive(Debug)]
pub(super) struct Deleted {
    pub(super) versions: Vec<Stored>,
    /// When it was deleted, in seconds since 1970.
    pub(super) at: i64,
}

impl Deleted {
    /// When it will be gone for good.
    pub(super) fn purged(&self) -> i64 {
        self.at + RETENTION
    }

    pub(super) fn latest(&self) -> &Stored {
        self.versions.last().expect("internal error: a secret has a version")
    }
}

impl Contents {
    /// Adds a version, which is the latest from now on.
    pub(super) fn add(&mut self, name: &SecretName, stored: Stored) {
        self.secrets.entry(name.clone()).or_default().push(stored);
    }

    /// Adds a secret with all its versions, and says whether there was none of that name.
    pub(super) fn restore(&mut self, name: SecretName, versions: Vec<Stored>) -> bool {
        let is_new = !self.secrets.contains_key(&name) && !self.deleted.contains_key(&name);
        if is_new {
            self.secrets.insert(name, versions);
        }
        is_new
    }

    /// How many secrets there are.
    pub(super) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// The versions of a secret, the oldest first, and its name.
    pub(super) fn versions(&self, name: &SecretName) -> Option<(&SecretName, &[Stored])> {
        self.secrets.get_key_value(name).map(|(name, versions)| (name, versions.as_slice()))
    }

    /// A secret's latest version, and its name.
    pub(super) fn latest(&self, name: &SecretName) -> Option<(&SecretName, &Stored)> {
        self.version(name, None)
    }

    /// A version of a secret, the latest without one, and its name.
    pub(super) fn version(&self, name: &SecretName, version: Option<&str>) -> Option<(&SecretName, &Stored)> {
        let (name, versions) = self.secrets.get_key_value(name)?;
        versions.get(place(versions, version)?).map(|stored| (name, stored))
    }

    /// The same, to be changed.
    pub(super) fn version_mut(
        &mut self,
        name: &SecretName,
        version: Option<&str>,
    ) -> Option<(&SecretName, &mut Stored)> {
        let (name, versions) = self.secrets.range_mut(name..=name).next()?;
        let place = place(versions, version)?;
        versions.get_mut(place).map(|stored| (name, stored))
    }

    /// The secrets in the order of their names, each with its latest version.
    pub(super) fn names(&self) -> impl Iterator<Item = (&SecretName, &Stored)> {
        self.secrets.iter().filter_map(|(name, versions)| Some((name, versions.last()?)))
    }

    /// Deletes a secret, for now.
    pub(super) fn delete(&mut self, name: &SecretName) -> Option<(&SecretName, &Deleted)> {
        let (name, versions) = self.secrets.remove_entry(name)?;
        self.deleted.insert(name.clone(), Deleted { versions, at: clock::now() });
        self.deleted(&name)
    }

    /// A deleted secret.
    pub(super) fn deleted(&self, name: &SecretName) -> Option<(&SecretName, &Deleted)> {
        self.deleted.get_key_value(name)
    }

    /// The deleted secrets in the order of their names.
    pub(super) fn all_deleted(&self) -> impl Iterator<Item = (&SecretName, &Deleted)> {
        self.deleted.iter()
    }

    /// Brings a deleted secret back, and says whether there was one.
    pub(super) fn recover(&mut self, name: &SecretName) -> bool {
        let found = self.deleted.remove_entry(name);
        found.is_some_and(|(name, deleted)| self.secrets.insert(name, deleted.versions).is_none())
    }

    /// Deletes a deleted secret for good, and says whether there was one.
    pub(super) fn purge(&mut self, name: &SecretName) -> bool {
        self.deleted.remove(name).is_some()
    }
}

/// Where a version stands among those of its secret.
fn place(versions: &[Stored], version: Option<&str>) -> Option<usize> {
    match version {
        None => versions.len().checked_sub(1),
        Some(version) => {
            let id: SecretVersion = version.parse().ok()?;
            versions.iter().position(|stored| stored.id == id)
        }
    }
}

//! What a vault holds: secrets with their versions, and deleted ones that can still be recovered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::Recovery;
use super::version::Stored;
use crate::reference::{SecretName, SecretVersion};

/// The secrets of a vault. Names keep the case that they were made with.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Contents {
    secrets: BTreeMap<SecretName, Vec<Stored>>,
    deleted: BTreeMap<SecretName, Deleted>,
    /// Deleted for good.
    purged: BTreeSet<SecretName>,
    /// Until when secrets are being recovered.
    recovering: BTreeMap<SecretName, Instant>,
}

/// A deleted secret.
#[derive(Debug)]
pub(in crate::emulator) struct Deleted {
    pub(in crate::emulator) versions: Vec<Stored>,
    /// When it was deleted, in seconds since 1970.
    pub(in crate::emulator) at: i64,
    /// Until when it is being deleted.
    settled: Instant,
}

/// Why a name can't be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// It is a deleted secret's.
    Deleted,
    /// Its secret is being deleted.
    BeingDeleted,
    /// Its secret is being recovered.
    BeingRecovered,
}

impl Deleted {
    pub(in crate::emulator) fn new(versions: Vec<Stored>, at: i64, settling: Duration) -> Self {
        Self { versions, at, settled: Instant::now() + settling }
    }

    /// When it will be gone for good.
    pub(super) fn purged(&self, recovery: Recovery) -> i64 {
        self.at.saturating_add(i64::from(recovery.days) * 86_400)
    }

    pub(super) fn latest(&self) -> &Stored {
        self.versions.last().expect("internal error: a secret has a version")
    }

    fn is_settled(&self) -> bool {
        self.settled <= Instant::now()
    }
}

impl Contents {
    /// Adds a version, which is the latest from now on.
    pub(super) fn add(&mut self, name: &SecretName, stored: Stored) {
        self.purged.remove(name);
        self.secrets.entry(name.clone()).or_default().push(stored);
    }

    /// Adds a secret with all its versions, and says whether there was none of that name.
    pub(super) fn restore(&mut self, name: SecretName, versions: Vec<Stored>) -> bool {
        let is_new = !self.secrets.contains_key(&name) && !self.deleted.contains_key(&name);
        if is_new {
            self.purged.remove(&name);
            self.secrets.insert(name, versions);
        }
        is_new
    }

    /// What was kept takes the place of a secret that was there, deleted or not.
    pub(in crate::emulator) fn put(&mut self, name: SecretName, versions: Vec<Stored>) {
        self.deleted.remove(&name);
        // The name is the one that was kept, in its case.
        self.secrets.remove(&name);
        self.secrets.insert(name, versions);
    }

    /// The same for a deleted secret.
    pub(in crate::emulator) fn put_deleted(&mut self, name: SecretName, deleted: Deleted) {
        self.secrets.remove(&name);
        self.deleted.remove(&name);
        self.deleted.insert(name, deleted);
    }

    /// The same for a secret that was deleted for good.
    pub(in crate::emulator) fn put_purged(&mut self, name: SecretName) {
        self.secrets.remove(&name);
        self.purged.insert(name);
    }

    /// Versions that don't say when they were made were made now.
    pub(in crate::emulator) fn stamp(&mut self, now: i64) {
        for stored in self.secrets.values_mut().flatten() {
            stored.created = stored.version.created.unwrap_or(now);
        }
    }

    /// How many secrets there are.
    pub(super) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// All secrets, the ones being recovered included, with their versions, the oldest first.
    pub(in crate::emulator) fn all(&self) -> impl Iterator<Item = (&SecretName, &[Stored])> {
        self.secrets.iter().map(|(name, versions)| (name, versions.as_slice()))
    }

    /// All deleted secrets, those being deleted included.
    pub(in crate::emulator) fn deleted_and_settling(&self) -> impl Iterator<Item = (&SecretName, &Deleted)> {
        self.deleted.iter()
    }

    /// The versions of a secret, the oldest first, and its name.
    pub(super) fn versions(&self, name: &SecretName) -> Option<(&SecretName, &[Stored])> {
        let found = self.secrets.get_key_value(name).map(|(name, versions)| (name, versions.as_slice()));
        found.filter(|(name, _)| !self.is_recovering(name))
    }

    /// A secret's latest version, and its name, also while it is being recovered.
    pub(super) fn latest(&self, name: &SecretName) -> Option<(&SecretName, &Stored)> {
        let (name, versions) = self.secrets.get_key_value(name)?;
        versions.last().map(|stored| (name, stored))
    }

    /// A version of a secret, the latest without one, its name, and the version before it.
    pub(super) fn version(
        &self,
        name: &SecretName,
        version: Option<&str>,
    ) -> Option<(&SecretName, &Stored, Option<&Stored>)> {
        let (name, versions) = self.versions(name)?;
        let place = place(versions, version)?;
        Some((name, versions.get(place)?, place.checked_sub(1).and_then(|before| versions.get(before))))
    }

    /// A version of a secret, the latest without one, to be changed, and its name.
    pub(super) fn version_mut(
        &mut self,
        name: &SecretName,
        version: Option<&str>,
    ) -> Option<(&SecretName, &mut Stored)> {
        if self.is_recovering(name) {
            return None;
        }
        let (name, versions) = self.secrets.range_mut(name..=name).next()?;
        let place = place(versions, version)?;
        versions.get_mut(place).map(|stored| (name, stored))
    }

    /// The secrets in the order of their names, each with its latest version.
    pub(super) fn names(&self) -> impl Iterator<Item = (&SecretName, &Stored)> {
        let there = self.secrets.iter().filter(|(name, _)| !self.is_recovering(name));
        there.filter_map(|(name, versions)| Some((name, versions.last()?)))
    }

    /// Deletes a secret at that time, for now; it takes a while to settle.
    pub(super) fn delete(
        &mut self,
        name: &SecretName,
        now: i64,
        settling: Duration,
    ) -> Option<(&SecretName, &Deleted)> {
        if self.is_recovering(name) {
            return None;
        }
        let (name, versions) = self.secrets.remove_entry(name)?;
        self.deleted.insert(name.clone(), Deleted::new(versions, now, settling));
        self.deleted.get_key_value(&name)
    }

    /// Why the name can't be used for a new secret or version.
    pub(super) fn busy(&self, name: &SecretName) -> Option<Busy> {
        match self.deleted.get(name) {
            Some(deleted) if deleted.is_settled() => Some(Busy::Deleted),
            Some(_) => Some(Busy::BeingDeleted),
            None => self.is_recovering(name).then_some(Busy::BeingRecovered),
        }
    }

    /// A deleted secret.
    pub(super) fn deleted(&self, name: &SecretName) -> Option<(&SecretName, &Deleted)> {
        self.deleted.get_key_value(name).filter(|(_, deleted)| deleted.is_settled())
    }

    /// The deleted secrets in the order of their names.
    pub(super) fn all_deleted(&self) -> impl Iterator<Item = (&SecretName, &Deleted)> {
        self.deleted.iter().filter(|(_, deleted)| deleted.is_settled())
    }

    /// Brings a deleted secret back, which takes a while to settle, and says whether there was one.
    pub(super) fn recover(&mut self, name: &SecretName, settling: Duration) -> bool {
        let Some((name, deleted)) = self.deleted.remove_entry(name) else { return false };
        self.recovering.insert(name.clone(), Instant::now() + settling);
        self.secrets.insert(name, deleted.versions);
        true
    }

    /// Deletes a deleted secret for good, and says whether there was one.
    pub(super) fn purge(&mut self, name: &SecretName) -> bool {
        let found = self.deleted.remove_entry(name);
        found.is_some_and(|(name, _)| self.purged.insert(name))
    }

    /// Deletes for good what was deleted so long ago that nobody can recover it any more.
    pub(super) fn purge_overdue(&mut self, now: i64, recovery: Recovery) {
        let purged = &mut self.purged;
        self.deleted.retain(|name, deleted| {
            let is_overdue = deleted.purged(recovery) <= now;
            if is_overdue {
                purged.insert(name.clone());
            }
            !is_overdue
        });
    }

    /// The names of what was deleted for good, and not made again.
    pub(in crate::emulator) fn purged(&self) -> impl Iterator<Item = &SecretName> {
        self.purged.iter()
    }

    fn is_recovering(&self, name: &SecretName) -> bool {
        self.recovering.get(name).is_some_and(|until| *until > Instant::now())
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

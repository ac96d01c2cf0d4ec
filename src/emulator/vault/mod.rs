//! A vault: secrets, their versions, and whom it lets in.

mod access;
mod backup;
mod bundle;
mod change;
mod contents;
mod deleted;
mod kept;
mod page;
mod recovery;
mod refusal;
mod secrets;
mod version;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{RESOURCE, TENANT};
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;

pub use access::{Permission, Role};
pub use change::MAX_VALUE;
pub use version::Version;

pub(super) use change::{MAX_CONTENT_TYPE, MAX_TAG, MAX_TAGS, add};
pub(super) use contents::{Contents, Deleted};
pub(super) use kept::Kept;
pub(super) use page::follows_empty_page;
pub(in crate::emulator) use recovery::Recovery;
pub(super) use refusal::refuse;
pub(super) use secrets::{Call, answer, failed, throttled};
pub(super) use version::Stored;

/// Whom a vault lets in. Refusals are worded as seen in public issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Every application with a token for it.
    #[default]
    Allowed,
    /// Roles decide: who [may](Vault::role) not is refused with 403 `ForbiddenByRbac`.
    NoRole,
    /// Access policies decide: who [may](Vault::policy) not is refused with 403 `AccessDenied`.
    NoPolicy,
    /// The firewall keeps everybody out: 403 `ForbiddenByFirewall`.
    Firewall,
    /// It is behind a private endpoint: 403 `ForbiddenByConnection`.
    PrivateLink,
    /// Its policy wants an application that acts for a user, which none here does: 403 `ForbiddenByPolicy`.
    Delegated,
}

/// A vault of the emulator.
#[derive(Debug)]
pub struct Vault {
    name: String,
    aliases: Vec<String>,
    tenant: String,
    resource: String,
    access: Access,
    /// Applications, by their client ids, and what they may.
    rights: Vec<(String, Vec<Permission>)>,
    settling: Duration,
    recovery: Recovery,
    contents: Mutex<Contents>,
}

impl Vault {
    /// An empty vault of [`TENANT`], for tokens for [`RESOURCE`]. Its name becomes a host's, in lower case.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into().to_ascii_lowercase(),
            aliases: Vec::new(),
            tenant: TENANT.to_owned(),
            resource: RESOURCE.to_owned(),
            access: Access::default(),
            rights: Vec::new(),
            settling: Duration::ZERO,
            recovery: Recovery::USUAL,
            contents: Mutex::default(),
        }
    }

    /// The same vault with one more name, for paths, or host for addresses.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>) -> Self {
        self.aliases.push(name.into().to_ascii_lowercase());
        self
    }

    /// The same vault of another tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The same vault for tokens for another resource, without a slash at its end.
    #[must_use]
    pub fn for_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = resource.into();
        self
    }

    /// The same vault with other rights.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The same vault, where roles decide, and an application, by its client id, has one.
    #[must_use]
    pub fn role(mut self, client: impl Into<String>, role: Role) -> Self {
        self.access = Access::NoRole;
        self.rights.push((client.into(), role.permissions().to_vec()));
        self
    }

    /// The same vault, where access policies decide, and an application, by its client id, is in one.
    #[must_use]
    pub fn policy(mut self, client: impl Into<String>, permissions: &[Permission]) -> Self {
        self.access = Access::NoPolicy;
        self.rights.push((client.into(), permissions.to_vec()));
        self
    }

    /// The same vault, which takes so long to delete and to recover a secret; the service was seen to take 10 to 15
    /// seconds.
    #[must_use]
    pub fn settling(mut self, time: Duration) -> Self {
        self.settling = time;
        self
    }

    /// The same vault, whose deleted secrets can be recovered for so many days, 7 to 90, and are gone then.
    #[must_use]
    pub fn recoverable_days(mut self, days: u32) -> Self {
        self.recovery.days = days.clamp(7, 90);
        self
    }

    /// The same vault with purge protection: nobody purges a deleted secret before its time.
    #[must_use]
    pub fn purge_protection(mut self) -> Self {
        self.recovery.is_protected = true;
        self
    }

    /// The same vault with one more secret, or one more version of it.
    ///
    /// # Panics
    /// When the name can't be a secret's.
    #[must_use]
    pub fn secret(self, name: &str, value: &str) -> Self {
        let name = name.parse().expect("a secret's name has letters, digits and dashes");
        self.version(&name, Version::new(Secret::concat([value])))
    }

    /// The same vault with one more version of a secret, which is the latest from now on.
    #[must_use]
    pub fn version(self, name: &SecretName, version: Version) -> Self {
        self.contents().add(name, Stored::new(version, 0));
        self
    }

    /// Its name, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many secrets it holds.
    pub fn len(&self) -> usize {
        self.contents().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its secrets, each with those of its versions whose ids were given, or made when they were added.
    pub fn secrets(&self) -> Vec<(SecretName, Vec<SecretVersion>)> {
        let contents = self.contents();
        let all =
            contents.all().map(|(name, versions)| (name.clone(), versions.iter().map(|stored| stored.id).collect()));
        all.collect()
    }

    /// All names that it has, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// Whether it is called so; case doesn't matter.
    pub fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// What its tokens are for.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The tenant that it is in.
    pub fn tenant_id(&self) -> &str {
        &self.tenant
    }

    pub(super) fn recovery(&self) -> Recovery {
        self.recovery
    }

    pub(super) fn settles_in(&self) -> Duration {
        self.settling
    }

    /// Whether an application is let in to do that.
    pub(super) fn lets_in(&self, client: &str, permission: Permission) -> bool {
        self.rights_of(client, permission) == Access::Allowed
    }

    /// Whether roles decide who is let in.
    pub(super) fn has_roles(&self) -> bool {
        self.access == Access::NoRole
    }

    /// Whether an application is let in to do that, or by what it isn't.
    pub fn rights_of(&self, client: &str, permission: Permission) -> Access {
        let mut rights = self.rights.iter().filter(|(known, _)| known.eq_ignore_ascii_case(client));
        let permission = if permission == Permission::Update { Permission::Set } else { permission };
        let mut may = || rights.any(|(_, permissions)| permissions.contains(&permission));
        match self.access {
            Access::NoRole | Access::NoPolicy if may() => Access::Allowed,
            access => access,
        }
    }

    /// What it holds.
    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

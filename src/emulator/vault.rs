//! A vault: secrets, their versions, and whom it lets in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contents::Contents;
use super::{Origin, RESOURCE, TENANT, clock};
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;

/// One version of a secret.
#[derive(Debug)]
pub struct Version {
    /// Its id; made when it is added without one.
    pub id: Option<SecretVersion>,
    /// Its value.
    pub value: Secret,
    /// Whether it may be read.
    pub enabled: bool,
    /// What the value is, as whoever set it says.
    pub content_type: Option<String>,
    /// When it begins to be meant for use, in seconds since 1970.
    pub not_before: Option<i64>,
    /// When it ceases to be, in seconds since 1970.
    pub expires: Option<i64>,
    /// When it was made, in seconds since 1970; when it is added by default.
    pub created: Option<i64>,
    /// When it was changed last, in seconds since 1970; when it was made by default.
    pub updated: Option<i64>,
    /// Labels that whoever set it gave it.
    pub tags: BTreeMap<String, String>,
}

/// Whom a vault lets in. Refusals are worded as seen in public issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Every application with a token for it.
    #[default]
    Allowed,
    /// Roles decide, and nobody but its [readers](Vault::readable_by) has one: 403 `ForbiddenByRbac`.
    NoRole,
    /// Access policies decide, and nobody but its [readers](Vault::readable_by) is in one: 403 `AccessDenied`.
    NoPolicy,
    /// The firewall keeps everybody out: 403 `ForbiddenByFirewall`.
    Firewall,
    /// It is behind a private endpoint: 403 `ForbiddenByConnection`.
    PrivateLink,
}

/// A vault of the emulator.
#[derive(Debug)]
pub struct Vault {
    name: String,
    tenant: String,
    resource: String,
    access: Access,
    readers: Vec<String>,
    contents: Mutex<Contents>,
}

/// A version in its vault.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) id: SecretVersion,
    pub(super) version: Version,
    pub(super) created: i64,
}

impl Stored {
    /// A version as it is kept: with an id, and the time when it was made.
    pub(super) fn new(version: Version) -> Self {
        let id = version.id.unwrap_or_else(|| SecretVersion::from_bits(fastrand::u128(..)));
        let created = version.created.unwrap_or_else(clock::now);
        Self { id, version, created }
    }
}

impl Version {
    /// An enabled version with that value.
    pub fn new(value: Secret) -> Self {
        Self {
            id: None,
            value,
            enabled: true,
            content_type: None,
            not_before: None,
            expires: None,
            created: None,
            updated: None,
            tags: BTreeMap::new(),
        }
    }
}

impl Vault {
    /// An empty vault of [`TENANT`], for tokens for [`RESOURCE`]. Its name becomes a host's, in lower case.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into().to_ascii_lowercase(),
            tenant: TENANT.to_owned(),
            resource: RESOURCE.to_owned(),
            access: Access::default(),
            readers: Vec::new(),
            contents: Mutex::default(),
        }
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

    /// The same vault with an application, by its client id, that may read it. A vault that has such readers refuses
    /// the others, for want of a role unless [`access`](Self::access) says otherwise.
    #[must_use]
    pub fn readable_by(mut self, client: impl Into<String>) -> Self {
        self.readers.push(client.into());
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
        self.contents().add(name, Stored::new(version));
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

    pub(super) fn resource(&self) -> &str {
        &self.resource
    }

    pub(super) fn tenant_id(&self) -> &str {
        &self.tenant
    }

    /// What an application is let to do.
    pub(super) fn rights_of(&self, client: &str) -> Access {
        let is_reader = self.readers.iter().any(|reader| reader.eq_ignore_ascii_case(client));
        match self.access {
            Access::NoRole | Access::NoPolicy if is_reader => Access::Allowed,
            Access::Allowed if !is_reader && !self.readers.is_empty() => Access::NoRole,
            access => access,
        }
    }

    /// Its address.
    pub(super) fn url(&self, origin: Origin) -> String {
        origin.of(&format!("{}.localhost", self.name))
    }

    /// What it holds.
    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

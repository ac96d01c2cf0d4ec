//! One version of a secret.

use std::collections::BTreeMap;

use crate::reference::SecretVersion;
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
    /// When it was made, in seconds since 1970; when it is added, or the emulator starts, by default.
    pub created: Option<i64>,
    /// When it was changed last, in seconds since 1970; when it was made by default.
    pub updated: Option<i64>,
    /// Labels that whoever set it gave it.
    pub tags: BTreeMap<String, String>,
    /// Whether it belongs to a certificate: it has a `kid` then, and only the certificate's own operations change it.
    pub managed: bool,
}

/// A version in its vault.
#[derive(Debug)]
pub(in crate::emulator) struct Stored {
    pub(in crate::emulator) id: SecretVersion,
    pub(in crate::emulator) version: Version,
    pub(in crate::emulator) created: i64,
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
            managed: false,
        }
    }
}

impl Stored {
    /// A version as it is kept: with an id, and a time when it was made, `now` unless it says another.
    pub(in crate::emulator) fn new(version: Version, now: i64) -> Self {
        let id = version.id.unwrap_or_else(|| SecretVersion::from_bits(fastrand::u128(..)));
        let created = version.created.unwrap_or(now);
        Self { id, version, created }
    }
}

//! A version as it is kept outside of the process: in a backup, and in the emulator's state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::version::{Stored, Version};
use crate::secret::Secret;

/// A version of a secret. It holds the value as it is, and has no `Debug` therefore.
#[derive(Serialize, Deserialize)]
pub(in crate::emulator) struct Kept {
    id: String,
    value: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    created: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    managed: bool,
}

impl From<&Stored> for Kept {
    fn from(stored: &Stored) -> Self {
        let version = &stored.version;
        Self {
            id: stored.id.to_string(),
            value: version.value.expose().to_owned(),
            enabled: version.enabled,
            content_type: version.content_type.clone(),
            not_before: version.not_before,
            expires: version.expires,
            created: stored.created,
            updated: version.updated,
            tags: version.tags.clone(),
            managed: version.managed,
        }
    }
}

impl Kept {
    /// The version again; nothing when its id can't be one.
    pub(in crate::emulator) fn stored(self) -> Option<Stored> {
        let version = Version {
            id: Some(self.id.parse().ok()?),
            value: Secret::new(self.value),
            enabled: self.enabled,
            content_type: self.content_type,
            not_before: self.not_before,
            expires: self.expires,
            created: Some(self.created),
            updated: self.updated,
            tags: self.tags,
            managed: self.managed,
        };
        Some(Stored::new(version, self.created))
    }
}

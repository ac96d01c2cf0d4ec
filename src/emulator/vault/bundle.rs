//! A secret as the service writes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::contents::Deleted;
use super::secrets::Call;
use super::version::Stored;
use crate::reference::{SecretName, SecretVersion};

/// A version of a secret. Members in the order that was recorded from the service; those that are absent are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::emulator) struct Bundle<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'v str>,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    managed: Option<bool>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'v BTreeMap<String, String>,
    /// The key of a certificate's secret: of the same version.
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    /// The version before, of a certificate's secret and from api-version 2025-06-01-preview on.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    created: i64,
    updated: i64,
    recovery_level: &'static str,
    /// From api-version 7.1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    recoverable_days: Option<u32>,
}

/// A deleted secret: where it can be recovered, until when, and what it was.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::emulator) struct DeletedBundle<'v> {
    recovery_id: String,
    deleted_date: i64,
    scheduled_purge_date: i64,
    #[serde(flatten)]
    bundle: Bundle<'v>,
}

impl<'v> DeletedBundle<'v> {
    /// A deleted secret, with the id of its latest version.
    pub(in crate::emulator) fn new(call: &Call<'_>, name: &SecretName, deleted: &'v Deleted) -> Self {
        Self::of(call, name, Some(deleted.latest().id), deleted)
    }

    /// An item of a list: without a version in its id.
    pub(in crate::emulator) fn listed(call: &Call<'_>, name: &SecretName, deleted: &'v Deleted) -> Self {
        Self::of(call, name, None, deleted)
    }

    fn of(call: &Call<'_>, name: &SecretName, id: Option<SecretVersion>, deleted: &'v Deleted) -> Self {
        Self {
            recovery_id: format!("{}/deletedsecrets/{name}", call.base),
            deleted_date: deleted.at,
            scheduled_purge_date: deleted.purged(call.recovery),
            bundle: Bundle::listed(call, name, id, deleted.latest()),
        }
    }
}

impl<'v> Bundle<'v> {
    /// A version with its value, and of a certificate with the version before it.
    pub(in crate::emulator) fn with_value(
        call: &Call<'_>,
        name: &SecretName,
        stored: &'v Stored,
        before: Option<&Stored>,
    ) -> Self {
        let value = Some(stored.version.value.expose());
        let managed = stored.version.managed;
        let has_previous = managed && call.is_since_2025();
        Self {
            value,
            kid: managed.then(|| format!("{}/keys/{name}/{}", call.base, stored.id)),
            previous_version: before.filter(|_| has_previous).map(|before| before.id.to_string()),
            ..Self::listed(call, name, Some(stored.id), stored)
        }
    }

    /// An item of a list: without a value, and in the list of secrets without a version in its id.
    pub(in crate::emulator) fn listed(
        call: &Call<'_>,
        name: &SecretName,
        id: Option<SecretVersion>,
        stored: &'v Stored,
    ) -> Self {
        let secret = format!("{}/secrets/{name}", call.base);
        let version = &stored.version;
        Self {
            value: None,
            content_type: version.content_type.as_deref(),
            id: id.map_or_else(|| secret.clone(), |id| format!("{secret}/{id}")),
            managed: version.managed.then_some(true),
            attributes: Attributes {
                enabled: version.enabled,
                nbf: version.not_before,
                exp: version.expires,
                created: stored.created,
                updated: version.updated.unwrap_or(stored.created),
                recovery_level: call.recovery.level(!call.is_before_7_1()),
                recoverable_days: (!call.is_before_7_1()).then_some(call.recovery.days),
            },
            tags: &version.tags,
            kid: None,
            previous_version: None,
        }
    }
}

//! Setting, updating and deleting a secret.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use serde::Deserialize;

use super::Vault;
use super::access::{Permission, permitted};
use super::bundle::{Bundle, DeletedBundle};
use super::contents::{Busy, Contents};
use super::refusal::refuse;
use super::secrets::{Call, bad, named, not_found};
use super::version::{Stored, Version};
use crate::emulator::answer::Answer;
use crate::emulator::entra::Grant;
use crate::reference::SecretName;
use crate::secret::Secret;

/// The longest value, in bytes (25 KB, as Microsoft documents for Key Vault).
pub const MAX_VALUE: usize = 25_600;

/// Bounds that Microsoft documents: characters of a content type, tags, characters of a tag's name and value.
pub(in crate::emulator) const MAX_CONTENT_TYPE: usize = 255;
pub(in crate::emulator) const MAX_TAGS: usize = 15;
pub(in crate::emulator) const MAX_TAG: usize = 512;

/// The body of a PUT. Official clients leave out what isn't set, or send it empty or null.
#[derive(Deserialize)]
struct SetBody {
    value: Option<String>,
    #[serde(flatten)]
    rest: Properties,
}

/// What a PUT may and a PATCH does set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    content_type: Option<String>,
    attributes: Option<Attributes>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
struct Attributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

/// `PUT /secrets/NAME`: a new version, which is the latest from now on.
pub(in crate::emulator) fn set(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let name = named(name)?;
    permitted(vault, grant, Permission::Set)?;
    let body: SetBody = serde_json::from_slice(&call.body).map_err(|_| bad("The request body is not a secret."))?;
    let value = body.value.ok_or_else(|| bad("The property 'value' is required."))?;
    let mut version = Version::new(Secret::new(value));
    apply(&mut version, body.rest)?;
    let contents = added(vault, &name, version, call.now)?;
    let (name, stored) = contents.latest(&name).expect("internal error: a version was added");
    Ok(Answer::json(200, &Bundle::with_value(call, name, stored, None)))
}

/// Adds a version, which is the latest from now on, as a PUT does, and gives its id.
pub(in crate::emulator) fn add(
    vault: &Vault,
    name: &str,
    version: Version,
    now: i64,
) -> Result<BTreeMap<&'static str, String>, Answer> {
    let name = named(name)?;
    let contents = added(vault, &name, version, now)?;
    let id = contents.latest(&name).map(|(_, stored)| stored.id.to_string());
    Ok(id.map(|id| ("version", id)).into_iter().collect())
}

fn added<'v>(
    vault: &'v Vault,
    name: &SecretName,
    version: Version,
    now: i64,
) -> Result<MutexGuard<'v, Contents>, Answer> {
    if version.value.expose().len() > MAX_VALUE {
        return Err(bad(&format!("The value of the secret exceeds the maximum length of {MAX_VALUE} bytes.")));
    }
    let mut contents = vault.contents();
    contents.purge_overdue(now, vault.recovery());
    if let Some(busy) = contents.busy(name) {
        return Err(conflict(name, busy));
    }
    unmanaged(contents.latest(name).map(|(_, stored)| stored))?;
    contents.add(name, Stored::new(version, now));
    Ok(contents)
}

/// `PATCH /secrets/NAME/VERSION`: other properties of a version, the latest without one. The value stays.
pub(in crate::emulator) fn update(
    vault: &Vault,
    grant: &Grant,
    call: &Call<'_>,
    name: &str,
    version: Option<&str>,
) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Update)?;
    let body: Properties =
        serde_json::from_slice(&call.body).map_err(|_| bad("The request body is not a secret's."))?;
    let mut contents = vault.contents();
    let (name, stored) = contents.version_mut(&asked, version).ok_or_else(|| not_found(name, version))?;
    unmanaged(Some(stored))?;
    apply(&mut stored.version, body)?;
    stored.version.updated = Some(call.now);
    Ok(Answer::json(200, &Bundle::listed(call, name, Some(stored.id), stored)))
}

/// Sets what is given, or nothing of it.
fn apply(version: &mut Version, given: Properties) -> Result<(), Answer> {
    let long = |text: &str, most: usize| text.chars().count() > most;
    if given.content_type.as_ref().is_some_and(|text| long(text, MAX_CONTENT_TYPE)) {
        return Err(bad(&format!("The content type exceeds the maximum length of {MAX_CONTENT_TYPE} characters.")));
    }
    if let Some(tags) = &given.tags {
        if tags.len() > MAX_TAGS {
            return Err(bad(&format!("The number of tags exceeds the maximum of {MAX_TAGS}.")));
        }
        if tags.iter().any(|(name, value)| long(name, MAX_TAG) || long(value, MAX_TAG)) {
            return Err(bad(&format!("A tag's name or value exceeds the maximum length of {MAX_TAG} characters.")));
        }
    }
    let attributes = given.attributes.unwrap_or_default();
    version.content_type = given.content_type.or(version.content_type.take());
    version.tags = given.tags.unwrap_or_else(|| std::mem::take(&mut version.tags));
    version.enabled = attributes.enabled.unwrap_or(version.enabled);
    version.not_before = attributes.nbf.or(version.not_before);
    version.expires = attributes.exp.or(version.expires);
    Ok(())
}

/// `DELETE /secrets/NAME`: deleted for now; it can be recovered, or purged.
pub(in crate::emulator) fn delete(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Delete)?;
    let mut contents = vault.contents();
    unmanaged(contents.latest(&asked).map(|(_, stored)| stored))?;
    let deleted = contents.delete(&asked, call.now, vault.settles_in());
    let (name, deleted) = deleted.ok_or_else(|| not_found(name, None))?;
    Ok(Answer::json(200, &DeletedBundle::new(call, name, deleted)))
}

/// The refusal of a name that can't be used now.
pub(super) fn conflict(name: &SecretName, busy: Busy) -> Answer {
    let (code, message) = match busy {
        Busy::Deleted => (
            "ObjectIsDeletedButRecoverable",
            format!(
                "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."
            ),
        ),
        Busy::BeingDeleted => {
            ("ObjectIsBeingDeleted", format!("Secret {name} is currently being deleted and cannot be re-created."))
        }
        Busy::BeingRecovered => {
            ("ObjectIsBeingRecovered", format!("Secret {name} is currently being recovered and cannot be changed."))
        }
    };
    refuse(409, "Conflict", Some(code), &message)
}

/// Refuses to change what belongs to a certificate. The service does so too; its answer wasn't seen.
fn unmanaged(stored: Option<&Stored>) -> Result<(), Answer> {
    if stored.is_some_and(|stored| stored.version.managed) {
        let message = "The secret is managed by a certificate, whose own operations change it.";
        return Err(refuse(403, "Forbidden", None, message));
    }
    Ok(())
}

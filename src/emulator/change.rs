//! Setting, updating and deleting a secret.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::access::{Permission, permitted};
use super::answer::Answer;
use super::bundle::{Bundle, DeletedBundle};
use super::clock;
use super::error::vault as refuse;
use super::secrets::{Call, bad, named, not_found};
use super::seed::MAX_VALUE;
use super::token::Grant;
use super::vault::{Stored, Vault, Version};
use crate::secret::Secret;

/// Bounds that Microsoft documents: characters of a content type, tags, characters of a tag's name and value.
const MAX_CONTENT_TYPE: usize = 255;
const MAX_TAGS: usize = 15;
const MAX_TAG: usize = 512;

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
pub(super) fn set(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let name = named(name)?;
    permitted(vault, grant, Permission::Set)?;
    let body: SetBody = serde_json::from_slice(&call.body).map_err(|_| bad("The request body is not a secret."))?;
    let value = body.value.ok_or_else(|| bad("The property 'value' is required."))?;
    if value.len() > MAX_VALUE {
        return Err(bad(&format!("The value of the secret exceeds the maximum length of {MAX_VALUE} bytes.")));
    }
    let mut version = Version::new(Secret::new(value));
    apply(&mut version, body.rest)?;
    let mut contents = vault.contents();
    if contents.deleted(&name).is_some() {
        let message = format!(
            "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."
        );
        return Err(refuse(409, "Conflict", Some("ObjectIsDeletedButRecoverable"), &message));
    }
    contents.add(&name, Stored::new(version));
    let (name, stored) = contents.latest(&name).expect("internal error: a version was added");
    Ok(Answer::json(200, &Bundle::with_value(call, name, stored)))
}

/// `PATCH /secrets/NAME/VERSION`: other properties of a version, the latest without one. The value stays.
pub(super) fn update(
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
    apply(&mut stored.version, body)?;
    stored.version.updated = Some(clock::now());
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
pub(super) fn delete(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Delete)?;
    let mut contents = vault.contents();
    let (name, deleted) = contents.delete(&asked).ok_or_else(|| not_found(name, None))?;
    Ok(Answer::json(200, &DeletedBundle::new(call, name, deleted)))
}

//! A secret with all its versions as one text, and back.
//!
//! The service's text is encrypted; ours is not, and is as secret as the values in it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};

use super::Vault;
use super::access::{Permission, permitted};
use super::bundle::Bundle;
use super::kept::Kept;
use super::refusal::refuse;
use super::secrets::{Call, bad, named, not_found};
use super::version::Stored;
use crate::emulator::answer::Answer;
use crate::emulator::entra::Grant;
use crate::reference::SecretName;

/// What tells that a text is a backup of ours.
const FORM: &str = "credflow emulator's backup, 1";

#[derive(Serialize, Deserialize)]
struct Backup {
    form: String,
    name: String,
    versions: Vec<Kept>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    value: String,
}

/// `POST /secrets/NAME/backup`
pub(in crate::emulator) fn backup(vault: &Vault, grant: &Grant, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Backup)?;
    let contents = vault.contents();
    let (name, versions) = contents.versions(&asked).ok_or_else(|| not_found(name, None))?;
    let backup =
        Backup { form: FORM.to_owned(), name: name.to_string(), versions: versions.iter().map(Kept::from).collect() };
    let json = serde_json::to_vec(&backup).expect("internal error: texts and numbers are JSON");
    Ok(Answer::json(200, &Body { value: BASE64_URL_SAFE_NO_PAD.encode(json) }))
}

/// `POST /secrets/restore`
pub(in crate::emulator) fn restore(vault: &Vault, grant: &Grant, call: &Call<'_>) -> Result<Answer, Answer> {
    permitted(vault, grant, Permission::Restore)?;
    let (name, versions) = read(&call.body).ok_or_else(|| bad("The backup blob is malformed."))?;
    let mut contents = vault.contents();
    if !contents.restore(name.clone(), versions) {
        let message = format!("The secret {name} already exists in this vault, deleted or not.");
        return Err(refuse(409, "Conflict", None, &message));
    }
    let (name, stored) = contents.latest(&name).expect("internal error: it was restored");
    Ok(Answer::json(200, &Bundle::listed(call, name, Some(stored.id), stored)))
}

fn read(body: &[u8]) -> Option<(SecretName, Vec<Stored>)> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let json = BASE64_URL_SAFE_NO_PAD.decode(body.value.trim_end_matches('=')).ok()?;
    let backup: Backup = serde_json::from_slice(&json).ok()?;
    let versions: Option<Vec<Stored>> = backup.versions.into_iter().map(Kept::stored).collect();
    let versions = versions.filter(|versions| !versions.is_empty() && backup.form == FORM)?;
    Some((backup.name.parse().ok()?, versions))
}

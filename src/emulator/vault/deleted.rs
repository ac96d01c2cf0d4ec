//! Deleted secrets: listed, looked at, recovered, purged.

use super::Vault;
use super::access::{Permission, permitted};
use super::bundle::{Bundle, DeletedBundle};
use super::change::conflict;
use super::contents::Busy;
use super::page::page;
use super::refusal::refuse;
use super::secrets::{Call, key, named};
use crate::emulator::answer::Answer;
use crate::emulator::entra::Grant;
use crate::reference::SecretName;

/// `GET /deletedsecrets`
pub(in crate::emulator) fn list(vault: &Vault, grant: &Grant, call: &Call<'_>) -> Result<Answer, Answer> {
    permitted(vault, grant, Permission::List)?;
    let contents = vault.contents();
    let deleted = contents.all_deleted();
    let items = deleted.map(|(name, deleted)| (key(name), DeletedBundle::listed(call, name, deleted)));
    page(call, "deletedsecrets", items)
}

/// `GET /deletedsecrets/NAME`
pub(in crate::emulator) fn get(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Get)?;
    let contents = vault.contents();
    let (name, deleted) = contents.deleted(&asked).ok_or_else(|| missing(name))?;
    if !deleted.latest().version.enabled {
        let message = "Operation get is not permitted on this object.";
        return Err(refuse(403, "Forbidden", Some("AccessDenied"), message));
    }
    Ok(Answer::json(200, &DeletedBundle::new(call, name, deleted)))
}

/// `POST /deletedsecrets/NAME/recover`
pub(in crate::emulator) fn recover(
    vault: &Vault,
    grant: &Grant,
    call: &Call<'_>,
    name: &str,
) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Recover)?;
    let mut contents = vault.contents();
    unsettled(contents.busy(&asked), &asked)?;
    if !contents.recover(&asked, vault.settles_in()) {
        return Err(refuse(404, "SecretNotFound", None, &format!("Secret not found: {name}")));
    }
    let (name, stored) = contents.latest(&asked).expect("internal error: it was recovered");
    Ok(Answer::json(200, &Bundle::listed(call, name, Some(stored.id), stored)))
}

/// `DELETE /deletedsecrets/NAME`
pub(in crate::emulator) fn purge(vault: &Vault, grant: &Grant, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Purge)?;
    if vault.recovery().is_protected {
        // As seen in public issues.
        let vault = vault.name();
        let message = format!(
            "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.\r\nVault: {vault};location=westus2"
        );
        return Err(refuse(403, "Forbidden", None, &message));
    }
    let mut contents = vault.contents();
    unsettled(contents.busy(&asked), &asked)?;
    if contents.purge(&asked) { Ok(Answer::empty(204)) } else { Err(missing(name)) }
}

/// Refuses what has to wait until the secret is deleted.
fn unsettled(busy: Option<Busy>, name: &SecretName) -> Result<(), Answer> {
    match busy {
        Some(Busy::BeingDeleted) => Err(conflict(name, Busy::BeingDeleted)),
        _ => Ok(()),
    }
}

fn missing(name: &str) -> Answer {
    refuse(404, "SecretNotFound", None, &format!("Deleted Secret not found: {name}"))
}

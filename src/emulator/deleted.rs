//! Deleted secrets: listed, looked at, recovered, purged.

use super::World;
use super::access::{Permission, permitted};
use super::answer::Answer;
use super::bundle::{Bundle, DeletedBundle};
use super::error::vault as refuse;
use super::page::page;
use super::secrets::{Call, named};
use super::token::Grant;
use super::vault::Vault;

/// `GET /deletedsecrets`
pub(super) fn list(world: &World, vault: &Vault, grant: &Grant, call: &Call<'_>) -> Result<Answer, Answer> {
    permitted(vault, grant, Permission::List)?;
    let contents = vault.contents();
    let items = contents.all_deleted().map(|(name, deleted)| DeletedBundle::listed(call, name, deleted)).collect();
    page(world, call, "deletedsecrets", items)
}

/// `GET /deletedsecrets/NAME`
pub(super) fn get(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Get)?;
    let contents = vault.contents();
    let (name, deleted) = contents.deleted(&asked).ok_or_else(|| missing(name))?;
    Ok(Answer::json(200, &DeletedBundle::new(call, name, deleted)))
}

/// `POST /deletedsecrets/NAME/recover`
pub(super) fn recover(vault: &Vault, grant: &Grant, call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Recover)?;
    let mut contents = vault.contents();
    if !contents.recover(&asked) {
        return Err(missing(name));
    }
    let (name, stored) = contents.latest(&asked).expect("internal error: it was recovered");
    Ok(Answer::json(200, &Bundle::listed(call, name, Some(stored.id), stored)))
}

/// `DELETE /deletedsecrets/NAME`
pub(super) fn purge(vault: &Vault, grant: &Grant, name: &str) -> Result<Answer, Answer> {
    let asked = named(name)?;
    permitted(vault, grant, Permission::Purge)?;
    if vault.contents().purge(&asked) { Ok(Answer::empty(204)) } else { Err(missing(name)) }
}

fn missing(name: &str) -> Answer {
    refuse(404, "SecretNotFound", None, &format!("Deleted Secret not found: {name}"))
}

//! What the vaults hold, as it stands in the file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::emulator::Vault;
use crate::emulator::vault::{Contents, Deleted, Kept, Stored};
use crate::reference::{SecretName, StoreName};

/// What tells a state from other files, and its version.
const FORM: &str = "credflow emulator's state";
pub(super) const VERSION: u32 = 1;

/// Why bytes are no state.
pub(super) enum Unreadable {
    Torn,
    Version(u32),
}

#[derive(Deserialize)]
struct Head {
    form: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct File {
    form: String,
    version: u32,
    vaults: Vec<KeptVault>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptVault {
    pub(super) name: String,
    secrets: Vec<KeptSecret>,
    deleted: Vec<KeptSecret>,
    /// What isn't there any more, and doesn't come back from a seed.
    purged: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptSecret {
    name: String,
    /// When it was deleted, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<i64>,
    versions: Vec<Kept>,
}

/// The vaults of a state.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<KeptVault>, Unreadable> {
    // A file that somebody made to be filled.
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| Unreadable::Torn)?;
    if head.form != FORM {
        return Err(Unreadable::Torn);
    }
    if head.version != VERSION {
        return Err(Unreadable::Version(head.version));
    }
    let file: File = serde_json::from_slice(bytes).map_err(|_| Unreadable::Torn)?;
    let are_named = file.vaults.iter().all(|vault| vault.name.parse::<StoreName>().is_ok());
    if are_named { Ok(file.vaults) } else { Err(Unreadable::Torn) }
}

/// A state with these vaults.
pub(super) fn write(vaults: &[Vault]) -> Vec<u8> {
    let file = File { form: FORM.to_owned(), version: VERSION, vaults: vaults.iter().map(kept).collect() };
    serde_json::to_vec(&file).expect("internal error: texts and numbers are JSON")
}

fn kept(vault: &Vault) -> KeptVault {
    let contents = vault.contents();
    let versions = |versions: &[Stored]| versions.iter().map(Kept::from).collect();
    let secret = |(name, all): (&SecretName, &[Stored])| KeptSecret {
        name: name.to_string(),
        deleted: None,
        versions: versions(all),
    };
    let deleted = |(name, deleted): (&SecretName, &Deleted)| KeptSecret {
        name: name.to_string(),
        deleted: Some(deleted.at),
        versions: versions(&deleted.versions),
    };
    KeptVault {
        name: vault.name().to_owned(),
        secrets: contents.all().map(secret).collect(),
        deleted: contents.deleted_and_settling().map(deleted).collect(),
        purged: contents.purged().map(ToString::to_string).collect(),
    }
}

impl KeptVault {
    /// Puts what was kept into a vault; nothing when it isn't what a vault can hold.
    pub(super) fn put(self, contents: &mut Contents) -> Option<()> {
        for secret in self.secrets.into_iter().chain(self.deleted) {
            let name: SecretName = secret.name.parse().ok()?;
            let versions: Option<Vec<Stored>> = secret.versions.into_iter().map(Kept::stored).collect();
            let versions = versions.filter(|versions| !versions.is_empty())?;
            match secret.deleted {
                None => contents.put(name, versions),
                Some(at) => contents.put_deleted(name, Deleted::new(versions, at, Duration::ZERO)),
            }
        }
        for name in self.purged {
            contents.put_purged(name.parse().ok()?);
        }
        Some(())
    }
}

//! What the vaults hold, in a file: written whole before a change is acknowledged, so that a crash loses nothing that
//! was.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::vault::{Contents, Deleted, Kept, Stored};
use super::{Vault, World};
use crate::file;
use crate::reference::{SecretName, StoreName};

/// What tells a state from other files, and its version.
const FORM: &str = "credflow emulator's state";
const VERSION: u32 = 1;

/// Why a state file isn't used. It stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It can't be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It ends too early, or is something else.
    #[error("{0} is torn, or no state of the emulator")]
    Torn(PathBuf),
    /// It was written by another version.
    #[error("{path} is a state of version {version}; this credflow has version {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// The file, and which changes are in it.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    /// Changes so far.
    changes: AtomicU64,
    /// The changes that the file has.
    saved: Mutex<u64>,
}

#[derive(Serialize, Deserialize)]
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
struct KeptVault {
    name: String,
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

impl State {
    /// A state in that file; when there is one already, what it holds takes the place of what the vaults hold. What a
    /// vault holds beside it stays, unless it was purged.
    pub(super) fn open(path: &Path, vaults: &mut Vec<Vault>) -> Result<Self, StateError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let torn = || StateError::Torn(path.to_owned());
                let head: Head = serde_json::from_slice(&bytes).map_err(|_| torn())?;
                if head.form != FORM {
                    return Err(torn());
                }
                if head.version != VERSION {
                    return Err(StateError::Version { path: path.to_owned(), version: head.version });
                }
                let file: File = serde_json::from_slice(&bytes).map_err(|_| torn())?;
                for kept in file.vaults {
                    let _: StoreName = kept.name.parse().map_err(|_| torn())?;
                    let at = vaults.iter().position(|vault| vault.name() == kept.name).unwrap_or_else(|| {
                        vaults.push(Vault::new(kept.name.as_str()));
                        vaults.len() - 1
                    });
                    put(&mut vaults[at].contents(), kept).ok_or_else(torn)?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StateError::Unreadable { path: path.to_owned(), error }),
        }
        Ok(Self { path: path.to_owned(), changes: AtomicU64::new(0), saved: Mutex::new(0) })
    }

    /// Waits until a change that was made is in the file. Changes that come while it is written go into the next one
    /// together.
    pub(super) async fn save(&self, world: &World) -> io::Result<()> {
        let change = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
        let mut saved = self.saved.lock().await;
        if *saved >= change {
            return Ok(());
        }
        let upto = self.changes.load(Ordering::SeqCst);
        let vaults = world.vaults.iter().map(kept).collect();
        let file = File { form: FORM.to_owned(), version: VERSION, vaults };
        let json = serde_json::to_vec(&file).expect("internal error: texts and numbers are JSON");
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || file::write(&path, &json)).await;
        written.map_err(io::Error::other)??;
        *saved = upto;
        Ok(())
    }
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

/// Puts what was kept into a vault; nothing when it isn't what a vault can hold.
fn put(contents: &mut Contents, kept: KeptVault) -> Option<()> {
    for secret in kept.secrets.into_iter().chain(kept.deleted) {
        let name: SecretName = secret.name.parse().ok()?;
        let versions: Option<Vec<Stored>> = secret.versions.into_iter().map(Kept::stored).collect();
        let versions = versions.filter(|versions| !versions.is_empty())?;
        match secret.deleted {
            None => contents.put(name, versions),
            Some(at) => contents.put_deleted(name, Deleted::new(versions, at, Duration::ZERO)),
        }
    }
    for name in kept.purged {
        contents.put_purged(name.parse().ok()?);
    }
    Some(())
}

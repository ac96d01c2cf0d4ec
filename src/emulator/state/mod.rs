//! What the vaults hold, in a file: written whole before a change is acknowledged, so that a crash loses nothing that
//! was.

mod form;
mod held;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, RwLock, RwLockReadGuard};

use super::vault::Contents;
use super::{Vault, World};

use form::{Unreadable, VERSION};
use held::Held;

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
    /// It, or a file beside it, can't be written.
    #[error("cannot keep the state in {path}: {error}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another emulator has it.
    #[error("another emulator keeps its state in {0}")]
    InUse(PathBuf),
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
    held: Arc<Held>,
    /// Vaults that only the state has.
    added: Vec<String>,
    /// Changes so far.
    changes: AtomicU64,
    /// Held by each change while it is made, so that none is made while others are taken back.
    changing: RwLock<()>,
    saved: Mutex<Saved>,
}

#[derive(Debug, Default)]
struct Saved {
    /// The changes that the file has.
    upto: u64,
    /// Changes that were taken back, as far as they are not in the file.
    refused: u64,
    /// What is in the file.
    bytes: Vec<u8>,
}

/// A change that is being made.
pub(super) struct Change<'s> {
    state: &'s State,
    _made: RwLockReadGuard<'s, ()>,
}

/// A change that was made, and is to be saved.
pub(super) struct Made(u64);

impl Change<'_> {
    /// It was made.
    pub(super) fn made(self) -> Made {
        Made(self.state.changes.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// The names of the vaults of a state; none when there is no file.
///
/// # Errors
/// When the file is none that can be used.
pub fn state_vaults(path: &Path) -> Result<Vec<String>, StateError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(read(path, &bytes)?.into_iter().map(|vault| vault.name).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(StateError::Unreadable { path: path.to_owned(), error }),
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Vec<form::KeptVault>, StateError> {
    form::read(bytes).map_err(|why| match why {
        Unreadable::Torn => StateError::Torn(path.to_owned()),
        Unreadable::Version(version) => StateError::Version { path: path.to_owned(), version },
    })
}

impl State {
    /// A state in that file, which no other emulator has; when there is one already, what it holds takes the place of
    /// what the vaults hold. What a vault holds beside it stays, unless it was purged.
    pub(super) fn open(path: &Path, vaults: &mut Vec<Vault>) -> Result<Self, StateError> {
        let path = path.to_owned();
        let held = Held::new(&path).map_err(|error| StateError::Unwritable { path: path.clone(), error })?;
        let held = held.ok_or_else(|| StateError::InUse(path.clone()))?;
        let bytes = held.read().map_err(|error| StateError::Unreadable { path: path.clone(), error })?;
        let mut added = Vec::new();
        for kept in read(&path, &bytes.unwrap_or_default())? {
            let at = vaults.iter().position(|vault| vault.name() == kept.name).unwrap_or_else(|| {
                added.push(kept.name.clone());
                vaults.push(Vault::new(kept.name.as_str()));
                vaults.len() - 1
            });
            kept.put(&mut vaults[at].contents()).ok_or_else(|| StateError::Torn(path.clone()))?;
        }
        let changing = RwLock::default();
        Ok(Self { path, held: Arc::new(held), added, changes: AtomicU64::new(0), changing, saved: Mutex::default() })
    }

    /// Saves what the vaults hold at the start, so that what a seed brought is the same the next time.
    pub(super) fn begin(&mut self, vaults: &[Vault]) -> Result<(), StateError> {
        let bytes = form::write(vaults);
        self.held.write(&bytes).map_err(|error| StateError::Unwritable { path: self.path.clone(), error })?;
        self.saved.get_mut().bytes = bytes;
        Ok(())
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether only the state has a vault of that name.
    pub(super) fn added(&self, name: &str) -> bool {
        self.added.iter().any(|added| added == name)
    }

    /// Begins a change.
    pub(super) async fn change(&self) -> Change<'_> {
        Change { state: self, _made: self.changing.read().await }
    }

    /// Waits until a change that was made is in the file. Changes that come while it is written go into the next one
    /// together. When it can't be written they are all taken back.
    pub(super) async fn save(&self, world: &World, Made(change): Made) -> io::Result<()> {
        let mut saved = self.saved.lock().await;
        if saved.refused >= change {
            return Err(io::Error::other("a change before it could not be saved either"));
        }
        if saved.upto >= change {
            return Ok(());
        }
        let upto = self.changes.load(Ordering::SeqCst);
        let bytes = form::write(&world.vaults);
        let held = Arc::clone(&self.held);
        let writing = tokio::task::spawn_blocking(move || held.write(&bytes).map(|()| bytes)).await;
        match writing.map_err(io::Error::other).flatten() {
            Ok(bytes) => {
                saved.upto = upto;
                saved.bytes = bytes;
                Ok(())
            }
            Err(error) => {
                let _nobody = self.changing.write().await;
                saved.refused = self.changes.load(Ordering::SeqCst);
                take_back(&world.vaults, &saved.bytes);
                Err(error)
            }
        }
    }

    /// Lets the file go.
    pub(super) fn release(&self) {
        self.held.release();
    }
}

/// Has vaults hold what was saved last.
fn take_back(vaults: &[Vault], bytes: &[u8]) {
    for kept in form::read(bytes).unwrap_or_default() {
        let Some(vault) = vaults.iter().find(|vault| vault.name() == kept.name) else { continue };
        let mut contents = vault.contents();
        *contents = Contents::default();
        let put = kept.put(&mut contents);
        put.expect("internal error: it was written from a vault");
    }
}

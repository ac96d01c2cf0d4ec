//! The state's file, held by one emulator alone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::file::folder;

/// A file that no other emulator writes to while this one lives. A file beside it is locked: the file itself is
/// replaced by each write.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    /// Nothing when it was let go.
    lock: Mutex<Option<File>>,
}

impl Held {
    /// Holds a file, or what a link leads to; nothing when another emulator holds it.
    pub(super) fn new(path: &Path) -> io::Result<Option<Self>> {
        let path = target(path);
        let lock = private(&beside(&path, "lock"), false)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path, lock: Mutex::new(Some(lock)) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What is in it; nothing when it isn't there.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it whole, or not at all. The new file is made under one name, so that a crash leaves one copy at most,
    /// which the next write replaces.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            return Err(io::Error::other("the emulator has stopped"));
        }
        let new = beside(&self.path, "new");
        let mut file = private(&new, true)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        // The new name reaches the disk with the folder.
        if cfg!(unix)
            && let Ok(folder) = File::open(folder(&self.path))
        {
            folder.sync_all()?;
        }
        Ok(())
    }

    /// Lets it go, after a write that goes on.
    pub(super) fn release(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Closing it isn't enough where somebody starts a process just now: that has the file as well for a moment.
        let _ = lock.map(|lock| lock.unlock());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// A file for its owner alone, to be written.
fn private(path: &Path, truncated: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(truncated);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// `.NAME.EXTENSION` in the folder of a file.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(extension);
    folder(path).join(name)
}

/// What a link leads to in the end, also when there is nothing yet.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // More links than a system follows.
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&path) else { break };
        path = folder(&path).join(next);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::Held;

    /// A process that is being started has the parent's files until its own program begins.
    #[test]
    fn a_file_that_was_let_go_can_be_held_whoever_else_has_it_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        let held = Held::new(&path).expect("a file").expect("nobody else");
        let others = held.lock.lock().expect("no panic").as_ref().expect("a lock").try_clone().expect("a file");
        assert!(Held::new(&path).expect("a file").is_none());
        drop(held);
        assert!(Held::new(&path).expect("a file").is_some());
        drop(others);
    }
}

//! Adding lines, also while other threads and processes do.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Line, NOTHING, Record, file, name, seal, tail};

/// A file to which the lines of one run are added. Threads share it: each append is one whole piece of the chain.
#[derive(Debug)]
pub struct Log {
    /// A lock of the file holds between processes, and between files that were opened apart; threads that share this one
    /// need the mutex.
    file: Mutex<File>,
    run: String,
}

impl Log {
    /// Opens a file, or makes one that its owner alone can read and write. A file that is there keeps its mode.
    ///
    /// The path itself may not be a symbolic link: somebody who can write to the folder could lead the lines elsewhere
    /// with it. Folders on the way may be links.
    ///
    /// # Errors
    /// What the system said; or that there is a link, or something else that isn't a file. Also when the file can't be
    /// locked where it is; that it is locked at the moment is no error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = file::open(path)?;
        match file.try_lock() {
            Ok(()) => file.unlock()?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let file = Mutex::new(file);
        Ok(Self { file, run: format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)) })
    }

    /// Adds a line for each record: all of them or none, together, and on the disk when this returns. It waits for as
    /// long as others hold the file's lock; [`Recorder`](super::Recorder) doesn't.
    ///
    /// # Errors
    /// What the system said.
    pub fn append(&self, records: &[Record]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.lock()?.append(records)
    }

    /// Waits until nobody else adds lines.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A signal for which somebody listens ends the waiting on some systems.
        while let Err(error) = file.lock() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(Locked { file, run: &self.run })
    }
}

/// A file to which nobody else adds lines.
pub(super) struct Locked<'l> {
    file: MutexGuard<'l, File>,
    run: &'l str,
}

impl Locked<'_> {
    /// Adds a line for each record, as [`Log::append`] does.
    pub(super) fn append<'r>(&self, records: impl IntoIterator<Item = &'r Record>) -> io::Result<()> {
        if file::is_deleted(&self.file)? {
            return Err(io::Error::other("it was deleted in the meantime"));
        }
        let length = self.file.metadata()?.len();
        let (mut text, mut previous) = match tail::last_line(&self.file, length)? {
            None => (Vec::new(), NOTHING.to_owned()),
            Some((line, true)) => (Vec::new(), name(&line)),
            // A writer was stopped in the middle of a line. The line stays, for people to see.
            Some((line, false)) => (vec![b'\n'], name(&line)),
        };
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        for record in records {
            let line = Line { run: self.run, time: time.clone(), record, previous: &previous };
            let start = text.len();
            serde_json::to_writer(&mut text, &line)?;
            previous = seal(&mut text, start);
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let written = (&*self.file).write_all(&text).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // A full disk in the middle of a line: nobody has added any behind it.
            let _ = self.file.set_len(length);
        }
        written
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Closing the file unlocks it as well.
        let _ = self.file.unlock();
    }
}

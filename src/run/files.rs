//! Values as files, for programs that read them from nowhere else.

use std::io::{self, Write};
use std::path::Path;

use tempfile::TempPath;

use super::private;
use super::supervisor::{Supervisor, Watched};

/// A file that its owner alone can read. It goes when this is dropped, or when this process is killed.
#[derive(Debug)]
pub(super) struct PrivateFile {
    // The supervisor hears of its end when it is gone.
    path: TempPath,
    _watched: Option<Watched>,
}

impl PrivateFile {
    /// Makes one with that content, in memory where the system has a file system there.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn write(bytes: &[u8], supervisor: Option<&Supervisor>) -> io::Result<Self> {
        private::make(|file| {
            let (mut file, path) = file.into_parts();
            // Before there is anything in it.
            let watched = supervisor.map(|supervisor| supervisor.watch_file(&path));
            file.write_all(bytes)?;
            Ok(Self { path, _watched: watched })
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

//! Values as files, for programs that read them from nowhere else.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A file that its owner alone can read, in memory where the system has a file system there. It goes when this is
/// dropped.
///
/// # Errors
/// What the system said.
pub(super) fn write(bytes: &[u8]) -> io::Result<TempPath> {
    let folders = [Some(PathBuf::from("/dev/shm")), std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)];
    let mut in_memory = folders.into_iter().flatten().filter(|folder| folder.is_dir());
    let file = in_memory.find_map(|folder| write_in(&folder, bytes).ok());
    file.map_or_else(|| write_in(&std::env::temp_dir(), bytes), Ok)
}

fn write_in(folder: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    // A temporary file has mode 0600 on Unix.
    let mut file = tempfile::Builder::new().prefix("credflow-").rand_bytes(12).tempfile_in(folder)?;
    file.write_all(bytes)?;
    Ok(file.into_temp_path())
}

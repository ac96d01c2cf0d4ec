//! Files for their owner alone.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file, or the one that a link names. It is made beside its place, readable by its owner alone from the first byte on, and then moved
/// there; what was there before stays until then, and a crash at any moment leaves the one or the other.
///
/// # Errors
/// What the system said, and when something other than a file stands there: a device, a pipe or a folder isn't replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => path.canonicalize()?,
        _ => path.to_path_buf(),
    };
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is there and is not a file"));
    }
    let folder = folder(path);
    // A temporary file has mode 0600 on Unix.
    let mut file = tempfile::Builder::new().prefix(".credflow-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder)
}

/// Makes a folder that its owner alone can enter, if there is none.
///
/// # Errors
/// What the system said.
#[cfg(feature = "cli")]
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether two paths name one file.
#[cfg(feature = "cli")]
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let same =
        |one: io::Result<std::path::PathBuf>| one.is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other));
    one == other || same(one.canonicalize())
}

/// The new name reaches the disk with the folder.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    match std::fs::File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // A folder that can be written to and not be read.
        Err(_) => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

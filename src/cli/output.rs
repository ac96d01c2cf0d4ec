//! A file that appears whole or not at all, for its owner alone.

use std::io::Write;
use std::path::Path;

/// Writes a file. It is made beside its place, readable by its owner alone from the first byte on, and then moved
/// there; what was there before stays until then.
pub(super) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = super::input::folder(path);
    // A temporary file has mode 0600 on Unix.
    let mut file = tempfile::Builder::new().prefix(".credflow-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

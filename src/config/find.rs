//! Where the configuration is.

use std::path::{Path, PathBuf};

/// The name that is looked for.
pub const FILE_NAME: &str = "credflow.yaml";

/// The configuration in a folder, or the nearest above it. One that turns out to be no file, or a link to nowhere, is
/// the nearest all the same: another one further up isn't what was meant.
pub fn find(folder: &Path) -> Option<PathBuf> {
    // A relative folder has no ancestors beyond the current one.
    let folder = std::path::absolute(folder).ok()?;
    let found = folder.ancestors().map(|above| above.join(FILE_NAME)).find(|path| path.symlink_metadata().is_ok())?;
    // Shown as people would type it.
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| found.strip_prefix(here).ok().map(Path::to_path_buf));
    Some(short.unwrap_or(found))
}

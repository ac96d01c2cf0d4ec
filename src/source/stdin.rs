//! Standard input as a text.

use std::path::Path;
use std::sync::Arc;

use super::{Source, SourceError};

/// What standard input is called in the place of a file.
pub const STDIN: &str = "-";

impl Source {
    /// Reads a file whole, or standard input where the path is `-`, as [`Source::new`].
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn read_or_stdin(path: &Path) -> Result<Arc<Self>, SourceError> {
        if path != Path::new(STDIN) {
            return Self::read(path);
        }
        Self::take("stdin".to_owned(), std::io::stdin().lock(), 0, false)
    }
}

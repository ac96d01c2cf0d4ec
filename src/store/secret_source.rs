//! Reading what a store proves itself by, from where the configuration says that it is.

use std::env::VarError;
use std::path::Path;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::apart::{apart_with, read_file};
use super::error::FetchError;
use crate::config::SecretSource;
use crate::secret::Secret;

/// The longest secret or token that a file may hold, in bytes.
const MAX_TEXT: usize = 64 << 10;

impl SecretSource {
    /// The secret as it is now, in memory that is wiped. One line break at the end of a variable or a file doesn't belong to it.
    /// A file has at most 64 KiB, and is read on a thread of its own: one that keeps its reader waiting holds up nothing else.
    ///
    /// # Errors
    /// When the variable or the file isn't there, is empty or isn't UTF-8, and when the file isn't read by the deadline.
    pub async fn read(&self, deadline: Instant) -> Result<Arc<Secret>, FetchError> {
        match self {
            Self::Literal(secret) => Ok(Arc::clone(secret)),
            Self::Variable(name) => variable(name).map(Arc::new),
            Self::File(path) => {
                let late = || FetchError::Deadline { host: path.display().to_string(), what: "a secret" };
                let file = path.clone();
                let read = apart_with(path, move || text(&file, FetchError::SecretUnreadable));
                timeout_at(deadline, read).await.unwrap_or_else(|_| Err(late())).map(Arc::new)
            }
        }
    }
}

/// The text of a file; one line break at its end doesn't belong to it.
pub(super) fn text(path: &Path, fault: impl Fn(String, String) -> FetchError) -> Result<Secret, FetchError> {
    let fault = |why: String| fault(path.display().to_string(), why);
    let bytes = read_file(path, MAX_TEXT).map_err(|error| fault(error.to_string()))?;
    let text = str::from_utf8(&bytes).map_err(|_| fault("it is not UTF-8".to_owned()))?;
    let value = without_line_break(text);
    if value.is_empty() {
        return Err(fault("it is empty".to_owned()));
    }
    Ok(Secret::concat([value]))
}

fn variable(name: &str) -> Result<Secret, FetchError> {
    let value = std::env::var(name).map(Zeroizing::new).map_err(|error| match error {
        VarError::NotUnicode(_) => FetchError::SecretNotText(name.to_owned()),
        VarError::NotPresent => FetchError::SecretUnset(name.to_owned()),
    })?;
    match without_line_break(&value) {
        "" => Err(FetchError::SecretUnset(name.to_owned())),
        value => Ok(Secret::concat([value])),
    }
}

/// A value without the line break that editors and `echo` put behind it.
fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

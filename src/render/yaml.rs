//! The workflow's own file with values in the place of references; every other byte stays.

use zeroize::Zeroizing;

use super::notice::NOTICE;
use super::{FilledFile, Reveal};
use crate::yaml::{Rewrite, RewriteError};

/// The file with its values, checked by reading it again. Masked, it begins with a comment that says so.
///
/// # Errors
/// When the result would not read as the same file with the values in; that is a fault of this crate.
pub fn yaml(file: &FilledFile, reveal: Reveal) -> Result<Zeroizing<String>, RewriteError> {
    let mut rewrite = Rewrite::new(&file.0.tree);
    let mut has_secrets = false;
    for binding in file.0.bindings().filter(|binding| binding.value.is_secret()) {
        rewrite.replace(binding.node, binding.value.show(reveal));
        has_secrets = true;
    }
    let text = rewrite.write()?;
    if reveal == Reveal::Revealed || !has_secrets {
        return Ok(text);
    }
    // A byte-order mark stays the first of all.
    let (mark, rest) = text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 });
    let is_crlf = rest.find('\n').is_some_and(|at| rest[..at].ends_with('\r'));
    Ok(Zeroizing::new([mark, NOTICE, if is_crlf { "\r\n" } else { "\n" }, rest].concat()))
}

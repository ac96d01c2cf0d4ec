//! The workflow's own file with values in the place of references; every other byte stays.

use zeroize::Zeroizing;

use super::notice::NOTICE;
use super::{FilledFile, Inexpressible, Reveal};
use crate::yaml::{Rewrite, RewriteError};

/// A file that can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrenderable {
    /// GitHub would read values as something else.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Inexpressible(Vec<Inexpressible>),
    /// The result would not read as the same file with the values in; that is a fault of this crate.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
}

/// The file with its values, checked by reading it again. Masked, it begins with a comment that says so. In a file of GitHub's, a
/// value that would begin an expression is written as the literal of one.
///
/// # Errors
/// When values can't be written in such a file, or the result would not read as meant.
pub fn yaml(file: &FilledFile, reveal: Reveal) -> Result<Zeroizing<String>, Unrenderable> {
    let FilledFile(_, escapes) = file;
    if reveal == Reveal::Revealed && !escapes.refused.is_empty() {
        return Err(Unrenderable::Inexpressible(escapes.refused.clone()));
    }
    let mut rewrite = Rewrite::new(&file.0.tree);
    let mut has_secrets = false;
    for binding in file.0.bindings().filter(|binding| binding.value.is_secret()) {
        let escaped = escapes.escaped.get(&binding.node).filter(|_| reveal == Reveal::Revealed);
        rewrite.replace(binding.node, escaped.map_or(binding.value.show(reveal), |escaped| escaped.expose()));
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

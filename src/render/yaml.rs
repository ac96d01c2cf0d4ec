//! The workflow's own file with values in the place of references; every other byte stays.

use zeroize::Zeroizing;

use super::{FilledFile, Reveal};
use crate::yaml::{Rewrite, RewriteError};

/// The file with its values, checked by reading it again.
///
/// # Errors
/// When the result would not read as the same file with the values in; that is a fault of this crate.
pub fn yaml(file: &FilledFile, reveal: Reveal) -> Result<Zeroizing<String>, RewriteError> {
    let mut rewrite = Rewrite::new(&file.0.tree);
    for binding in file.0.bindings().filter(|binding| binding.value.is_secret()) {
        rewrite.replace(binding.node, binding.value.show(reveal));
    }
    rewrite.write()
}

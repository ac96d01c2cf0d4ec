//! The workflow's own file with values in the place of references; every other byte stays.

use zeroize::Zeroizing;

use super::{Filled, Reveal};
use crate::workflow::Workflow;
use crate::yaml::{Rewrite, RewriteError};

/// The file with its values, checked by reading it again.
///
/// # Errors
/// When the result would not read as the same file with the values in; that is a fault of this crate.
pub fn yaml(workflow: &Workflow<Filled>, reveal: Reveal) -> Result<Zeroizing<String>, RewriteError> {
    let mut rewrite = Rewrite::new(&workflow.tree);
    for binding in workflow.bindings().filter(|binding| binding.value.is_secret()) {
        rewrite.replace(binding.node, binding.value.show(reveal));
    }
    rewrite.write()
}

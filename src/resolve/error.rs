//! Why a plan could not be resolved.

use std::fmt;

use crate::diagnostic::Diagnostics;
use crate::plan::FetchId;
use crate::store::FetchError;

/// Why a plan could not be resolved: the fetches that failed, and what people are told.
#[derive(Debug)]
pub struct ResolveError {
    pub(super) failures: Vec<(FetchId, FetchError)>,
    /// Whether values came that aren't what the workflow needs.
    pub(super) has_wrong_values: bool,
    pub(super) diagnostics: Diagnostics,
}

impl ResolveError {
    /// The fetches that failed and why, in the order of the plan: [`Plan::fetch`](crate::plan::Plan::fetch) tells which secret
    /// that is, [`Plan::store`](crate::plan::Plan::store) of which store. None when all values came and some isn't what the workflow
    /// needs: it doesn't have a field, or its dates are over.
    pub fn failures(&self) -> &[(FetchId, FetchError)] {
        &self.failures
    }

    /// Whether all of it may heal by itself, so that it makes sense to try again later. What ran out of time may, too; a value
    /// without a field, or out of its dates, doesn't.
    pub fn is_transient(&self) -> bool {
        !self.has_wrong_values && self.failures.iter().all(|(_, error)| error.is_transient())
    }

    /// The same for people: one complaint for each thing that went wrong, at every place that it hits, and warnings.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// The same, to be shown or added to others.
    pub fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostics.fmt(f)
    }
}

impl std::error::Error for ResolveError {}

impl From<ResolveError> for Diagnostics {
    fn from(error: ResolveError) -> Self {
        error.diagnostics
    }
}

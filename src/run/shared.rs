//! What all jobs of a run share.

use std::sync::Arc;

use tokio::time::Instant;

use super::Options;
use super::audience::Audience;
use crate::mask::MaskSet;
use crate::render::FilledWorkflow;

/// A run, from its beginning to its end.
pub(super) struct Run {
    pub(super) workflow: FilledWorkflow,
    pub(super) masks: Arc<MaskSet>,
    pub(super) options: Options,
    pub(super) audience: Audience,
    pub(super) began: Instant,
}

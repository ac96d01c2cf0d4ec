//! Both streams of a step in one place: what begins in the one may go on in the other.

use std::sync::Arc;

use crate::mask::{MaskSet, OutputMasker, Revealed};

/// Masks what was masked stream by stream once more.
pub(super) struct Merged(OutputMasker);

impl Merged {
    /// At the beginning of a step.
    pub(super) fn new(masks: &Arc<MaskSet>) -> Self {
        Self(OutputMasker::again(Arc::clone(masks)))
    }

    /// Takes what comes next of either stream, with what stars in it stand for, and gives what is to be seen of it. Nothing
    /// is held: each stream was, for long enough.
    pub(super) fn push(&mut self, bytes: &[u8], revealed: Vec<Revealed>) -> (Vec<u8>, Vec<Revealed>) {
        let Self(masker) = self;
        let (mut out, mut moved, mut at) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(revealed.len()), 0);
        for Revealed { stars, value } in revealed {
            masker.push(&bytes[at..stars.start], &mut out);
            masker.silence(&mut out);
            at = stars.end;
            let start = out.len();
            out.extend_from_slice(&bytes[stars]);
            moved.push(Revealed { stars: start..out.len(), value });
        }
        masker.push(&bytes[at..], &mut out);
        masker.silence(&mut out);
        (out, moved)
    }
}

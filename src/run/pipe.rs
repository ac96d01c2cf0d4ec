//! One stream of a process's output, masked.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

use super::event::Stream;
use super::mask::{MaskSet, OutputMasker};
use super::outlet::{Outlet, Place, Unseen};

/// Bytes that are read at once: as many as a pipe holds.
const PIPE: usize = 64 << 10;

/// Where output comes from.
pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// One stream of output. Its memory is of a fixed size, and wiped.
pub(super) struct Pipe {
    reader: Option<Reader>,
    stream: Stream,
    masker: OutputMasker,
    read: Zeroizing<Vec<u8>>,
    shown: Vec<u8>,
}

impl Pipe {
    pub(super) fn new(reader: Option<Reader>, stream: Stream, masks: &Arc<MaskSet>) -> Self {
        Self {
            reader,
            stream,
            masker: OutputMasker::new(Arc::clone(masks)),
            read: Zeroizing::new(vec![0; PIPE]),
            shown: Vec::new(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.reader.is_none()
    }

    /// Reads what comes next once there is a place for it, and tells how much; 0 at the end, and after that never
    /// anything. Nothing is lost when it isn't waited for to the end.
    pub(super) async fn read<'o>(&mut self, outlet: &'o Outlet) -> (usize, Place<'o>) {
        let Some(reader) = &mut self.reader else { return std::future::pending().await };
        let place = outlet.place().await;
        // What can't be read any more has ended.
        (reader.read(&mut self.read).await.unwrap_or(0), place)
    }

    /// Passes on what was read.
    pub(super) fn pass(&mut self, count: usize, place: Place<'_>) {
        if count == 0 {
            return self.close(Some(place));
        }
        self.masker.push(&self.read[..count], &mut self.shown);
        self.show(place);
    }

    /// Passes on what was held back, if there is a place for it, and reads no more.
    pub(super) fn close(&mut self, place: Option<Place<'_>>) {
        if self.reader.take().is_some() {
            self.masker.finish(&mut self.shown);
            if let Some(place) = place {
                self.show(place);
            }
        }
    }

    /// Reads no more if nobody sees it.
    pub(super) fn leave(&mut self, unseen: &Unseen) {
        if unseen.has(self.stream) {
            self.reader = None;
        }
    }

    fn show(&mut self, place: Place<'_>) {
        if !self.shown.is_empty() {
            place.send((self.stream, std::mem::take(&mut self.shown)));
        }
    }
}

//! One stream of a process's output, masked.

use std::sync::Arc;
use std::task::Poll;

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

    /// Reads what comes next once there is a place for it, and tells how much: 0 at the end, and after that never
    /// anything; nothing when something that was read before waits for the place. Nothing is lost when it isn't waited
    /// for to the end.
    pub(super) async fn read<'o>(&mut self, outlet: &'o Outlet) -> (Option<usize>, Place<'o>) {
        let Some(reader) = &mut self.reader else { return std::future::pending().await };
        let place = outlet.place().await;
        if !self.shown.is_empty() {
            return (None, place);
        }
        // What can't be read any more has ended.
        (Some(reader.read(&mut self.read).await.unwrap_or(0)), place)
    }

    /// Passes on what was read.
    pub(super) fn pass(&mut self, count: Option<usize>, place: Place<'_>) {
        if count == Some(0) {
            return self.close(Some(place));
        }
        self.mask(count.unwrap_or(0));
        self.show(place);
    }

    /// Passes on what was read of another stream; before that, what was written here until then: it may have added a
    /// value that the other one shows.
    pub(super) async fn catch_up(&mut self, other: &mut Self, count: Option<usize>, place: Place<'_>, outlet: &Outlet) {
        let Some(count) = count.filter(|count| *count > 0) else { return other.pass(count, place) };
        match self.read_now().await {
            Some(here) if here > 0 => {
                self.pass(Some(here), place);
                other.mask(count);
                // Where there is no place it waits for one.
                if let Some(place) = outlet.place_now() {
                    other.show(place);
                }
            }
            // The end comes again, or there is nothing.
            _ => other.pass(Some(count), place),
        }
    }

    /// Reads what is there.
    async fn read_now(&mut self) -> Option<usize> {
        let mut reading = std::pin::pin!(tokio::task::unconstrained(self.reader.as_mut()?.read(&mut self.read)));
        let read = std::future::poll_fn(|context| match reading.as_mut().poll(context) {
            Poll::Ready(read) => Poll::Ready(read.ok()),
            Poll::Pending => Poll::Ready(None),
        });
        read.await
    }

    fn mask(&mut self, count: usize) {
        self.masker.push(&self.read[..count], &mut self.shown);
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

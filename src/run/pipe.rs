//! One stream of a process's output, masked.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

use super::event::Stream;
use super::mask::{MaskSet, OutputMasker};

/// Bytes that are read at once: as many as a pipe holds.
const PIPE: usize = 64 << 10;

/// Where output comes from.
pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Where masked output goes.
pub(super) type Sink<'s> = &'s mut (dyn FnMut(Stream, &[u8]) + Send);

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

    /// Reads what comes next, and tells how much; 0 at the end, and after that never anything.
    pub(super) async fn read(&mut self) -> usize {
        match &mut self.reader {
            // What can't be read any more has ended.
            Some(reader) => reader.read(&mut self.read).await.unwrap_or(0),
            None => std::future::pending().await,
        }
    }

    /// Passes on what was read.
    pub(super) fn pass(&mut self, count: usize, sink: Sink<'_>) {
        if count == 0 {
            return self.close(sink);
        }
        self.masker.push(&self.read[..count], &mut self.shown);
        self.show(sink);
    }

    /// Passes on what was held back, and reads no more.
    pub(super) fn close(&mut self, sink: Sink<'_>) {
        if self.reader.take().is_some() {
            self.masker.finish(&mut self.shown);
            self.show(sink);
        }
    }

    fn show(&mut self, sink: Sink<'_>) {
        if !self.shown.is_empty() {
            sink(self.stream, &self.shown);
            self.shown.clear();
        }
    }
}

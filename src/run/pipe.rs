//! One stream of a process's output, masked.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::audience::MaskedPiece;
use super::event::Stream;
use super::reader::{Read, Reader};
use crate::mask::{Listener, MaskSet, OutputMasker};

/// Bytes that are read at once: as many as a pipe holds.
const PIPE: usize = 64 << 10;

/// How long a pseudo-terminal is silent before what looks like the beginning of a value is shown: somebody may be typing.
const TYPING: Duration = Duration::from_millis(100);

/// The same for a pipe, where nobody looks for their keys.
const LULL: Duration = Duration::from_secs(1);

/// One stream of a process's output.
pub(super) struct Pipe {
    pub(super) reader: Option<Reader>,
    pub(super) stream: Stream,
    masker: OutputMasker,
    buffer: Zeroizing<Vec<u8>>,
    /// How much waited to be shown before it was last read.
    pub(super) before: usize,
    shown: Vec<u8>,
    /// Whether the terminal behind makes the line ends that this pseudo-terminal makes as well.
    pub(super) has_double_ends: bool,
    /// When what is held is shown if nothing more comes.
    pub(super) alarm: Option<Instant>,
}

impl Pipe {
    /// The listener is shown what the process adds to the masks, but for what it writes to a pseudo-terminal.
    pub(super) fn new(
        reader: Option<Reader>,
        stream: Stream,
        masks: &Arc<MaskSet>,
        listener: Option<Listener>,
    ) -> Self {
        let masker = OutputMasker::new(Arc::clone(masks));
        let masker = match listener {
            Some(listener) if !reader.as_ref().is_some_and(Reader::is_screen) => masker.revealing(listener),
            _ => masker,
        };
        Self {
            reader,
            stream,
            masker,
            buffer: Zeroizing::new(vec![0; PIPE]),
            before: 0,
            shown: Vec::new(),
            has_double_ends: false,
            alarm: None,
        }
    }

    /// Waits until there may be something to read; for ever when nothing more comes.
    pub(super) async fn ready(&self) {
        match &self.reader {
            Some(reader) => reader.ready().await,
            None => std::future::pending().await,
        }
    }

    /// How much was read and waits to be shown.
    pub(super) fn waiting(&self) -> usize {
        self.masker.waiting()
    }

    /// Reads what came, and tells whether something did, or the end.
    pub(super) fn read(&mut self) -> bool {
        let Some(reader) = &self.reader else { return false };
        let read = reader.read(&mut self.buffer);
        self.take(read);
        read != Read::Nothing
    }

    /// Reads all that was written before now. What is written meanwhile may come with it, but not without end.
    pub(super) fn read_now(&mut self) {
        self.before = self.waiting();
        let mut most = self.reader.as_ref().map_or(0, Reader::capacity);
        while let Some(reader) = &self.reader
            && most > 0
        {
            let read = reader.read_now(&mut self.buffer);
            self.take(read);
            let Read::Some(count) = read else { return };
            most = most.saturating_sub(count);
        }
    }

    /// Searches what was read for values that are to be masked, at once: what the other stream shows may have one.
    fn take(&mut self, read: Read) {
        match read {
            Read::Some(count) => self.masker.scan(&self.buffer[..count]),
            Read::Nothing => {}
            Read::End => drop(self.close()),
        }
    }

    /// Reads no more, and gives what could be read.
    pub(super) fn close(&mut self) -> Option<Reader> {
        let reader = self.reader.take()?;
        self.masker.end();
        Some(reader)
    }

    /// Masks what can be shown.
    pub(super) fn mask(&mut self, safe: usize) {
        if safe.min(self.waiting()) > 0 {
            self.alarm = None;
        }
        self.masker.show_first(safe, &mut self.shown);
    }

    /// What of it can be shown by now.
    pub(super) fn shown(&mut self, safe: usize) -> MaskedPiece {
        self.mask(safe);
        let mut shown = std::mem::take(&mut self.shown);
        if self.alarm.is_none()
            && self.waiting() == 0
            && let Some(reader) = &self.reader
            && reader.waiting() == 0
        {
            self.masker.pause(&mut shown);
            let patience = if reader.is_screen() { TYPING } else { LULL };
            self.alarm = (self.masker.held() > 0).then(|| Instant::now() + patience);
        }
        self.ended(shown)
    }

    /// All that is held, once it has been for long enough and nothing follows.
    pub(super) fn rest(&mut self) -> MaskedPiece {
        let mut rest = Vec::new();
        let is_silent = self.reader.as_ref().is_some_and(|reader| reader.waiting() == 0);
        if self.alarm.is_some_and(|alarm| alarm <= Instant::now()) {
            self.alarm = None;
            if is_silent {
                self.masker.silence(&mut rest);
            }
        }
        self.ended(rest)
    }

    /// Forgets what waits to be shown.
    pub(super) fn skip(&mut self) {
        self.masker.skip();
    }

    /// The same with one end a line.
    fn ended(&mut self, mut bytes: Vec<u8>) -> MaskedPiece {
        // No place in them is a revealed value's: of a pseudo-terminal none is.
        if self.has_double_ends {
            bytes.dedup_by(|next, before| {
                *before == b'\r' && *next == b'\n' && {
                    // The line feed takes the place of both.
                    *before = b'\n';
                    true
                }
            });
        }
        MaskedPiece { stream: self.stream, bytes, revealed: self.masker.take_revealed() }
    }
}

//! The output of a process: its two streams as one, masked.
//!
//! A process that writes to one stream and then to the other is heard in that order as far as the system can tell: before
//! anything of one stream is passed on, everything that the other one holds by then is read too, and both are searched
//! for values that the process adds to the masks.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use super::audience::{Outlet, Seen, Slot, index};
use super::event::Stream;
use super::reader::{Read, Reader};
use crate::mask::{MaskSet, OutputMasker};

/// Bytes that are read at once: as many as a pipe holds.
const PIPE: usize = 64 << 10;

/// How long a pseudo-terminal is silent before what looks like the beginning of a value is shown: somebody may be typing.
const TYPING: Duration = Duration::from_millis(100);

/// The same for a pipe, where nobody looks for their keys.
const LULL: Duration = Duration::from_secs(1);

/// The output of a process. Its memory is bounded, and wiped.
pub(super) struct Output {
    streams: [Pipe; 2],
    outlet: Outlet,
}

/// One stream of it.
struct Pipe {
    reader: Option<Reader>,
    stream: Stream,
    masker: OutputMasker,
    buffer: Zeroizing<Vec<u8>>,
    /// How much of the buffer was read in this round.
    filled: usize,
    shown: Vec<u8>,
    /// When what is held is shown if nothing more comes.
    alarm: Option<Instant>,
}

impl Output {
    /// The output of a process, from where it can be read.
    pub(super) fn new(stdout: Option<Reader>, stderr: Option<Reader>, masks: &Arc<MaskSet>, outlet: Outlet) -> Self {
        let pipe = |reader, stream| Pipe {
            reader,
            stream,
            masker: OutputMasker::new(Arc::clone(masks)),
            buffer: Zeroizing::new(vec![0; PIPE]),
            filled: 0,
            shown: Vec::new(),
            alarm: None,
        };
        Self { streams: [pipe(stdout, Stream::Stdout), pipe(stderr, Stream::Stderr)], outlet }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.streams.iter().all(|pipe| pipe.reader.is_none())
    }

    pub(super) fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Passes on what comes next, once there is room for it. Never done when there is nothing more to come. Nothing is lost
    /// when it isn't waited for to the end.
    pub(super) async fn pass(&mut self) {
        let Self { streams, outlet } = self;
        loop {
            let [stdout, stderr] = &*streams;
            let first = tokio::select! {
                () = stdout.ready() => Some(Stream::Stdout),
                () = stderr.ready() => Some(Stream::Stderr),
                () = lull(stdout, stderr) => None,
            };
            let slot = outlet.slot().await;
            let [stdout, stderr] = &mut *streams;
            let (first, other) = match first {
                Some(Stream::Stdout) => (stdout, stderr),
                Some(Stream::Stderr) => (stderr, stdout),
                // The process has written nothing, so that this isn't done.
                None => {
                    outlet.send(slot, streams.iter_mut().map(|pipe| (pipe.stream, pipe.rest())));
                    continue;
                }
            };
            if first.read() {
                other.read_now();
                return show(streams, outlet, slot);
            }
        }
    }

    /// Passes on what is there by now, once there is room for it.
    pub(super) async fn pass_now(&mut self) {
        let Self { streams, outlet } = self;
        let slot = outlet.slot().await;
        streams.iter_mut().for_each(Pipe::read_now);
        show(streams, outlet, slot);
    }

    /// Passes on what is there by now and what was held back, reads no more, and waits until all of it is told; once that is
    /// given up, only for as long as something is still taken.
    pub(super) async fn finish(&mut self, given_up: impl Future<Output = ()>) {
        let Self { streams, outlet } = self;
        let told = async {
            let slot = outlet.slot().await;
            for pipe in streams.iter_mut().filter(|pipe| pipe.reader.is_some()) {
                pipe.read_now();
                pipe.reader = None;
            }
            show(streams, outlet, slot);
            outlet.drained().await;
        };
        outlet.unless_given_up(told, given_up).await;
    }

    /// Passes on what is there by now and what was held back, as if nothing more came, and gives the pipes that are still
    /// open.
    #[cfg(unix)]
    pub(super) async fn hand_over(mut self, given_up: impl Future<Output = ()>) -> [Option<std::os::fd::OwnedFd>; 2] {
        let mut pipes = [None, None];
        let Self { streams, outlet } = &mut self;
        let told = async {
            let slot = outlet.slot().await;
            for (pipe, reader) in streams.iter_mut().zip(&mut pipes) {
                pipe.read_now();
                *reader = pipe.reader.take();
            }
            show(streams, outlet, slot);
            outlet.drained().await;
        };
        outlet.unless_given_up(told, given_up).await;
        pipes.map(|reader| reader.and_then(Reader::into_pipe))
    }

    /// Reads no more of what nobody sees: who writes there is to know, as it would from a pipe of its own.
    pub(super) fn leave(&mut self, seen: [Seen; 2]) {
        for pipe in &mut self.streams {
            if seen[index(pipe.stream)] != Seen::Open {
                pipe.reader = None;
            }
        }
    }
}

/// Waits until what is held of a stream is to be shown.
async fn lull(stdout: &Pipe, stderr: &Pipe) {
    match stdout.alarm.into_iter().chain(stderr.alarm).min() {
        Some(alarm) => sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

/// Masks what was read of both streams, and sends it on its way.
fn show(streams: &mut [Pipe; 2], outlet: &Outlet, slot: Slot) {
    // The values that either adds are known before anything of the other is shown.
    streams.iter_mut().for_each(Pipe::scan);
    outlet.send(slot, streams.iter_mut().map(|pipe| (pipe.stream, pipe.mask())));
}

impl Pipe {
    /// Waits until there may be something to read; for ever when nothing more comes.
    async fn ready(&self) {
        match &self.reader {
            Some(reader) => reader.ready().await,
            None => std::future::pending().await,
        }
    }

    /// Reads what came, and tells whether something did, or the end.
    fn read(&mut self) -> bool {
        let Some(reader) = &self.reader else { return false };
        let read = reader.read(&mut self.buffer);
        self.take(read);
        read != Read::Nothing
    }

    /// Reads what is there now.
    fn read_now(&mut self) {
        let Some(reader) = &self.reader else { return };
        let waiting = reader.waiting();
        if waiting > self.buffer.len() {
            self.buffer = Zeroizing::new(vec![0; waiting]);
        }
        while let Some(reader) = &self.reader
            && self.filled < waiting
        {
            let read = reader.read_now(&mut self.buffer[self.filled..waiting]);
            self.take(read);
            if read == Read::Nothing {
                return;
            }
        }
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::Some(count) => self.filled += count,
            Read::Nothing => {}
            Read::End => self.reader = None,
        }
    }

    /// Searches what was read for values that are to be masked.
    fn scan(&mut self) {
        if self.filled > 0 {
            self.alarm = None;
        }
        self.masker.scan(&self.buffer[..self.filled]);
        self.filled = 0;
        if self.reader.is_none() {
            self.masker.end();
        }
    }

    /// What of it can be shown by now.
    fn mask(&mut self) -> Vec<u8> {
        self.masker.show(&mut self.shown);
        let mut shown = std::mem::take(&mut self.shown);
        if self.alarm.is_none()
            && let Some(reader) = &self.reader
            && reader.waiting() == 0
        {
            self.masker.pause(&mut shown);
            let patience = if reader.is_screen() { TYPING } else { LULL };
            self.alarm = (self.masker.held() > 0).then(|| Instant::now() + patience);
        }
        shown
    }

    /// All that is held, once it has been for long enough and nothing follows.
    fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let is_silent = self.reader.as_ref().is_some_and(|reader| reader.waiting() == 0);
        if self.alarm.is_some_and(|alarm| alarm <= Instant::now()) {
            self.alarm = None;
            if is_silent {
                self.masker.silence(&mut rest);
            }
        }
        rest
    }
}

//! What is told of a run, and to whom.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::Outcome;
use crate::mask::{MaskSet, Revealed};

/// A job of the run. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobPlace {
    /// The document's place in the file, from 0.
    pub document: usize,
    /// The job's place in the document, from 0.
    pub index: usize,
    /// The job's id.
    pub id: Arc<str>,
}

/// A step of the run. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPlace {
    /// Its job.
    pub job: JobPlace,
    /// The step's place in the job as it stands in the file, from 1.
    pub number: usize,
    /// What people call it.
    pub label: Arc<str>,
}

/// Its id.
impl fmt::Display for JobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// `JOB/STEP`, as people call them.
impl fmt::Display for StepPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.job, self.label)
    }
}

/// Where a process wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A job starts.
    JobStarted {
        /// Which.
        job: JobPlace,
    },
    /// A step starts.
    StepStarted {
        /// Which.
        step: StepPlace,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// A step wrote something. The bytes are masked, and neither whole lines nor UTF-8 of necessity; who makes lines of them
    /// masks those again, see [`Observer::mask`]. What a step wrote to
    /// one stream before it wrote to the other is told in that order, as far as the system can tell.
    Output {
        /// Which step.
        step: StepPlace,
        /// Where.
        stream: Stream,
        /// What; at least one byte.
        bytes: Vec<u8>,
        /// What the step told its runner to mask, for that runner alone: see [`Options::listener`](super::Options::listener).
        revealed: Vec<Revealed>,
    },
    /// A step has failed, and is tried again after a while.
    StepRetried {
        /// Which.
        step: StepPlace,
        /// How it ended.
        outcome: Outcome,
        /// Which attempt that was, from 1.
        attempt: u32,
        /// How long is waited.
        delay: Duration,
    },
    /// A step has ended, or is skipped: then it never started.
    StepFinished {
        /// Which.
        step: StepPlace,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        duration: Duration,
    },
    /// A job has ended, or is skipped: then it never started, and neither did its steps, of which nothing is told.
    JobFinished {
        /// Which.
        job: JobPlace,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        duration: Duration,
    },
}

/// Why output can't be shown.
#[derive(Debug)]
pub enum Unshown {
    /// Nobody reads that stream any more. Who writes there is told as by a pipe of its own: mostly it ends by SIGPIPE.
    Closed,
    /// It can't be written. The process is ended, and its outcome is [`Outcome::OutputLost`].
    Failed(io::Error),
}

/// A pipe that nobody reads is closed; anything else has failed.
impl From<io::Error> for Unshown {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(error) }
    }
}

/// Who is told of a run: by one thread, one event after the other, in the order in which they happened.
///
/// It may take its time, and block: then what a step writes waits, and so does that step. Time limits, signals, and other
/// steps don't.
pub trait Observer: Send + 'static {
    /// Is told what must not be seen, before anything happens. Output is masked as it was written: whoever takes something
    /// away from it, or puts it together in another way, has to mask what comes of that.
    fn mask(&mut self, masks: &Arc<MaskSet>) {
        let _ = masks;
    }

    /// Takes note of something that happened.
    ///
    /// # Errors
    /// When output can't be shown. For other events the answer means nothing.
    fn event(&mut self, event: Event) -> Result<(), Unshown>;

    /// How long nothing may happen until [`silence`](Self::silence) is called; never, unless it is said here. It is asked
    /// again each time.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Nothing has happened for that long.
    fn silence(&mut self) {}
}

impl<F: FnMut(Event) + Send + 'static> Observer for F {
    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        self(event);
        Ok(())
    }
}

/// An observer of output alone.
pub(super) struct Shown<F>(pub(super) F);

impl<F: FnMut(Stream, &[u8], &[Revealed]) -> Result<(), Unshown> + Send + 'static> Observer for Shown<F> {
    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        match event {
            Event::Output { stream, bytes, revealed, .. } => self.0(stream, &bytes, &revealed),
            _ => Ok(()),
        }
    }
}

impl StepPlace {
    /// That of a command which is the only step of the only job.
    pub(super) fn of_command(program: &str) -> Self {
        let job = JobPlace { document: 0, index: 0, id: "exec".into() };
        Self { job, number: 1, label: program.into() }
    }
}

//! What an observer of a run is told.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::Outcome;

/// A job of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobPlace<'r> {
    /// The document's place in the file, from 0.
    pub document: usize,
    /// The job's place in the document, from 0.
    pub index: usize,
    /// The job's id.
    pub id: &'r str,
}

/// A step of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPlace<'r> {
    /// Its job.
    pub job: JobPlace<'r>,
    /// The step's place in the job as it stands in the file, from 1.
    pub number: usize,
    /// What people call it.
    pub label: &'r str,
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
#[derive(Debug, Clone, Copy)]
pub enum Event<'r> {
    /// A job starts.
    JobStarted {
        /// Which.
        job: JobPlace<'r>,
    },
    /// A step starts.
    StepStarted {
        /// Which.
        step: StepPlace<'r>,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// A step wrote something. The bytes are masked, and neither whole lines nor UTF-8 of necessity.
    Output {
        /// Which step.
        step: StepPlace<'r>,
        /// Where.
        stream: Stream,
        /// What; at least one byte.
        bytes: &'r [u8],
    },
    /// A step has failed, and is tried again after a while.
    StepRetried {
        /// Which.
        step: StepPlace<'r>,
        /// How it ended.
        outcome: &'r Outcome,
        /// Which attempt that was, from 1.
        attempt: u32,
        /// How long is waited.
        delay: Duration,
    },
    /// A step has ended, or is skipped: then it never started.
    StepFinished {
        /// Which.
        step: StepPlace<'r>,
        /// How it ended.
        outcome: &'r Outcome,
        /// How long it took.
        duration: Duration,
    },
    /// A job has ended, or is skipped: then it never started, and neither did its steps, of which nothing is told.
    JobFinished {
        /// Which.
        job: JobPlace<'r>,
        /// How it ended.
        outcome: &'r Outcome,
        /// How long it took.
        duration: Duration,
    },
}

/// Who is told. Jobs that run at once tell it at once; a step waits while it is told something, so that a slow observer
/// slows the step down and nothing piles up.
pub trait Observer: Send + Sync {
    /// Takes note of something that happened.
    fn event(&self, event: Event<'_>);
}

impl<F: Fn(Event<'_>) + Send + Sync> Observer for F {
    fn event(&self, event: Event<'_>) {
        self(event);
    }
}

/// The observer of a run, shared by its jobs.
pub(super) type Audience = Arc<dyn Observer>;

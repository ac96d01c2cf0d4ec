//! What is to be written, between those who ask for it and the thread that does it.

use std::io::{self, ErrorKind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use super::Record;
use crate::diagnostic::human::counted;

/// Lines of an audit that were not written.
#[derive(Debug, thiserror::Error)]
#[error("{} not written: {reason}", counted(*.lines, "line"))]
pub struct Unwritten {
    /// How many.
    pub lines: usize,
    /// Why the first of them were not.
    pub reason: io::Error,
}

/// Hears what became of an append.
type Tell = Box<dyn FnOnce(io::Result<()>) + Send>;

/// The lines of one append.
pub(super) struct Entry {
    pub(super) records: Vec<Record>,
    tell: Tell,
    /// Its room in the queue, which is free again when it is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

impl Entry {
    pub(super) fn new(records: Vec<Record>, tell: impl FnOnce(io::Result<()>) + Send + 'static) -> Self {
        Self { records, tell: Box::new(tell), _room: None }
    }

    pub(super) fn with(self, room: OwnedSemaphorePermit) -> Self {
        Self { _room: Some(room), ..self }
    }
}

/// What the thread is at.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    /// It waits for the file's lock.
    Locking,
    /// It writes so many lines.
    Writing(usize),
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    stage: Stage,
    unwritten: Option<Unwritten>,
    /// Those who wait until nothing is left to write.
    finishing: Vec<Box<dyn FnOnce() + Send>>,
    /// Nobody will add entries.
    is_closed: bool,
    /// Nothing is to be written any more.
    is_abandoned: bool,
}

impl State {
    fn is_idle(&self) -> bool {
        self.is_abandoned || self.entries.is_empty() && matches!(self.stage, Stage::Idle)
    }

    /// Counts lines that are lost; the first reason stays.
    fn lose(&mut self, lines: usize, reason: &io::Error) {
        if lines > 0 {
            self.unwritten.get_or_insert_with(|| Unwritten { lines: 0, reason: copy(reason) }).lines += lines;
        }
    }
}

/// Entries in the order in which they came. No lock of it is held while anybody is told of anything.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, entry: Entry) {
        let mut state = self.state();
        if state.is_abandoned {
            state.lose(entry.records.len(), &gave_up());
            drop(state);
            return (entry.tell)(Err(gave_up()));
        }
        state.entries.push(entry);
        self.changed.notify_one();
    }

    /// Waits until there is something to write; `false` when there will be nothing.
    pub(super) fn wait(&self) -> bool {
        let is_waiting = |state: &mut State| state.entries.is_empty() && !state.is_closed && !state.is_abandoned;
        let mut state = self.changed.wait_while(self.state(), is_waiting).unwrap_or_else(PoisonError::into_inner);
        let is_left = !state.entries.is_empty();
        state.stage = if is_left { Stage::Locking } else { Stage::Idle };
        is_left
    }

    /// All that is to be written now.
    pub(super) fn take(&self) -> Vec<Entry> {
        let mut state = self.state();
        let entries = std::mem::take(&mut state.entries);
        state.stage = Stage::Writing(lines(&entries));
        entries
    }

    /// Says what became of entries that were taken.
    pub(super) fn settle(&self, entries: Vec<Entry>, written: &io::Result<()>) {
        let mut state = self.state();
        state.stage = Stage::Idle;
        // Otherwise they are counted already.
        if let Err(error) = written
            && !state.is_abandoned
        {
            state.lose(lines(&entries), error);
        }
        let finished = if state.is_idle() { std::mem::take(&mut state.finishing) } else { Vec::new() };
        drop(state);
        for entry in entries {
            (entry.tell)(written.as_ref().map_or_else(|error| Err(copy(error)), |()| Ok(())));
        }
        for tell in finished {
            tell();
        }
    }

    /// Calls back when nothing is left to write.
    pub(super) fn when_idle(&self, tell: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        if state.is_idle() {
            drop(state);
            return tell();
        }
        state.finishing.push(Box::new(tell));
    }

    /// All lines that were not written so far.
    pub(super) fn verdict(&self) -> Result<(), Unwritten> {
        match &self.state().unwritten {
            None => Ok(()),
            Some(Unwritten { lines, reason }) => Err(Unwritten { lines: *lines, reason: copy(reason) }),
        }
    }

    pub(super) fn abandon(&self) {
        let mut state = self.state();
        if state.is_abandoned {
            return;
        }
        state.is_abandoned = true;
        let entries = std::mem::take(&mut state.entries);
        let (writing, reason) = match state.stage {
            Stage::Idle => (0, gave_up()),
            Stage::Locking => (0, io::Error::new(ErrorKind::TimedOut, "another process holds its lock")),
            Stage::Writing(lines) => (lines, io::Error::new(ErrorKind::TimedOut, "the disk does not answer")),
        };
        state.lose(writing + lines(&entries), &reason);
        let finished = std::mem::take(&mut state.finishing);
        self.changed.notify_one();
        drop(state);
        for entry in entries {
            (entry.tell)(Err(copy(&reason)));
        }
        for tell in finished {
            tell();
        }
    }

    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    pub(super) fn is_locked_out(&self) -> bool {
        matches!(self.state().stage, Stage::Locking)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("stage", &self.state().stage).finish_non_exhaustive()
    }
}

fn lines(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.records.len()).sum()
}

/// What is told of lines that come after the end.
pub(super) fn gave_up() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "it is not written any more")
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

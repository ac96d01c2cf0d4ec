//! The one thread that tells the observer.
//!
//! Telling may block: a terminal that is stopped, a pipe that nobody reads, a slow disk. So it happens on a thread of its
//! own, behind a queue. A process may have a few pieces of output in it at the most, and is slowed down by that; what else
//! happens is little, and waits for nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::event::{Event, Observer, StepPlace, Stream, Unshown};
use crate::mask::Revealed;

/// So many pieces of a process's output may wait.
const WAITING: u32 = 4;

/// How long the observer may take no piece before it is left alone, once what it is told has been given up.
const PATIENCE: Duration = Duration::from_millis(500);

/// A handle to the thread; clones tell the same observer.
#[derive(Clone)]
pub(super) struct Audience {
    queue: mpsc::Sender<Told>,
    /// How many of the told there were.
    taken: Arc<AtomicUsize>,
}

/// The other end of the thread's life.
pub(super) struct Ending {
    ended: oneshot::Receiver<()>,
    thread: thread::JoinHandle<()>,
    taken: Arc<AtomicUsize>,
}

struct Told {
    event: Event,
    /// What waits for the answer, for output.
    output: Option<(Arc<Reception>, OwnedSemaphorePermit)>,
}

/// How a process's output is received.
struct Reception {
    streams: watch::Sender<[Seen; 2]>,
    /// Why it couldn't be written.
    fault: Mutex<Option<String>>,
}

/// Whether a stream can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It can, for all that is known.
    Open,
    /// Nobody reads it.
    Closed,
    /// It can't be written.
    Failed,
}

impl Audience {
    /// Starts the thread.
    pub(super) fn start(observer: Box<dyn Observer>) -> (Self, Ending) {
        let (queue, told) = mpsc::channel();
        let taken = Arc::new(AtomicUsize::new(0));
        let (tell_end, ended) = oneshot::channel::<()>();
        let counter = Arc::clone(&taken);
        let thread = thread::spawn(move || {
            // Dropped however the thread ends.
            let _tell_end = tell_end;
            tell(observer, &told, &counter);
        });
        let ending = Ending { ended, thread, taken: Arc::clone(&taken) };
        (Self { queue, taken }, ending)
    }

    /// Tells of something. It is never waited for.
    pub(super) fn tell(&self, event: Event) {
        // Without the thread there is nobody to tell: it has panicked, which its end hands on.
        let _ = self.queue.send(Told { event, output: None });
    }

    /// The way of one process's output.
    pub(super) fn outlet(&self, step: StepPlace) -> Outlet {
        let reception = Reception { streams: watch::Sender::new([Seen::Open; 2]), fault: Mutex::new(None) };
        Outlet {
            audience: self.clone(),
            step,
            places: Arc::new(Semaphore::new(WAITING as usize)),
            reception: Arc::new(reception),
        }
    }
}

/// Tells what comes, to its end.
fn tell(mut observer: Box<dyn Observer>, told: &mpsc::Receiver<Told>, taken: &AtomicUsize) {
    loop {
        let next = match observer.patience() {
            None => told.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            Some(patience) => told.recv_timeout(patience),
        };
        match next {
            Ok(Told { event, output }) => {
                let stream = if let Event::Output { stream, .. } = &event { Some(*stream) } else { None };
                let answer = observer.event(event);
                if let (Some((reception, _place)), Some(stream), Err(unshown)) = (output, stream, answer) {
                    reception.settle(stream, unshown);
                }
                taken.fetch_add(1, Ordering::Relaxed);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => observer.silence(),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Reception {
    fn settle(&self, stream: Stream, unshown: Unshown) {
        let seen = match unshown {
            Unshown::Closed => Seen::Closed,
            Unshown::Failed(error) => {
                let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
                fault.get_or_insert_with(|| error.to_string());
                Seen::Failed
            }
        };
        self.streams.send_modify(|streams| streams[index(stream)] = seen);
    }
}

impl Ending {
    /// Waits until all is told; once that is given up, only for as long as something of it is still taken.
    ///
    /// # Panics
    /// As the observer did.
    pub(super) async fn finish(self, given_up: impl Future<Output = ()>) {
        let Self { mut ended, thread, taken } = self;
        tokio::select! {
            _ = &mut ended => {}
            () = given_up => {
                if !still_taken(&taken, &mut ended).await {
                    // The thread is left to whoever holds it up.
                    return;
                }
            }
        }
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Waits for an end as long as something is taken; tells whether it came.
async fn still_taken<T>(taken: &AtomicUsize, end: impl Future<Output = T>) -> bool {
    tokio::pin!(end);
    loop {
        let before = taken.load(Ordering::Relaxed);
        tokio::select! {
            _ = &mut end => return true,
            () = tokio::time::sleep(PATIENCE) => {
                if taken.load(Ordering::Relaxed) == before {
                    return false;
                }
            }
        }
    }
}

/// The way of one process's output to the observer; clones are the same way.
#[derive(Clone)]
pub(super) struct Outlet {
    audience: Audience,
    step: StepPlace,
    places: Arc<Semaphore>,
    reception: Arc<Reception>,
}

/// A piece of output, masked.
pub(super) struct MaskedPiece {
    pub(super) stream: Stream,
    pub(super) bytes: Vec<u8>,
    /// What the step told its runner to mask.
    pub(super) revealed: Vec<Revealed>,
}

/// Places for one piece of each stream.
pub(super) struct Slot(OwnedSemaphorePermit);

impl Outlet {
    /// Waits for places.
    pub(super) async fn slot(&self) -> Slot {
        let place = Arc::clone(&self.places).acquire_many_owned(2).await;
        Slot(place.expect("internal error: the places are never closed"))
    }

    /// Whether there are places now.
    pub(super) fn has_room(&self) -> bool {
        self.places.available_permits() >= 2
    }

    /// Sends pieces on their way, in this order; one of each stream at the most.
    pub(super) fn send(&self, slot: Slot, pieces: impl IntoIterator<Item = MaskedPiece>) {
        let Slot(mut places) = slot;
        for MaskedPiece { stream, bytes, revealed } in pieces.into_iter().filter(|piece| !piece.bytes.is_empty()) {
            let Some(own) = places.split(1) else { return };
            let event = Event::Output { step: self.step.clone(), stream, bytes, revealed };
            let _ = self.audience.queue.send(Told { event, output: Some((Arc::clone(&self.reception), own)) });
        }
    }

    /// What becomes of the streams.
    pub(super) fn seen(&self) -> watch::Receiver<[Seen; 2]> {
        self.reception.streams.subscribe()
    }

    /// Waits until all that was sent is told.
    pub(super) async fn drained(&self) {
        let _ = self.places.acquire_many(WAITING).await;
    }

    /// Waits for something that needs the observer; once it is given up, only for as long as something is still taken.
    pub(super) async fn unless_given_up(&self, work: impl Future<Output = ()>, given_up: impl Future<Output = ()>) {
        tokio::pin!(work);
        tokio::select! {
            () = &mut work => {}
            () = given_up => {
                still_taken(&self.audience.taken, work).await;
            }
        }
    }

    /// Why output couldn't be written, if it couldn't.
    pub(super) fn fault(&self) -> Option<String> {
        self.reception.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Where a stream stands among the two.
pub(super) fn index(stream: Stream) -> usize {
    usize::from(stream == Stream::Stderr)
}

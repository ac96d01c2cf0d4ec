//! The way of masked output to whoever is shown it.
//!
//! They may be slow, or stop reading for good: a pager that waits, a log that is stuck. A thread of its own tells them, so
//! that the process is watched all the same, and a few pieces at the most wait for that thread: the process is slowed
//! down, and nothing piles up.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::event::Stream;

/// Shows a piece of output; `false` once nobody is there to see any of that stream.
pub(super) type Sink = Box<dyn FnMut(Stream, &[u8]) -> bool + Send>;

/// So many pieces may wait.
const WAITING: usize = 4;

/// How long whoever is told may take for what waits when the process has been given up.
const PATIENCE: Duration = Duration::from_millis(500);

/// A piece of output on its way.
type Piece = (Stream, Vec<u8>);

pub(super) struct Outlet {
    pieces: mpsc::Sender<Piece>,
    teller: JoinHandle<()>,
    /// Streams that nobody sees any more.
    unseen: watch::Receiver<[bool; 2]>,
}

/// A place for one piece.
pub(super) type Place<'o> = mpsc::Permit<'o, Piece>;

impl Outlet {
    pub(super) fn new(mut sink: Sink) -> Self {
        let (pieces, mut waiting) = mpsc::channel::<Piece>(WAITING);
        let (tell, unseen) = watch::channel([false; 2]);
        let teller = tokio::task::spawn_blocking(move || {
            while let Some((stream, bytes)) = waiting.blocking_recv() {
                if !sink(stream, &bytes) {
                    tell.send_modify(|unseen| unseen[index(stream)] = true);
                }
            }
        });
        Self { pieces, teller, unseen }
    }

    /// Waits for a place.
    pub(super) async fn place(&self) -> Place<'_> {
        match self.pieces.reserve().await {
            Ok(place) => place,
            // The teller has panicked; that is told at the end.
            Err(_) => std::future::pending().await,
        }
    }

    /// A place, if there is one now.
    pub(super) fn place_now(&self) -> Option<Place<'_>> {
        self.pieces.try_reserve().ok()
    }

    /// Which streams nobody sees any more.
    pub(super) fn unseen(&self) -> Unseen {
        Unseen(self.unseen.clone())
    }

    /// Waits until all is told; when it is given up, only for a while from then on.
    pub(super) async fn end(self, given_up: impl Future<Output = ()>) {
        let Self { pieces, mut teller, .. } = self;
        drop(pieces);
        let late = async {
            given_up.await;
            tokio::time::sleep_until(Instant::now() + PATIENCE).await;
        };
        let told = tokio::select! {
            told = &mut teller => told,
            // The thread is left to whoever holds it up.
            () = late => return,
        };
        if let Err(failed) = told
            && let Ok(panic) = failed.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Streams that nobody sees any more.
pub(super) struct Unseen(watch::Receiver<[bool; 2]>);

impl Unseen {
    /// Waits until there is one more.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a stream is one of them.
    pub(super) fn has(&self, stream: Stream) -> bool {
        self.0.borrow()[index(stream)]
    }
}

/// Where a stream stands among the two.
fn index(stream: Stream) -> usize {
    usize::from(stream == Stream::Stderr)
}

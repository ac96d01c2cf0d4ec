//! What happens while secrets are fetched, for whoever wants to know: owned values on a bounded channel.
//!
//! Nobody waits for the receiver. What doesn't fit is counted, and told as [`FetchEvent::Lost`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::reference::{SecretName, SecretVersion, StoreName};

/// What happens while secrets are fetched. Holds no value and no token.
///
/// `Requested`, `Answered`, `Unanswered` and `Token` are told by a backend, as the one of Azure does; all others are told of any
/// store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent {
    /// A request was sent.
    Requested {
        /// The host that is asked.
        host: Arc<str>,
        /// For what.
        what: Asked,
    },
    /// It was answered.
    Answered {
        /// The host that was asked.
        host: Arc<str>,
        /// For what.
        what: Asked,
        /// The HTTP status.
        status: u16,
        /// How long it took.
        took: Duration,
    },
    /// No answer came, or a broken one.
    Unanswered {
        /// The host that was asked.
        host: Arc<str>,
        /// For what.
        what: Asked,
        /// Why, as [`FetchError::code`](super::FetchError::code).
        code: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// A request is sent again after a while.
    Retrying {
        /// The host that is asked.
        host: Arc<str>,
        /// Why, as [`FetchError::code`](super::FetchError::code).
        code: &'static str,
        /// Which attempt that will be, from 2.
        attempt: u32,
        /// After how long.
        pause: Duration,
    },
    /// A store has too much to do: no request is sent to it for a while.
    Throttled {
        /// The vault's host, or the address of another provider's store.
        host: Arc<str>,
        /// For how long.
        pause: Duration,
    },
    /// A token was given.
    Token {
        /// Whom it is from.
        host: Arc<str>,
        /// How long it counts.
        lifetime: Duration,
    },
    /// A secret was fetched.
    Fetched {
        /// Its store.
        store: StoreName,
        /// Its name.
        secret: SecretName,
        /// The version that it is.
        version: SecretVersion,
        /// Whether it was at hand, so that the store wasn't asked.
        cached: bool,
        /// How long it took, from when it was first wanted.
        took: Duration,
    },
    /// A secret could not be fetched.
    Failed {
        /// Its store.
        store: StoreName,
        /// Its name.
        secret: SecretName,
        /// Why, as [`FetchError::code`](super::FetchError::code).
        code: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The receiver was too slow for so many events.
    Lost(u64),
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// Which tenant and resource a vault's tokens have.
    Challenge,
    /// A token.
    Token,
    /// A secret.
    Secret,
    /// A page of a list, of secrets or of versions.
    List,
}

/// Whom events are told. Clones tell the same stream: who wants to tell runs apart makes a channel for each.
#[derive(Debug, Clone)]
pub struct FetchEvents {
    queue: mpsc::Sender<FetchEvent>,
    lost: Arc<AtomicU64>,
}

/// The other end of [`FetchEvents::channel`]: what happens, in order.
#[derive(Debug)]
pub struct FetchEventStream {
    queue: mpsc::Receiver<FetchEvent>,
    lost: Arc<AtomicU64>,
}

impl FetchEvents {
    /// A channel for so many events that nobody has received yet. Those beyond are dropped, and counted as
    /// [`FetchEvent::Lost`].
    ///
    /// # Panics
    /// When that is none.
    pub fn channel(capacity: usize) -> (Self, FetchEventStream) {
        let (sender, receiver) = mpsc::channel(capacity);
        let lost = Arc::<AtomicU64>::default();
        (Self { queue: sender, lost: Arc::clone(&lost) }, FetchEventStream { queue: receiver, lost })
    }

    /// Tells of something; never waits.
    pub fn tell(&self, event: FetchEvent) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(event) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl FetchEventStream {
    /// What happened next; nothing once nobody tells any more: every clone of the other end is dropped, and so are the
    /// [`ResolveOptions`](crate::resolve::ResolveOptions) and calls that have one.
    pub async fn next(&mut self) -> Option<FetchEvent> {
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => match self.queue.recv().await {
                None => self.last(),
                event => event,
            },
            lost => Some(FetchEvent::Lost(lost)),
        }
    }

    fn last(&self) -> Option<FetchEvent> {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        (lost > 0).then_some(FetchEvent::Lost(lost))
    }
}

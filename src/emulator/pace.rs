//! The body of an answer: whole, or as a fault has it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// How the body of an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pace {
    /// At once.
    #[default]
    Whole,
    /// Half of it, and then the connection ends.
    Cut,
    /// So many bytes a second.
    Slow(u32),
}

/// A body that comes at a pace.
pub(super) struct Paced {
    rest: Bytes,
    pace: Pace,
    /// Until when the next piece waits.
    wait: Option<Pin<Box<Sleep>>>,
}

/// A body ends before its time.
#[derive(Debug)]
pub(super) struct Ended;

/// How often a slow body goes on.
const TICK: Duration = Duration::from_millis(100);

impl Paced {
    pub(super) fn new(body: Vec<u8>, pace: Pace) -> Self {
        Self { rest: Bytes::from(body), pace, wait: None }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = match self.pace {
            Pace::Whole => self.rest.len(),
            Pace::Cut if self.wait.is_some() => {
                // The first half is on its way by now.
                ready!(self.wait.as_mut().map_or(Poll::Ready(()), |wait| wait.as_mut().poll(cx)));
                return Poll::Ready(Some(Err(Ended)));
            }
            Pace::Cut => {
                self.wait = Some(Box::pin(tokio::time::sleep(TICK)));
                self.rest.len().div_ceil(2)
            }
            Pace::Slow(bytes_per_second) => {
                let tick = Instant::now() + TICK;
                let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(tick)));
                ready!(wait.as_mut().poll(cx));
                // Whole bytes: one that is slower than a byte a tick waits for longer.
                let per_tick = bytes_per_second / 10;
                let next = if per_tick == 0 { Duration::from_secs(1) / bytes_per_second.max(1) } else { TICK };
                wait.as_mut().reset(Instant::now() + next);
                usize::try_from(per_tick.max(1)).unwrap_or(usize::MAX).min(self.rest.len())
            }
        };
        let piece = self.rest.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body ends in the middle, on purpose")
    }
}

impl std::error::Error for Ended {}

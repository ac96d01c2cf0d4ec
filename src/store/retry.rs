//! When to try again.

use std::time::Duration;

use tokio::time::Instant;

use super::call::Call;
use super::error::FetchError;
use super::event::FetchEvent;
use super::provider_error::ProviderError;
use super::unreachable::Unreachable;

/// Tries for what isn't there: a name without an address, a port where nobody listens. It is seldom there a moment
/// later, and a wrong address should be told soon; anything else that may heal has the time that there is.
const TRIES_IF_ABSENT: u32 = 3;

/// The first back-off; it doubles up to the longest (the delays that Microsoft advises for Key Vault begin at 1 s).
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(16);

/// The longest pause that a service is believed to need.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// How one try ended otherwise than well.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: FetchError,
    /// How long the service asks to wait before another try. More than ten minutes count as ten.
    pub asked: Option<Duration>,
}

impl Failed {
    /// The store has too much to do: no request is sent to it for that time, or for a back-off that grows where it names none.
    pub fn busy(asked: Option<Duration>) -> Self {
        Self { error: FetchError::Throttled, asked }
    }

    /// How long to wait, as far as the service is believed: none at all would be met by a flood.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.asked.filter(|asked| !asked.is_zero()).map(|asked| asked.min(LONGEST_ASKED))
    }
}

impl From<ProviderError> for Failed {
    fn from(error: ProviderError) -> Self {
        FetchError::from(error).into()
    }
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, asked: None }
    }
}

/// The tries of one request.
pub(super) struct Retry<'c> {
    call: &'c Call,
    host: &'c str,
    failed: u32,
}

impl<'c> Retry<'c> {
    /// No try yet.
    pub(super) fn of(call: &'c Call, host: &'c str) -> Self {
        Self { call, host, failed: 0 }
    }

    /// Waits before the next try, or gives the error back when there is none.
    pub(super) async fn after(&mut self, failed: Failed) -> Result<(), FetchError> {
        let (asked, error) = (failed.pause(), failed.error);
        self.failed += 1;
        let is_absent = matches!(
            &error,
            FetchError::Unreachable { why: Unreachable::Refused | Unreachable::Dns | Unreachable::Proxy, .. }
        );
        if !error.is_retryable() || is_absent && self.failed >= TRIES_IF_ABSENT {
            return Err(error);
        }
        let pause = asked.unwrap_or_else(|| back_off(self.failed - 1));
        let next = Instant::now() + pause;
        if next >= self.call.deadline {
            return Err(error);
        }
        self.call.tell(|| FetchEvent::Retrying {
            host: self.host.into(),
            code: error.code(),
            attempt: self.failed + 1,
            pause,
        });
        tokio::time::sleep_until(next).await;
        Ok(())
    }
}

/// The exponential back-off after so many failures, between half of it and all of it, so that many don't come at once.
pub(super) fn back_off(failures: u32) -> Duration {
    let full = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
    full.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_heal_has_the_time_that_there_is() {
        let of = |why| FetchError::Unreachable { host: "v".to_owned(), why };
        let cases = [
            (FetchError::Server(500), 15..40, 280),
            (of(Unreachable::Reset), 15..40, 280),
            (of(Unreachable::Refused), 3..4, 0),
            (of(Unreachable::Dns), 3..4, 0),
            (FetchError::NotFound, 1..2, 0),
        ];
        for (error, expected, least) in cases {
            let begun = Instant::now();
            let call = Call::until(begun + Duration::from_secs(300));
            let mut retry = Retry::of(&call, "v");
            let mut tries = 1;
            while retry.after(error.clone().into()).await.is_ok() {
                tries += 1;
            }
            assert!(expected.contains(&tries) && begun.elapsed().as_secs() >= least, "{error:?}: {tries}");
        }
    }

    #[test]
    fn a_back_off_grows_and_is_bounded() {
        for failures in 0..40 {
            let full = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
            let found = back_off(failures);
            assert!(found >= full / 2 && found <= full, "{failures}: {found:?}");
        }
    }
}

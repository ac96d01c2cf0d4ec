//! A failure that calls share: something is fetched once for all who wait, and so fails once for all of them.

use tokio::time::Instant;

use super::call::Call;
use super::error::FetchError;

/// How somebody's call failed.
pub(crate) struct PastFailure {
    error: FetchError,
    at: Instant,
    /// How long that call had.
    deadline: Instant,
}

impl PastFailure {
    /// That a call failed now.
    pub(crate) fn new(error: FetchError, call: &Call) -> Self {
        Self { error, at: Instant::now(), deadline: call.deadline }
    }

    /// The error, if it counts for another call that asked at that time. What no other try would change counts for all
    /// calls that began before it. What may heal counts for those who were waiting, and have no more time. That the
    /// other call's time was over counts for nobody else.
    pub(crate) fn counts_for(&self, asked: Instant, call: &Call) -> Option<FetchError> {
        let was_waiting = asked <= self.at;
        let counts = if self.error.is_retryable() {
            was_waiting && call.deadline <= self.deadline
        } else {
            (was_waiting || call.begun < self.at) && !matches!(self.error, FetchError::Deadline { .. })
        };
        counts.then(|| self.error.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the times are: nobody gets a failure that more time, or a later try, could have spared them.
        #[test]
        fn a_failure_counts_for_those_whom_it_would_meet(
            at in 0_u64..20, deadline in 0_u64..20, begun in 0_u64..20, asked in 0_u64..20, own in 0_u64..20,
        ) {
            let zero = Instant::now();
            let time = |seconds| zero + Duration::from_secs(seconds);
            let mut call = Call::until(time(own));
            call.begun = time(begun.min(asked));
            let counts = |error: FetchError| {
                let failure = PastFailure { error, at: time(at), deadline: time(deadline) };
                failure.counts_for(time(asked), &call).is_some()
            };
            let late = FetchError::Deadline { host: "v".to_owned(), what: "a token" };
            prop_assert!(!counts(late));
            prop_assert_eq!(counts(FetchError::Server(503)), asked <= at && own <= deadline);
            prop_assert_eq!(counts(FetchError::NotFound), asked <= at || begun < at);
        }
    }
}

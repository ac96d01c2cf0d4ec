//! Panics of providers, which are failures of what they were asked for and end nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::error::FetchError;

/// What a provider answers at once. A panic may carry a value, so that nothing of it is told.
pub(super) fn caught<T>(provider: &str, work: impl FnOnce() -> T) -> Result<T, FetchError> {
    // What it leaves half done is its own.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| FetchError::Panicked(provider.to_owned()))
}

/// What a provider answers in time.
pub(super) fn caught_async<T>(
    provider: &str,
    work: impl Future<Output = Result<T, FetchError>>,
) -> impl Future<Output = Result<T, FetchError>> {
    // On the heap, so that the many who wait for their turn are small.
    let mut work = Box::pin(work);
    std::future::poll_fn(move |context| {
        caught(provider, || work.as_mut().poll(context)).unwrap_or_else(|panicked| Poll::Ready(Err(panicked)))
    })
}

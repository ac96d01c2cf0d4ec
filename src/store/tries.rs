//! One request, tried until it succeeds: in its turn, after pauses, and again after what may heal.

use std::sync::Arc;

use super::call::Call;
use super::error::FetchError;
use super::event::FetchEvent;
use super::provider::BoxFuture;
use super::retry::{Failed, Retry};
use super::throttle::Throttle;

/// The tries of one request.
pub(super) struct Tries<'t> {
    pub(super) throttle: &'t Throttle,
    /// Who is asked.
    pub(super) host: &'t Arc<str>,
    /// For what.
    pub(super) what: &'static str,
    pub(super) call: &'t Call,
}

impl<'t> Tries<'t> {
    /// Tries until the call is over. Who isn't ready hears of it before the queue for a place.
    pub(super) async fn run<T>(
        &self,
        ready: impl Fn() -> BoxFuture<'t, Result<(), FetchError>>,
        once: impl Fn() -> BoxFuture<'t, Result<T, Failed>>,
    ) -> Result<T, FetchError> {
        let mut last = None;
        let tries = self.repeat(&mut last, ready, once);
        let result = tokio::time::timeout_at(self.call.deadline, tries).await;
        match result.unwrap_or_else(|_| Err(self.late())) {
            // Why the last try failed says more than that there was no time for another.
            Err(late @ FetchError::Deadline { .. }) => Err(last.unwrap_or(late)),
            result => result,
        }
    }

    /// The same for who looks at the time. Why the last try failed is in `last` whenever it ends.
    pub(super) async fn repeat<T>(
        &self,
        last: &mut Option<FetchError>,
        ready: impl Fn() -> BoxFuture<'t, Result<(), FetchError>>,
        once: impl Fn() -> BoxFuture<'t, Result<T, Failed>>,
    ) -> Result<T, FetchError> {
        let mut retry = Retry::of(self.call, self.host);
        loop {
            ready().await?;
            let permit = self.throttle.enter(self.call.deadline).await;
            let mut permit = permit.map_err(|why| last.take().or(why).unwrap_or_else(|| self.late()))?;
            // On the heap, so that the many who wait for their turn are small.
            let failed = match once().await {
                Ok(done) => {
                    permit.succeeded();
                    return Ok(done);
                }
                Err(failed) => failed,
            };
            *last = Some(failed.error.clone());
            if failed.error.is_of_load() {
                let pause = permit.throttled(failed.pause(), &failed.error);
                self.call.tell(|| FetchEvent::Throttled { host: Arc::clone(self.host), pause });
            } else {
                drop(permit);
                retry.after(failed).await?;
            }
        }
    }

    /// That there was no time left.
    pub(super) fn late(&self) -> FetchError {
        FetchError::Deadline { host: self.host.to_string(), what: self.what }
    }
}

/// Nothing is needed first.
pub(super) fn at_once<'t>() -> BoxFuture<'t, Result<(), FetchError>> {
    Box::pin(std::future::ready(Ok(())))
}

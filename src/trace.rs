//! Spans and events of `tracing`, with the cargo feature of that name; without it nothing.
//!
//! They have names, places and times, as what is told of fetching and running has, and neither values nor output.

pub(crate) use imp::{Span, event};

#[cfg(feature = "tracing")]
mod imp {
    use std::fmt;

    use tracing::Instrument as _;

    /// What the spans and events of this crate stand under.
    const TARGET: &str = "credflow";

    /// A time with a name.
    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn resolve(fetches: usize) -> Self {
            Self(tracing::info_span!(target: TARGET, "resolve", fetches))
        }

        pub(crate) fn fetch(store: &impl fmt::Display, secret: &impl fmt::Display) -> Self {
            Self(tracing::debug_span!(target: TARGET, "fetch", %store, %secret))
        }

        pub(crate) fn job(id: &str) -> Self {
            Self(tracing::info_span!(target: TARGET, "job", id))
        }

        pub(crate) fn step(number: usize, label: &str) -> Self {
            Self(tracing::info_span!(target: TARGET, "step", number, label))
        }

        /// The future, whose time is this span's.
        pub(crate) fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
            future.instrument(self.0)
        }
    }

    /// Tells of something, if somebody wants to know.
    pub(crate) fn event<E: fmt::Debug>(event: impl FnOnce() -> E) {
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            let event = event();
            tracing::debug!(target: TARGET, ?event);
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    use std::fmt;

    pub(crate) struct Span;

    impl Span {
        pub(crate) fn resolve(_: usize) -> Self {
            Self
        }

        pub(crate) fn fetch(_: &impl fmt::Display, _: &impl fmt::Display) -> Self {
            Self
        }

        pub(crate) fn job(_: &str) -> Self {
            Self
        }

        pub(crate) fn step(_: usize, _: &str) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "it is used with the feature")]
        pub(crate) fn around<F: Future>(self, future: F) -> F {
            future
        }
    }

    pub(crate) fn event<E: fmt::Debug>(_: impl FnOnce() -> E) {}
}

//! Signals that a person sends to credflow and means for the command that it wraps.

use super::group::Signal;

/// The signals that are passed on: all that a program may want to hear, but for those that are about its own children,
/// its terminal or a closed pipe.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: Vec<(Signal, tokio::signal::unix::Signal)>,
}

impl Signals {
    /// Takes them over from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn take() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let wanted = [
                Signal::TERM,
                Signal::INT,
                Signal::HUP,
                Signal::QUIT,
                Signal::USR1,
                Signal::USR2,
                Signal::ALARM,
                Signal::CONT,
            ];
            let streams = wanted.map(|wanted| Ok((wanted, signal(SignalKind::from_raw(wanted.as_raw()))?)));
            Ok(Self { streams: streams.into_iter().collect::<std::io::Result<_>>()? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// The next one; never where there are none.
    pub(super) async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        return std::future::poll_fn(|context| {
            let mut came = self.streams.iter_mut();
            let came = came.find_map(|(kind, stream)| stream.poll_recv(context).is_ready().then_some(*kind));
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await;
        #[cfg(not(unix))]
        std::future::pending().await
    }
}

//! Signals that a person sends to credflow and means for the command that it wraps.

use super::group::Signal;

/// The signals that are passed on.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: [(Signal, tokio::signal::unix::Signal); 4],
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
            Ok(Self {
                streams: [
                    (Signal::TERM, signal(SignalKind::terminate())?),
                    (Signal::INT, signal(SignalKind::interrupt())?),
                    (Signal::HUP, signal(SignalKind::hangup())?),
                    (Signal::QUIT, signal(SignalKind::quit())?),
                ],
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// The next one; never where there are none.
    pub(super) async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        {
            let [term, int, hup, quit] = &mut self.streams;
            tokio::select! {
                Some(()) = term.1.recv() => term.0,
                Some(()) = int.1.recv() => int.0,
                Some(()) = hup.1.recv() => hup.0,
                Some(()) = quit.1.recv() => quit.0,
                else => std::future::pending().await,
            }
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }
}

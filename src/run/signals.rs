//! Signals that a person sends to credflow and means for the command that it wraps.

use super::group::Signal;

/// The signals that are passed on: all that a program may want to hear, but for those that are about its own children,
/// its terminal or a closed pipe. One that was ignored when credflow started, as `nohup` has it, stays ignored.
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
                Signal::TSTP,
                Signal::CONT,
            ];
            let wanted = wanted.into_iter().filter(|wanted| !is_ignored(wanted.as_raw()));
            let streams = wanted.map(|wanted| Ok((wanted, signal(SignalKind::from_raw(wanted.as_raw()))?)));
            Ok(Self { streams: streams.collect::<std::io::Result<_>>()? })
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

/// Whether this process ignored a signal when it was first asked, as whoever started it may have wished. Ask before anybody
/// listens for signals. Linux alone tells; elsewhere none is known to be ignored.
#[cfg(unix)]
pub fn is_ignored(signal: i32) -> bool {
    static IGNORED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let mask = IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    });
    mask & 1 << (signal - 1) != 0
}

/// Stops this process, or all of its process group, until somebody lets it go on.
///
/// # Errors
/// When the system doesn't tell when that is; then nothing is stopped.
#[cfg(unix)]
pub async fn stop(whole_group: bool) -> std::io::Result<()> {
    use rustix::process::{getpid, kill_current_process_group, kill_process};
    use tokio::signal::unix::{SignalKind, signal};
    // The call returns before the last thread has stopped: what follows must wait.
    let mut resumed = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    if whole_group {
        kill_current_process_group(Signal::STOP)?;
    } else {
        kill_process(getpid(), Signal::STOP)?;
    }
    resumed.recv().await;
    Ok(())
}

//! Processes whose parents have ended, and that left their process group: daemons.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::cancellation::{Cancellation, Urgency};
use super::group::LOOK;
use super::supervisor::Supervisor;

/// Makes this process the one to which its orphaned descendants come, so that they can be found and ended. They are reaped
/// when they end.
///
/// This is for a process that does nothing but run a workflow: [`Orphans::end`] ends every descendant, whoever started
/// it, and a zombie child of half a second is reaped, whoever would have waited for it. Linux alone tells who they are;
/// elsewhere nothing happens.
#[derive(Debug)]
#[non_exhaustive]
pub struct Orphans {
    #[cfg(target_os = "linux")]
    _reaper: super::reaper::Reaper,
}

impl Orphans {
    /// From now on. A supervisor is told of those who come, so that they end when this process is killed.
    pub fn adopt(supervisor: Option<Supervisor>) -> Self {
        #[cfg(target_os = "linux")]
        {
            let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
            Self { _reaper: super::reaper::Reaper::watching(supervisor) }
        }
        #[cfg(not(target_os = "linux"))]
        {
            drop(supervisor);
            Self {}
        }
    }

    /// Ends them: they are told to, and killed when they haven't after the grace.
    /// That comes at once when the run is to end at once. A [`Supervisor`] is none of them.
    pub async fn end(self, grace: Duration, cancellation: &Cancellation) {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Signal, getpid, kill_process};
            let kill = Instant::now() + grace;
            let mut signal = Signal::TERM;
            // Those of the killed come here in turn; who can't be killed isn't waited for.
            for _ in 0..MOST {
                let mut left = super::family::descendants(getpid());
                left.retain(|id| !super::claim::is_claimed(*id));
                if left.is_empty() {
                    break;
                }
                if Instant::now() >= kill || cancellation.urgency() == Urgency::Now {
                    signal = Signal::KILL;
                }
                for id in left {
                    let _ = kill_process(id, signal);
                }
                sleep(LOOK).await;
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (grace, LOOK, Instant::now(), sleep, cancellation.urgency() == Urgency::Now);
    }
}

/// How often they are looked for.
#[cfg(target_os = "linux")]
const MOST: usize = 1000;

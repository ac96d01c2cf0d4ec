//! Waiting for the world, in a way that a person can end.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::{Exit, Terminal};
#[cfg(unix)]
use crate::run::is_ignored;

/// The exit code of a command that Ctrl-C ended (128 and the signal's number).
pub(super) const INTERRUPTED: u8 = 130;

/// How long what was under way may take to end, and to wipe its values.
const GRACE: Duration = Duration::from_millis(200);

/// The runtime of a verb that waits.
///
/// It doesn't wait for what can't be ended when it is dropped: a system's look-up of a name may hang on its thread.
pub(super) struct Waiting(Option<Runtime>);

impl Waiting {
    /// Makes one. What it waits for are values: from here on no dump of the process's memory is written.
    pub(super) fn new(terminal: &Terminal) -> Result<Self, Exit> {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        let made = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        #[cfg(unix)]
        if let Ok(runtime) = &made {
            hear_what_ends(runtime);
        }
        made.map(|runtime| Self(Some(runtime))).map_err(|error| {
            terminal.error(&format!("cannot start: {error}"));
            Exit::World
        })
    }

    /// Waits for something.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.as_ref().expect("internal error: the runtime goes with its owner").block_on(future)
    }
}

/// Where the end of children is ignored when this process starts, the system keeps none for whoever waits for it. And a file
/// that may not grow is to be an error of its writer, not the end of the process.
#[cfg(unix)]
fn hear_what_ends(runtime: &Runtime) {
    use tokio::signal::unix::{SignalKind, signal};
    let _within = runtime.enter();
    let _ = signal(SignalKind::child());
    let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
}

/// Waits for Ctrl-C from now on; for ever where it was ignored when this process started.
#[cfg(unix)]
fn ctrl_c() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = SignalKind::interrupt();
    let stream = if is_ignored(rustix::process::Signal::INT.as_raw()) { None } else { signal(interrupt).ok() };
    async move {
        match stream {
            Some(mut stream) => drop(stream.recv().await),
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(GRACE);
        }
    }
}

/// Ctrl-C, whenever it came since somebody began to listen.
///
/// Once this process has listened for it, the system doesn't end the process by itself any more: all that may take a
/// while from then on has to be ended here.
pub(super) struct Interrupt<'t> {
    came: watch::Receiver<bool>,
    terminal: &'t Terminal,
}

impl<'t> Interrupt<'t> {
    /// Listens from now on.
    pub(super) fn listen(terminal: &'t Terminal) -> Self {
        let (tell, came) = watch::channel(false);
        let heard = ctrl_c();
        tokio::spawn(async move {
            heard.await;
            tell.send_replace(true);
            // Whoever waits would take the end of this for a signal.
            tell.closed().await;
        });
        Self { came, terminal }
    }

    /// Waits for some work, unless Ctrl-C comes.
    pub(super) async fn or<F: Future>(&self, work: F) -> Result<F::Output, Exit> {
        let mut came = self.came.clone();
        tokio::select! {
            // Nothing is begun that was to be ended already.
            biased;
            _ = came.wait_for(|came| *came) => {
                self.terminal.progress("");
                self.terminal.error("interrupted; no file was written and nothing was started");
                Err(Exit::Child(INTERRUPTED))
            }
            done = work => Ok(done),
        }
    }

    /// Does work that doesn't wait on a thread of its own, and leaves it behind when Ctrl-C comes.
    pub(super) async fn or_leave<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Exit> {
        let done = self.or(tokio::task::spawn_blocking(work)).await?;
        Ok(done.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())))
    }
}

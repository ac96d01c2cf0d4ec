//! A process beside this one that ends what a run has started when this one is killed: it can't do so itself then.
//!
//! It is told over a connection which process groups began and ended, and which private files there are. The end of that
//! connection is the end of this process, whatever ended it.

#[cfg(unix)]
mod unix {
    use std::io::{self, ErrorKind, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::Stdio;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, PoisonError, Weak};
    use std::time::Duration;

    use rustix::process::Pid;
    use tokio::process::{Child, Command};
    use tokio::runtime::Handle;
    use tokio::task::JoinHandle;
    use tokio::time::{sleep, timeout};

    use crate::run::claim::Claim;
    use crate::run::family;
    use crate::run::record::{Record, VERB, Ward};

    /// How long its end is waited for. It has nothing left to do then.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// How soon it is told again what the connection had no room for.
    const AGAIN: Duration = Duration::from_millis(50);

    /// A process that ends the steps of a run, or a wrapped command, when this process is killed. Clones are the same.
    ///
    /// It has a session of its own, so that no key of a terminal reaches it, and it outlives the signals that end a
    /// program. It ends with the last clone, or with [`Supervisor::end`]. Where there are no process groups, it can't be
    /// started.
    #[derive(Debug, Clone)]
    pub struct Supervisor(Arc<Line>);

    #[derive(Debug)]
    struct Line {
        outbox: Mutex<Outbox>,
        runtime: Handle,
        /// Whether its end is no loss any more.
        is_over: Arc<AtomicBool>,
        waiter: Mutex<Option<JoinHandle<()>>>,
    }

    /// What it hasn't been told yet.
    #[derive(Debug)]
    struct Outbox {
        stream: Option<UnixStream>,
        waiting: Vec<u8>,
        /// Whether somebody tries it again.
        is_tried: bool,
    }

    impl Supervisor {
        /// Starts one: a program that calls [`supervise`](crate::run::supervise()) for the argument `supervise`, as the
        /// command `credflow` does. Processes that it tells to end may take `grace`. `lost` is told once, by a task of
        /// the runtime, when it has ended before its time: the run goes on without it.
        ///
        /// Needs a tokio runtime with its drivers enabled.
        ///
        /// # Errors
        /// When the system can't start the program.
        pub fn start(program: &Path, grace: Duration, lost: impl FnOnce(String) + Send + 'static) -> io::Result<Self> {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            let mut command = Command::new(program);
            // It needs no variable, and so it shows none. A group of its own keeps a terminal's keys from it until it
            // has its session.
            command.arg0("credflow").arg(VERB).env_clear().process_group(0);
            command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn()?;
            // The command has a copy of the other end, which would hold the connection.
            drop(command);
            let is_over = Arc::new(AtomicBool::new(false));
            let waiter = tokio::spawn(wait(child, Arc::clone(&is_over), lost));
            let supervisor = Self(Arc::new(Line {
                outbox: Mutex::new(Outbox { stream: Some(ours), waiting: Vec::new(), is_tried: false }),
                runtime: Handle::current(),
                is_over,
                waiter: Mutex::new(Some(waiter)),
            }));
            supervisor.tell(&Record::Grace(grace));
            Ok(supervisor)
        }

        /// Ends it, and waits for that. What it was told of and still is there ends as well.
        pub async fn end(self) {
            self.0.is_over.store(true, Ordering::SeqCst);
            self.0.outbox().stream = None;
            let waiter = self.0.waiter.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waiter) = waiter {
                let _ = timeout(PATIENCE, waiter).await;
            }
        }

        /// Has a child's process group ended when this process is killed, until what it gives is dropped.
        pub(in crate::run) fn watch_group(&self, id: Pid) -> Watched {
            let ward = Ward { id, started: family::started(id) };
            self.watch(&Record::Group(ward), Record::GoneGroup(id))
        }

        /// The same of a process that has no group of its own.
        pub(in crate::run) fn watch_process(&self, id: Pid) -> Watched {
            let ward = Ward { id, started: family::started(id) };
            self.watch(&Record::Process(ward), Record::GoneProcess(id))
        }

        /// Has a file removed when this process is killed, until what it gives is dropped.
        pub(in crate::run) fn watch_file(&self, path: &Path) -> Watched {
            let path = path.as_os_str().as_bytes().to_vec();
            self.watch(&Record::File(path.clone()), Record::GoneFile(path))
        }

        fn watch(&self, begin: &Record, end: Record) -> Watched {
            self.tell(begin);
            Watched { supervisor: self.clone(), end }
        }

        /// Writes what the connection has room for, and never waits.
        fn tell(&self, record: &Record) {
            let mut outbox = self.0.outbox();
            record.write(&mut outbox.waiting);
            if !outbox.flush() && !std::mem::replace(&mut outbox.is_tried, true) {
                self.0.runtime.spawn(try_again(Arc::downgrade(&self.0)));
            }
        }
    }

    /// Something that ends when this process is killed, until this is dropped.
    #[derive(Debug)]
    pub(in crate::run) struct Watched {
        supervisor: Supervisor,
        end: Record,
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            self.supervisor.tell(&self.end);
        }
    }

    impl Line {
        fn outbox(&self) -> std::sync::MutexGuard<'_, Outbox> {
            self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Drop for Line {
        fn drop(&mut self) {
            self.is_over.store(true, Ordering::SeqCst);
        }
    }

    impl Outbox {
        /// Whether nothing waits any more.
        fn flush(&mut self) -> bool {
            while !self.waiting.is_empty() {
                let Some(stream) = &mut self.stream else {
                    self.waiting.clear();
                    break;
                };
                match stream.write(&self.waiting) {
                    Ok(count) => drop(self.waiting.drain(..count)),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                    // It is gone, and that is told by its end.
                    Err(_) => self.stream = None,
                }
            }
            true
        }
    }

    /// Tells it what there was no room for.
    async fn try_again(line: Weak<Line>) {
        loop {
            sleep(AGAIN).await;
            let Some(line) = line.upgrade() else { return };
            let mut outbox = line.outbox();
            if outbox.flush() {
                outbox.is_tried = false;
                return;
            }
        }
    }

    /// Waits for its end, and tells when that comes too soon.
    async fn wait(mut child: Child, is_over: Arc<AtomicBool>, lost: impl FnOnce(String) + Send) {
        let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let _claim = id.map(Claim::new);
        let status = child.wait().await;
        if !is_over.load(Ordering::SeqCst) {
            lost(status.map_or_else(|error| error.to_string(), |status| status.to_string()));
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::convert::Infallible;
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// There are no process groups here, and so there is none.
    #[derive(Debug, Clone)]
    pub struct Supervisor(Infallible);

    impl Supervisor {
        /// Never.
        ///
        /// # Errors
        /// Always.
        pub fn start(_: &Path, _: Duration, _: impl FnOnce(String) + Send + 'static) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Ends it, and waits for that.
        pub async fn end(self) {
            match self.0 {}
        }

        pub(in crate::run) fn watch_file(&self, _: &Path) -> Watched {
            match self.0 {}
        }
    }

    #[derive(Debug)]
    pub(in crate::run) struct Watched;
}

#[cfg(not(unix))]
pub use elsewhere::Supervisor;
#[cfg(not(unix))]
pub(super) use elsewhere::Watched;
#[cfg(unix)]
pub use unix::Supervisor;
#[cfg(unix)]
pub(super) use unix::Watched;

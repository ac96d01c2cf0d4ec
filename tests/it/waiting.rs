//! Waiting for what real processes do: for an event, however slow the machine is.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Output};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Longer than anything that a test waits for takes on the busiest machine: only a hang reaches it.
pub(crate) const HANG: Duration = Duration::from_secs(120);

/// Waits until something has happened.
pub(crate) fn until(what: &str, mut has_happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !has_happened() {
        assert!(began.elapsed() < HANG, "still waiting after {HANG:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Does some work; should it hang, `relieve` is to end it, and the test fails.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T, relieve: impl FnOnce() + Send + 'static) -> T {
    let (done, end) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        let hangs = end.recv_timeout(HANG) == Err(RecvTimeoutError::Timeout);
        if hangs {
            relieve();
        }
        hangs
    });
    let made = work();
    drop(done);
    assert!(!watchdog.join().expect("no panic"), "it hung, and was ended after {HANG:?}");
    made
}

/// The end of a process.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a process") {
            return status;
        }
        if began.elapsed() > HANG {
            let _ = child.kill();
            panic!("the process still runs after {HANG:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The end of a process, and what it wrote.
#[cfg(unix)]
pub(crate) fn output(child: Child) -> Output {
    let pid = rustix::process::Pid::from_child(&child);
    guarded(
        || child.wait_with_output().expect("an end"),
        move || {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        },
    )
}

/// A line that a process writes into a file, without its end. The file alone may be there before the line is.
pub(crate) fn line_of(path: &Path) -> String {
    let read = || fs::read_to_string(path).unwrap_or_default();
    until(&format!("a line in {}", path.display()), || read().ends_with('\n'));
    read().trim_end().to_owned()
}

/// Whether a pipe that nobody reads is more than half full, so that whoever writes there is held up soon.
#[cfg(unix)]
pub(crate) fn is_filled(pipe: &impl std::os::fd::AsFd) -> bool {
    // Linux gives a pipe 64 KiB.
    rustix::io::ioctl_fionread(pipe).expect("a pipe") > 32 << 10
}

/// Says that a test proves nothing here; past the harness, which keeps what is printed to itself.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

//! Time that other work on the machine doesn't change: for tests over sockets, and for what takes much of a processor.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use tokio::task::JoinHandle;

/// The furthest that the clock moves in one step.
const STEP: Duration = Duration::from_millis(1);

/// Paces the paused clock of this runtime while it lives.
///
/// Tokio's paused clock jumps to the next timer whenever the runtime has nothing to do. Over sockets that is too soon:
/// it would jump to a request's timeout while the answer is on its way through the kernel. With a pace it moves by a
/// step at most, and for each step a byte goes through the same kernel and back. A timeout of 5 s is so reached when
/// nothing came in the time that 5000 bytes took one after another, however busy the machine is; and what a test
/// measures is as long as it would be on a machine that computes in no time.
///
/// It is for tests whose sockets end in this runtime alone: another process or thread takes real time. What Tokio does
/// on its own threads, as looking up a name, stops the clock.
pub(crate) struct Pace(JoinHandle<()>);

/// See [`Pace`].
pub(crate) fn pace() -> Pace {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut here = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let (mut there, _) = listener.accept().expect("a connection");
    here.set_nodelay(true).expect("a socket");
    Pace(tokio::spawn(async move {
        loop {
            tokio::time::sleep(STEP).await;
            here.write_all(&[0]).expect("a connection");
            there.read_exact(&mut [0]).expect("a byte");
        }
    }))
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Checks that four times as much of some work takes about four times as long; with a square of time it would be
/// sixteen times. The time is the processor's for this thread, and the best of some tries counts, as caches are shared.
pub(crate) fn grows_evenly(what: &str, size: usize, work: impl Fn(usize)) {
    #[cfg(unix)]
    {
        let now = || {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            Duration::try_from(now).expect("a time").as_secs_f64()
        };
        let took = |size: usize| {
            let begun = now();
            work(size);
            now() - begun
        };
        let growth = || took(4 * size) / took(size);
        let tries: Vec<f64> = (0..10).map(|_| growth()).take_while(|growth| *growth > 8.0).collect();
        assert!(tries.len() < 10, "{what}: {tries:?}");
    }
    #[cfg(not(unix))]
    {
        let _ = what;
        work(4 * size);
    }
}

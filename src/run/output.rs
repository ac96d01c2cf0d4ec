//! The output of a process: its two streams as one, masked.
//!
//! A process that writes to one stream and then to the other is heard in that order as far as the system can tell: before
//! anything of one stream is passed on, everything that the other one holds by then is read too, and both are searched
//! for values that the process adds to the masks.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep_until;

use super::audience::{Outlet, Seen, Slot, index};
use super::event::Stream;
use super::pipe::Pipe;
use super::reader::Reader;
use crate::mask::{Listener, MaskSet};

/// The output of a process. Its memory is bounded, and wiped.
pub(super) struct Output {
    streams: [Pipe; 2],
    outlet: Outlet,
    /// Whether something was passed on since the runtime could last look at its clocks.
    has_passed: bool,
}

impl Output {
    /// The output of a process, from where it can be read.
    pub(super) fn new(
        stdout: Option<Reader>,
        stderr: Option<Reader>,
        masks: &Arc<MaskSet>,
        outlet: Outlet,
        listener: Option<Listener>,
    ) -> Self {
        let pipe = |reader, stream| Pipe::new(reader, stream, masks, listener);
        Self { streams: [pipe(stdout, Stream::Stdout), pipe(stderr, Stream::Stderr)], outlet, has_passed: false }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.streams.iter().all(|pipe| pipe.reader.is_none() && pipe.waiting() == 0)
    }

    pub(super) fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Passes on what comes next, once there is room for it. Never done when there is nothing more to come. Nothing is lost
    /// when it isn't waited for to the end.
    pub(super) async fn pass(&mut self) {
        let Self { streams, outlet, has_passed } = self;
        if std::mem::take(has_passed) {
            // Where output never rests, the runtime looks at clocks and signals only now and then, unless it is let to. Once:
            // beside somebody who is always ready, nothing would ever be passed on.
            tokio::task::yield_now().await;
        }
        loop {
            // What waits since the last time needs only a look at the other stream.
            let carried = streams.iter().position(|pipe| pipe.waiting() > 0);
            let first = if carried.is_some() {
                carried
            } else {
                let [stdout, stderr] = &*streams;
                tokio::select! {
                    () = stdout.ready() => Some(0),
                    () = stderr.ready() => Some(1),
                    () = lull(stdout, stderr) => None,
                }
            };
            let slot = outlet.slot().await;
            let Some(first) = first else {
                // The process has written nothing, so that this isn't done.
                outlet.send(slot, streams.iter_mut().map(Pipe::rest));
                continue;
            };
            if carried.is_some() || streams[first].read() {
                let safe = catch_up(streams, first);
                *has_passed = true;
                return show(streams, safe, outlet, slot);
            }
        }
    }

    /// Passes on all that comes, to its end. Nobody else tells the observer of it then, so that it can end.
    pub(super) async fn drain(mut self) {
        let mut seen = self.outlet.seen();
        while !self.is_closed() {
            tokio::select! {
                () = self.pass() => {}
                streams = closed(&mut seen) => self.leave(streams),
            }
        }
        self.finish(std::future::pending()).await;
    }

    /// Says whether the terminal behind makes line ends as well as the pseudo-terminal; then one of them is enough.
    pub(super) fn double_ends(&mut self, double: bool) {
        for pipe in &mut self.streams {
            pipe.has_double_ends = double && pipe.reader.as_ref().is_some_and(Reader::is_screen);
        }
    }

    /// Whether nothing is there to be passed on.
    pub(super) fn is_idle(&self) -> bool {
        self.streams
            .iter()
            .all(|pipe| pipe.waiting() == 0 && pipe.reader.as_ref().is_none_or(|reader| reader.waiting() == 0))
    }

    /// Passes on what is there by now and what was held back, reads no more, and waits until all of it is told; once that is
    /// given up, only for as long as something is still taken.
    pub(super) async fn finish(&mut self, given_up: impl Future<Output = ()>) {
        let Self { streams, outlet, .. } = self;
        let told = async {
            let slot = outlet.slot().await;
            read_last(streams);
            for pipe in streams.iter_mut() {
                pipe.close();
            }
            show(streams, ALL, outlet, slot);
            outlet.drained().await;
        };
        outlet.unless_given_up(told, given_up).await;
    }

    /// Passes on what is there by now and what was held back, as if nothing more came, and gives the pipes that are still
    /// open.
    #[cfg(unix)]
    pub(super) async fn hand_over(mut self, given_up: impl Future<Output = ()>) -> [Option<std::os::fd::OwnedFd>; 2] {
        let mut pipes = [None, None];
        let Self { streams, outlet, .. } = &mut self;
        let told = async {
            let slot = outlet.slot().await;
            read_last(streams);
            for (pipe, reader) in streams.iter_mut().zip(&mut pipes) {
                *reader = pipe.close();
            }
            show(streams, ALL, outlet, slot);
            outlet.drained().await;
        };
        outlet.unless_given_up(told, given_up).await;
        pipes.map(|reader| reader.and_then(Reader::into_pipe))
    }

    /// Reads no more of what nobody sees: who writes there is to know, as it would from a pipe of its own.
    pub(super) fn leave(&mut self, seen: [Seen; 2]) {
        for pipe in &mut self.streams {
            if seen[index(pipe.stream)] != Seen::Open {
                pipe.close();
            }
        }
    }
}

/// Waits until what is held of a stream is to be shown.
async fn lull(stdout: &Pipe, stderr: &Pipe) {
    match stdout.alarm.into_iter().chain(stderr.alarm).min() {
        Some(alarm) => sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

/// Waits until a stream can't be shown any more, and tells of both.
pub(super) async fn closed(seen: &mut watch::Receiver<[Seen; 2]>) -> [Seen; 2] {
    match seen.changed().await {
        Ok(()) => *seen.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

/// So often the streams are read in turn before something of them is shown, when both go on being written to.
const TURNS: usize = 8;

/// All of both streams can be shown.
const ALL: [usize; 2] = [usize::MAX; 2];

/// Reads the other stream after the `first`, then that again, until nothing more comes; tells how much of each can be shown.
///
/// What was read of one stream may show a value that the other one adds to the masks, in a line that was written before. So
/// it can be shown once the other one was read, and searched for such lines, after it.
fn catch_up(streams: &mut [Pipe; 2], first: usize) -> [usize; 2] {
    let mut turn = first;
    for _ in 0..TURNS {
        turn = 1 - turn;
        streams[turn].read_now();
        if streams[turn].waiting() == streams[turn].before {
            return ALL;
        }
    }
    let mut safe = ALL;
    safe[turn] = streams[turn].before;
    safe
}

/// Reads for the last time. Where both streams go on being written to, what came last isn't shown.
fn read_last(streams: &mut [Pipe; 2]) {
    streams[0].read_now();
    let safe = catch_up(streams, 0);
    for (pipe, safe) in streams.iter_mut().zip(safe) {
        pipe.mask(safe);
        pipe.skip();
    }
}

/// Masks what was read of both streams, as far as it is safe, and sends it on its way. The rest waits.
fn show(streams: &mut [Pipe; 2], safe: [usize; 2], outlet: &Outlet, slot: Slot) {
    outlet.send(slot, streams.iter_mut().zip(safe).map(|(pipe, safe)| pipe.shown(safe)));
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::super::audience::Audience;
    use super::super::event::{Event, JobPlace, StepPlace};
    use super::{Output, Reader};
    use crate::mask::MaskSet;

    /// So many values may be added.
    const PAIRS: usize = 500;

    /// Two streams that are written to without a rest, each adding a value for the other: none of them is shown, however
    /// often the reader is overtaken.
    #[test]
    fn a_value_that_one_stream_adds_is_masked_on_the_other_in_any_race() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for round in 0..8 {
            let shown = runtime.block_on(race(round % 2 == 0));
            let leak = shown.split('\n').find(|line| line.contains("-token"));
            assert_eq!(leak, None, "round {round}");
            assert_eq!(shown.matches("got ***").count(), PAIRS, "round {round}");
        }
    }

    /// A stream that never rests leaves clocks and signals their turn.
    #[test]
    fn a_time_limit_is_in_time_whatever_is_written() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (audience, _ending) = Audience::start(Box::new(|_| {}));
            let (mut output, out, _err) = output(&audience);
            let writer = std::thread::spawn(move || {
                let (mut out, piece) = (File::from(out), vec![b'x'; 64 << 10]);
                // Until nobody reads any more.
                while out.write_all(&piece).is_ok() {}
            });
            let end = tokio::time::Instant::now() + Duration::from_millis(20);
            let (limit, mut late) = (tokio::time::sleep_until(end), 0);
            tokio::pin!(limit);
            loop {
                // A clock of tokio's counts whole milliseconds.
                late += u32::from(tokio::time::Instant::now() > end + Duration::from_millis(2));
                tokio::select! {
                    biased;
                    () = &mut limit => break,
                    () = output.pass() => {}
                }
            }
            assert!(late <= 1, "{late} passes after the limit");
            drop(output);
            writer.join().expect("no panic");
        });
    }

    /// Whoever waits for something else as well, which is always ready, hears of all that is written.
    #[test]
    fn output_is_passed_on_beside_what_is_always_ready() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (audience, _ending) = Audience::start(Box::new(|_| {}));
            let (mut output, out, _err) = output(&audience);
            for _ in 0..3 {
                rustix::io::write(&out, b"x").expect("room");
                let mut tries = 0;
                loop {
                    tries += 1;
                    // Until the runtime knows that something can be read, and whoever is told has taken what came before.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    let is_passed = tokio::select! {
                        biased;
                        () = output.pass() => true,
                        () = std::future::ready(()) => false,
                    };
                    if is_passed {
                        break;
                    }
                    assert!(tries < 10_000, "nothing is passed on");
                }
            }
        });
    }

    /// The output of a process that has two pipes.
    fn output(audience: &Audience) -> (Output, OwnedFd, OwnedFd) {
        let pipes = [rustix::pipe::pipe().expect("a pipe"), rustix::pipe::pipe().expect("a pipe")];
        let [(stdout, out), (stderr, err)] = pipes;
        let job = JobPlace { document: 0, index: 0, id: Arc::from("job") };
        let place = StepPlace { job, number: 1, label: Arc::from("step") };
        let reader = |pipe| Some(Reader::of_pipe(pipe).expect("a reader"));
        rustix::io::ioctl_fionbio(&stdout, true).expect("a pipe");
        rustix::io::ioctl_fionbio(&stderr, true).expect("a pipe");
        let masks = Arc::new(MaskSet::new([]));
        (Output::new(reader(stdout), reader(stderr), &masks, audience.outlet(place), None), out, err)
    }

    /// What is shown of both.
    async fn race(errors_add: bool) -> String {
        let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
        let seen = Arc::clone(&shown);
        let (audience, ending) = Audience::start(Box::new(move |event| {
            if let Event::Output { bytes, .. } = event {
                seen.lock().expect("no panic").extend(bytes);
            }
        }));
        let (output, out, err) = output(&audience);
        let writer = std::thread::spawn(move || {
            let (mut adds, mut gets) =
                if errors_add { (File::from(err), File::from(out)) } else { (File::from(out), File::from(err)) };
            for pair in 0..PAIRS {
                adds.write_all(format!("::add-mask::derived-{pair}-token\n").as_bytes()).expect("written");
                gets.write_all(format!("got derived-{pair}-token\n").as_bytes()).expect("written");
            }
        });
        output.drain().await;
        writer.join().expect("no panic");
        drop(audience);
        ending.finish(std::future::pending()).await;
        let shown = shown.lock().expect("no panic").clone();
        String::from_utf8(shown).expect("UTF-8")
    }
}

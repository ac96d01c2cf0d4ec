//! Adding lines from a thread of its own, so that no other thread waits for a lock or a disk.

use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::queue::{Entry, Queue, Unwritten, gave_up};
use super::{Log, Record};

/// So many appends may be queued; those that come then wait for room.
const ROOM: usize = 1024;

/// Adds lines to a file from a thread of its own, one append after the other. Clones share the thread and the run.
///
/// What is queued while another process has the file's lock is written together, with one wait for the disk. The thread
/// ends with the last clone, once all that was queued is written. It doesn't hold up the end of the process, which has to
/// wait for [`finish`](Self::finish) or to hear from [`abandon`](Self::abandon) what wasn't written.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Handle>);

/// What all clones share; without them the thread has nobody to write for.
#[derive(Debug)]
struct Handle {
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Recorder {
    /// Opens a file as [`Log::open`] does, and starts the thread.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        let log = Log::open(path)?;
        let queue = Arc::new(Queue::default());
        let worker = Worker { log, queue: Arc::clone(&queue) };
        thread::Builder::new().name("audit".to_owned()).spawn(move || worker.work())?;
        Ok(Self(Arc::new(Handle { queue, room: Arc::new(Semaphore::new(ROOM)) })))
    }

    /// Queues a line for each record. The future is ready when they are on the disk.
    ///
    /// They are queued by the call itself, and written also when the future is dropped. Only when there is no room does
    /// the future wait for it, and dropped before there is any it takes its lines along.
    ///
    /// # Errors
    /// What the system said. Then none of them is written, unless the recorder was [abandoned](Self::abandon) while it
    /// wrote them.
    pub fn append(&self, records: Vec<Record>) -> impl Future<Output = io::Result<()>> + Send + 'static + use<> {
        let (tell, told) = oneshot::channel();
        let handle = Arc::clone(&self.0);
        let waiting = if records.is_empty() {
            let _ = tell.send(Ok(()));
            None
        } else {
            // The other end is gone when the future was dropped.
            let entry = Entry::new(records, move |written| drop(tell.send(written)));
            match Arc::clone(&handle.room).try_acquire_owned() {
                Ok(room) => {
                    handle.queue.push(entry.with(room));
                    None
                }
                Err(_) => Some(entry),
            }
        };
        async move {
            if let Some(entry) = waiting {
                let room = Arc::clone(&handle.room).acquire_owned().await;
                // Without any, the queue was abandoned, and counts what still comes.
                handle.queue.push(match room {
                    Ok(room) => entry.with(room),
                    Err(_) => entry,
                });
            }
            told.await.unwrap_or_else(|_| Err(gave_up()))
        }
    }

    /// The same for a thread that may wait, which no thread of an async runtime may.
    ///
    /// # Errors
    /// What the system said.
    pub fn append_blocking(&self, records: Vec<Record>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let (tell, told) = mpsc::channel();
        self.0.queue.push(Entry::new(records, move |written| drop(tell.send(written))));
        told.recv().unwrap_or_else(|_| Err(gave_up()))
    }

    /// Waits until all that was queued is written.
    ///
    /// # Errors
    /// How many lines were not written, from the beginning on, also those whose future was dropped; and why.
    pub fn finish(&self) -> impl Future<Output = Result<(), Unwritten>> + Send + 'static + use<> {
        let (tell, told) = oneshot::channel();
        let queue = Arc::clone(&self.0.queue);
        queue.when_idle(move || _ = tell.send(()));
        async move {
            let _ = told.await;
            queue.verdict()
        }
    }

    /// The same for a thread that may wait, and not for ever: after that time it [abandons](Self::abandon) the rest.
    ///
    /// # Errors
    /// How many lines were not written, and why.
    pub fn finish_within(&self, limit: Duration) -> Result<(), Unwritten> {
        let (tell, told) = mpsc::channel();
        self.0.queue.when_idle(move || _ = tell.send(()));
        match told.recv_timeout(limit) {
            Err(mpsc::RecvTimeoutError::Timeout) => self.abandon(),
            _ => self.0.queue.verdict(),
        }
    }

    /// Gives up: what is queued is not written any more, whatever waits for it gets an error, and the thread is left to
    /// itself. Lines that are being written at this moment may be in the file later, and count as not written.
    ///
    /// # Errors
    /// How many lines were not written, and why.
    pub fn abandon(&self) -> Result<(), Unwritten> {
        self.0.room.close();
        self.0.queue.abandon();
        self.0.queue.verdict()
    }

    /// Whether lines wait because another process has the file's lock.
    pub fn is_locked_out(&self) -> bool {
        self.0.queue.is_locked_out()
    }
}

/// What runs on the thread.
struct Worker {
    log: Log,
    queue: Arc<Queue>,
}

impl Worker {
    fn work(&self) {
        while self.queue.wait() {
            // What is queued until there is a lock shares it; and what is given up until then isn't written.
            let locked = self.log.lock();
            let batch = self.queue.take();
            let written = locked.and_then(|locked| locked.append(batch.iter().flat_map(|entry| &entry.records)));
            self.queue.settle(batch, &written);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A panic leaves nobody waiting.
        self.queue.abandon();
    }
}

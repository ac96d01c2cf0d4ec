//! Work that the system may hold up: a file that is a FIFO, or on a drive that has gone away.
//!
//! It happens on a thread of its own. One of the runtime's blocking threads would hold up the runtime's end as well.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Mutex as Turn, oneshot};
use zeroize::Zeroizing;

/// Does some work, and gives what it made. Whoever stops waiting leaves it to its thread.
///
/// # Panics
/// As the work does.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, made) = oneshot::channel();
    let thread = thread::spawn(move || {
        let _ = done.send(work());
    });
    match made.await {
        Ok(made) => made,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("internal error: the work was done"),
        },
    }
}

/// The files that are being read, of this process as a whole: who reads which next.
static TURNS: Mutex<BTreeMap<PathBuf, Arc<Turn<()>>>> = Mutex::new(BTreeMap::new());

/// The same with a file, which nobody else has meanwhile: while it holds up one thread, no other one is lost to it, however
/// many come. They may stop waiting for their turn.
///
/// # Panics
/// As the work does.
pub(crate) async fn apart_with<T: Send + 'static>(path: &Path, work: impl FnOnce() -> T + Send + 'static) -> T {
    let turn = {
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody has or waits for.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(path.to_owned()).or_default())
    };
    let turn = turn.lock_owned().await;
    apart(move || {
        let made = work();
        drop(turn);
        made
    })
    .await
}

/// The bytes of a file, at most so many, in memory that is wiped.
///
/// # Errors
/// When it can't be read, or is larger.
pub(crate) fn read_file(path: &Path, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // One piece of memory, so that none is left behind with the first bytes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} KiB", most >> 10)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// Other files are read all the same, and the file itself once that is possible.
    #[tokio::test]
    async fn a_file_that_hangs_has_one_thread() {
        let (file, begun) = (Path::new("a file that hangs"), Arc::<AtomicUsize>::default());
        let (relieve, hang) = mpsc::channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        for _ in 0..5 {
            let (begun, hang) = (Arc::clone(&begun), Arc::clone(&hang));
            let work = move || {
                begun.fetch_add(1, Ordering::SeqCst);
                let _ = hang.lock().expect("a hang").recv();
            };
            assert!(timeout(Duration::from_millis(20), apart_with(file, work)).await.is_err());
            assert_eq!(apart_with(Path::new("another file"), || 7).await, 7);
        }
        assert!(begun.load(Ordering::SeqCst) <= 1);
        drop(relieve);
        assert_eq!(apart_with(file, || 8).await, 8);
    }

    #[tokio::test]
    async fn a_panic_ends_the_turn() {
        let file = Path::new("a file whose reader panics");
        let fallen = tokio::spawn(apart_with(file, || -> u8 { panic!("on purpose") })).await;
        assert!(fallen.is_err_and(|error| error.is_panic()));
        assert_eq!(apart_with(file, || 9).await, 9);
    }
}

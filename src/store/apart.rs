//! Work that the system may hold up: a file that is a FIFO, or on a drive that has gone away.
//!
//! It happens on a thread of its own. One of the runtime's blocking threads would hold up the runtime's end as well.

use std::io::{self, Read};
use std::path::Path;
use std::thread;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Does some work, and gives what it made. Whoever stops waiting leaves it to its thread.
///
/// # Panics
/// As the work does.
pub(crate) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
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

/// The bytes of a file, at most so many, in memory that is wiped.
///
/// # Errors
/// When it can't be read, or is larger.
pub(super) fn read(path: &Path, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // One piece of memory, so that none is left behind with the first bytes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} KiB", most >> 10)));
    }
    Ok(bytes)
}

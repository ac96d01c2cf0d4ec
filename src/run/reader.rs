//! What can be read of a process, without waiting for it.

#[cfg(unix)]
pub(super) use unix::Reader;

/// What came of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// So many bytes, at least one.
    Some(usize),
    /// Nothing yet.
    Nothing,
    /// There is no more.
    End,
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use tokio::net::unix::pipe::Receiver;
    use tokio::process::{ChildStderr, ChildStdout};

    use super::Read;

    /// What a pseudo-terminal holds, or a pipe whose size can't be known: 64 KiB on Linux, and a little more.
    const MOST_HELD: usize = 128 << 10;

    /// Our end of a pipe or a pseudo-terminal.
    pub(in crate::run) struct Reader {
        pipe: Receiver,
        is_screen: bool,
    }

    impl Reader {
        /// Takes over what a child writes to.
        ///
        /// # Errors
        /// When the system refuses to tell when it can be read.
        pub(in crate::run) fn of_stdout(pipe: ChildStdout) -> io::Result<Self> {
            Ok(Self { pipe: Receiver::from_owned_fd(pipe.into_owned_fd()?)?, is_screen: false })
        }

        /// The same.
        pub(in crate::run) fn of_stderr(pipe: ChildStderr) -> io::Result<Self> {
            Ok(Self { pipe: Receiver::from_owned_fd(pipe.into_owned_fd()?)?, is_screen: false })
        }

        /// The same for a pipe.
        pub(in crate::run) fn of_pipe(pipe: OwnedFd) -> io::Result<Self> {
            Ok(Self { pipe: Receiver::from_owned_fd(pipe)?, is_screen: false })
        }

        /// The pipe, for another process; nothing for a pseudo-terminal, which ends with its session.
        pub(in crate::run) fn into_pipe(self) -> Option<OwnedFd> {
            let pipe = self.pipe.into_blocking_fd().ok()?;
            let is_pipe = rustix::fs::fstat(&pipe)
                .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Fifo);
            is_pipe.then_some(pipe)
        }

        /// The same for a pseudo-terminal, which doesn't block.
        pub(in crate::run) fn of_pty(pty: File) -> io::Result<Self> {
            // Not a pipe; what the type asks for is a file that can be waited for.
            Ok(Self { pipe: Receiver::from_file_unchecked(pty)?, is_screen: true })
        }

        /// Whether it is a pseudo-terminal.
        pub(in crate::run) fn is_screen(&self) -> bool {
            self.is_screen
        }

        /// Waits until there may be something to read, or the end.
        pub(in crate::run) async fn ready(&self) {
            // Without a runtime there is nothing to wait for, and reading tells the same.
            let _ = self.pipe.readable().await;
        }

        /// Reads at least a byte, or the end, if there is one by now as far as the runtime has heard.
        pub(in crate::run) fn read(&self, bytes: &mut [u8]) -> Read {
            loop {
                match self.pipe.try_read(bytes) {
                    Ok(0) => return Read::End,
                    Ok(count) => return Read::Some(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Read::Nothing,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // A pseudo-terminal whose other side is gone says EIO.
                    Err(_) => return Read::End,
                }
            }
        }

        /// Reads what is there, asking the system itself: the runtime may not have heard of it yet.
        pub(in crate::run) fn read_now(&self, bytes: &mut [u8]) -> Read {
            loop {
                return match rustix::io::read(&self.pipe, &mut *bytes) {
                    Ok(0) => Read::End,
                    Ok(count) => Read::Some(count),
                    Err(Errno::INTR) => continue,
                    Err(Errno::AGAIN) => Read::Nothing,
                    Err(_) => Read::End,
                };
            }
        }

        /// How many bytes are there, at least: a pseudo-terminal may hold more than it tells.
        pub(in crate::run) fn waiting(&self) -> usize {
            let count = rustix::io::ioctl_fionread(&self.pipe).unwrap_or_default();
            usize::try_from(count).unwrap_or(usize::MAX)
        }

        /// More bytes than can have been written and not be read, at any moment.
        pub(in crate::run) fn capacity(&self) -> usize {
            #[cfg(target_os = "linux")]
            return rustix::pipe::fcntl_getpipe_size(&self.pipe).unwrap_or_default().max(MOST_HELD);
            #[cfg(not(target_os = "linux"))]
            MOST_HELD
        }
    }
}

/// Our end of a pipe, and what was read of it ahead.
#[cfg(not(unix))]
pub(super) struct Reader(tokio::sync::Mutex<(Box<dyn tokio::io::AsyncRead + Send + Unpin>, Option<Vec<u8>>)>);

#[cfg(not(unix))]
impl Reader {
    pub(super) fn of_stdout(pipe: tokio::process::ChildStdout) -> std::io::Result<Self> {
        Ok(Self(tokio::sync::Mutex::new((Box::new(pipe), None))))
    }

    pub(super) fn of_stderr(pipe: tokio::process::ChildStderr) -> std::io::Result<Self> {
        Ok(Self(tokio::sync::Mutex::new((Box::new(pipe), None))))
    }

    #[allow(clippy::unused_self)]
    pub(super) fn is_screen(&self) -> bool {
        false
    }

    pub(super) async fn ready(&self) {
        let mut pipe = self.0.lock().await;
        if pipe.1.is_none() {
            let mut bytes = vec![0; 64 << 10];
            let count = tokio::io::AsyncReadExt::read(&mut pipe.0, &mut bytes).await.unwrap_or(0);
            bytes.truncate(count);
            pipe.1 = Some(bytes);
        }
    }

    pub(super) fn read(&self, bytes: &mut [u8]) -> Read {
        let Ok(mut pipe) = self.0.try_lock() else { return Read::Nothing };
        match pipe.1.take() {
            None => Read::Nothing,
            Some(read) if read.is_empty() => Read::End,
            Some(read) => {
                bytes[..read.len()].copy_from_slice(&read);
                Read::Some(read.len())
            }
        }
    }

    /// What is there can't be asked for here.
    pub(super) fn read_now(&self, _: &mut [u8]) -> Read {
        Read::Nothing
    }

    pub(super) fn waiting(&self) -> usize {
        0
    }

    pub(super) fn capacity(&self) -> usize {
        0
    }
}

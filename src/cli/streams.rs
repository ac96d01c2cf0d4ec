//! The streams of this process: where they lead, and how they are written.

use std::io::{self, Write};

/// A stream of this process, written to at once, without a buffer in which something could get lost. One that doesn't
/// block, as somebody else has made it so, is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnStream {
    Stdout,
    Stderr,
}

#[cfg(unix)]
impl OwnStream {
    fn descriptor(self) -> std::os::fd::BorrowedFd<'static> {
        match self {
            Self::Stdout => rustix::stdio::stdout(),
            Self::Stderr => rustix::stdio::stderr(),
        }
    }

    /// Whether it is a pipe, or a socket, so that another process may read it.
    pub(super) fn is_pipe(self) -> bool {
        use rustix::fs::FileType;
        self.leads_to(FileType::Fifo) || self.leads_to(FileType::Socket)
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(self) -> bool {
        self.leads_to(rustix::fs::FileType::RegularFile)
    }

    fn leads_to(self, kind: rustix::fs::FileType) -> bool {
        rustix::fs::fstat(self.descriptor()).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == kind)
    }
}

/// What isn't a terminal may be anything here.
#[cfg(not(unix))]
impl OwnStream {
    pub(super) fn is_pipe(self) -> bool {
        use std::io::IsTerminal;
        match self {
            Self::Stdout => !io::stdout().is_terminal(),
            Self::Stderr => !io::stderr().is_terminal(),
        }
    }

    pub(super) fn is_file(self) -> bool {
        self.is_pipe()
    }
}

#[cfg(unix)]
impl Write for OwnStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;
        let stream = self.descriptor();
        loop {
            match rustix::io::write(stream, bytes) {
                Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&stream, PollFlags::OUT)], None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                },
                Err(Errno::INTR) => {}
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl Write for OwnStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().write(bytes),
            Self::Stderr => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().flush(),
            Self::Stderr => io::stderr().flush(),
        }
    }
}

//! The person who types, while a command has a pseudo-terminal.

#[cfg(unix)]
pub(super) use unix::Keyboard;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::ops::Range;
    use std::os::fd::AsFd;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe::Receiver;

    /// How many keys are read at once.
    const KEYS: usize = 4096;

    /// Standard input, a terminal, with every key passed on as it is. Dropping it gives the terminal its settings back.
    pub(in crate::run) struct Keyboard {
        /// A file description of our own: whether it blocks is shared with everybody who has the same.
        terminal: Receiver,
        before: Termios,
        keys: Vec<u8>,
        /// Which of the keys are to be typed.
        waiting: Range<usize>,
    }

    impl Keyboard {
        /// Takes the terminal over.
        ///
        /// # Errors
        /// When standard input isn't a terminal, or the system refuses.
        pub(in crate::run) fn take() -> io::Result<Self> {
            use std::os::unix::ffi::OsStrExt;
            use std::os::unix::fs::OpenOptionsExt;
            let stdin = rustix::stdio::stdin();
            let before = tcgetattr(stdin)?;
            let name = rustix::termios::ttyname(stdin, Vec::new())?;
            let path = std::ffi::OsStr::from_bytes(name.as_bytes());
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
            let flags = i32::try_from(flags.bits()).unwrap_or_default();
            let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
            // Not a pipe; what the type asks for is a file that can be waited for.
            let terminal = Receiver::from_file_unchecked(file)?;
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(stdin, OptionalActions::Drain, &raw)?;
            Ok(Self { terminal, before, keys: vec![0; KEYS], waiting: 0..0 })
        }

        /// What is to be typed, once there is something; at least one key.
        pub(in crate::run) async fn keys(&mut self) -> &[u8] {
            while self.waiting.is_empty() {
                match self.terminal.read(&mut self.keys).await {
                    Ok(count) if count > 0 => self.waiting = 0..count,
                    // The terminal is gone.
                    _ => return std::future::pending().await,
                }
            }
            &self.keys[self.waiting.clone()]
        }

        /// So many of them were typed.
        pub(in crate::run) fn typed(&mut self, count: usize) {
            self.waiting.start += count;
        }
    }

    impl Drop for Keyboard {
        fn drop(&mut self) {
            let _ = tcsetattr(rustix::stdio::stdin().as_fd(), OptionalActions::Drain, &self.before);
        }
    }
}

/// There are no pseudo-terminals here.
#[cfg(not(unix))]
pub(super) enum Keyboard {}

#[cfg(not(unix))]
impl Keyboard {
    pub(super) fn take() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn keys(&mut self) -> &[u8] {
        match *self {}
    }

    pub(super) fn typed(&mut self, _: usize) {
        match *self {}
    }
}

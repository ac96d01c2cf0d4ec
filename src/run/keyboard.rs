//! The person who types, while a command has a pseudo-terminal.

#[cfg(unix)]
pub(super) use unix::Keyboard;

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::fs::File;
    use std::io;
    use std::ops::Range;
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;

    use rustix::process::getpgrp;
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe::Receiver;

    /// How many keys are read at once.
    const KEYS: usize = 4096;

    /// The terminal that a person types at, with every key passed on as it is. Dropping it gives the terminal its settings back.
    pub(in crate::run) struct Keyboard {
        /// A file description of our own: whether it blocks is shared with everybody who has the same.
        terminal: Receiver,
        /// The same, to change how it behaves.
        settings: File,
        before: Termios,
        keys: Vec<u8>,
        /// Which of the keys are to be typed.
        waiting: Range<usize>,
    }

    impl Keyboard {
        /// Takes over the terminal that standard input is, or else the one that this process belongs to. Nothing where
        /// there is none, or where another process has it: a command in the background isn't typed to.
        ///
        /// # Errors
        /// When the system refuses.
        pub(in crate::run) fn take() -> io::Result<Option<Self>> {
            use std::os::unix::fs::OpenOptionsExt;
            let stdin = rustix::stdio::stdin();
            let path = match rustix::termios::ttyname(stdin, Vec::new()) {
                Ok(name) => PathBuf::from(OsString::from_vec(name.into_bytes())),
                Err(_) => PathBuf::from("/dev/tty"),
            };
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
            let flags = i32::try_from(flags.bits()).unwrap_or_default();
            let Ok(file) = std::fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(path) else {
                return Ok(None);
            };
            if tcgetpgrp(&file).is_ok_and(|foreground| foreground != getpgrp()) {
                return Ok(None);
            }
            let settings = file.try_clone()?;
            let before = tcgetattr(&settings)?;
            // Not a pipe; what the type asks for is a file that can be waited for.
            let terminal = Receiver::from_file_unchecked(file)?;
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(&settings, OptionalActions::Drain, &raw)?;
            Ok(Some(Self { terminal, settings, before, keys: vec![0; KEYS], waiting: 0..0 }))
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
            let _ = tcsetattr(&self.settings, OptionalActions::Drain, &self.before);
        }
    }
}

/// There are no pseudo-terminals here.
#[cfg(not(unix))]
pub(super) enum Keyboard {}

#[cfg(not(unix))]
impl Keyboard {
    pub(super) fn take() -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) async fn keys(&mut self) -> &[u8] {
        match *self {}
    }

    pub(super) fn typed(&mut self, _: usize) {
        match *self {}
    }
}

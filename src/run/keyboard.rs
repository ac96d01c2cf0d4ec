//! The person who types, while a command has a pseudo-terminal.
//!
//! Keys are taken from the person's terminal only while the command waits for some: what is typed ahead for the next
//! command stays where that will read it, and the terminal keeps its own ways until then.

#[cfg(unix)]
pub(super) use unix::{Key, Keyboard};

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::fs::File;
    use std::io;
    use std::ops::Range;
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;

    use rustix::io::Errno;
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe::Receiver;

    use super::super::family::Membership;
    use super::super::wish::Wish;

    /// How many keys are read at once.
    const KEYS: usize = 4096;

    /// The terminal that a person types at. Dropping it gives the terminal its settings back.
    pub(in crate::run) struct Keyboard {
        /// A file description of our own: whether it blocks is shared with everybody who has the same.
        terminal: Receiver,
        /// The same, to change how it behaves.
        settings: File,
        /// Its settings before it was taken over; nothing while it isn't.
        before: Option<Termios>,
        keys: Vec<u8>,
        /// Which of the keys are to be typed.
        waiting: Range<usize>,
    }

    /// What a person typed.
    pub(in crate::run) enum Key<'k> {
        /// To be passed on; at least one.
        Typed(&'k [u8]),
        /// The key that suspends a command which leaves that to its terminal.
        Suspend,
        /// Nothing yet: the command waits for keys, and the terminal is to be taken over for that.
        Wanted,
    }

    impl Keyboard {
        /// The terminal that standard input is, or else the one that this process belongs to; nothing where there is none.
        ///
        /// # Errors
        /// When the system refuses.
        pub(in crate::run) fn find() -> io::Result<Option<Self>> {
            use std::os::unix::fs::OpenOptionsExt;
            let path = match rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()) {
                Ok(name) => PathBuf::from(OsString::from_vec(name.into_bytes())),
                Err(_) => PathBuf::from("/dev/tty"),
            };
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
            let flags = i32::try_from(flags.bits()).unwrap_or_default();
            let Ok(file) = std::fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(path) else {
                return Ok(None);
            };
            let settings = file.try_clone()?;
            // Not a pipe; what the type asks for is a file that can be waited for.
            let terminal = Receiver::from_file_unchecked(file)?;
            Ok(Some(Self { terminal, settings, before: None, keys: vec![0; KEYS], waiting: 0..0 }))
        }

        /// What is to be typed next, once the command waits for keys and there are some. Nothing is lost when it isn't waited
        /// for to the end.
        pub(in crate::run) async fn next(&mut self, wish: &mut Wish) -> Key<'_> {
            if self.waiting.is_empty() {
                if self.before.is_none() {
                    wish.arise().await;
                    while !self.may_take() {
                        wish.arise().await;
                    }
                    return Key::Wanted;
                }
                match self.terminal.read(&mut self.keys).await {
                    Ok(count) if count > 0 => self.waiting = 0..count,
                    // The terminal is gone.
                    _ => return std::future::pending().await,
                }
            }
            let keys = &self.keys[self.waiting.clone()];
            match wish.suspends().and_then(|key| memchr::memchr(key, keys)) {
                Some(0) => {
                    self.waiting.start += 1;
                    Key::Suspend
                }
                Some(at) => Key::Typed(&keys[..at]),
                None => Key::Typed(keys),
            }
        }

        /// So many of them were typed.
        pub(in crate::run) fn typed(&mut self, count: usize) {
            self.waiting.start += count;
        }

        /// Takes the terminal over, with every key passed on as it is. A command in the background isn't typed to, and neither is
        /// one while another credflow has the terminal: it would keep that one's settings for those to go back to.
        pub(in crate::run) fn take(&mut self) {
            if !self.may_take() {
                return;
            }
            let Ok(before) = tcgetattr(&self.settings) else { return };
            let mut raw = before.clone();
            raw.make_raw();
            if tcsetattr(&self.settings, OptionalActions::Now, &raw).is_ok() {
                self.before = Some(before);
            }
        }

        /// Whether the terminal is taken over.
        pub(in crate::run) fn is_taken(&self) -> bool {
            self.before.is_some()
        }

        fn may_take(&self) -> bool {
            self.is_foreground() && self.settings.try_lock().is_ok()
        }

        /// Gives the terminal its settings back; it is taken over again when the command wants keys.
        pub(in crate::run) fn give_back(&mut self) {
            if let Some(before) = self.before.take()
                && self.is_foreground()
            {
                let _ = tcsetattr(&self.settings, OptionalActions::Now, &before);
            }
            let _ = self.settings.unlock();
        }

        fn is_foreground(&self) -> bool {
            let own = Membership::own().and_then(|place| place.group);
            match tcgetpgrp(&self.settings) {
                Ok(foreground) => own == Some(foreground),
                // Whoever reads the terminal is outside of this container. So may this process's group be, which is
                // then taken for the same.
                Err(Errno::OPNOTSUPP) => own.is_none(),
                Err(_) => false,
            }
        }
    }

    impl Drop for Keyboard {
        fn drop(&mut self) {
            self.give_back();
        }
    }
}

/// There are no pseudo-terminals here.
#[cfg(not(unix))]
pub(super) enum Keyboard {}

#[cfg(not(unix))]
impl Keyboard {
    pub(super) fn take(&mut self) {
        match *self {}
    }

    pub(super) fn is_taken(&self) -> bool {
        match *self {}
    }

    pub(super) fn find() -> std::io::Result<Option<Self>> {
        Ok(None)
    }
}

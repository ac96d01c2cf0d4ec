//! Where private files lie, and what of them earlier runs left that were killed.
//!
//! On Linux the name of a file says who made it: the namespaces of processes and of time, the process, and when that
//! started. Only a file whose owner is gone for sure is removed. Elsewhere nobody can tell, and nothing is removed.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What a name begins with where no folder is ours alone.
const PREFIX: &str = "credflow-";

/// So many random characters are in a name.
const RANDOM: usize = 12;

/// The folders for files that their owner alone can read: those in memory first, where the system has any.
fn folders() -> impl Iterator<Item = PathBuf> {
    let in_memory = [Some(PathBuf::from("/dev/shm")), std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)];
    in_memory.into_iter().flatten().filter(|folder| folder.is_dir()).chain([std::env::temp_dir()])
}

/// Makes an empty file in the first folder that takes it, and fills it.
///
/// # Errors
/// What the system said.
pub(super) fn make<T>(fill: impl Fn(NamedTempFile) -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for folder in folders() {
        match make_in(&folder).and_then(&fill) {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A temporary file has mode 0600 on Unix.
fn make_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.rand_bytes(RANDOM);
    #[cfg(target_os = "linux")]
    if let (Some(private), Some(owner)) = (linux::private(folder, true), linux::Owner::own()) {
        return builder.prefix(&format!("{owner}-")).tempfile_in(private);
    }
    builder.prefix(PREFIX).tempfile_in(folder)
}

/// Removes the files that runs of this user left in memory, or in the folder for temporary files, when they were killed
/// together with their supervisor. Call it before a run.
///
/// It is for Linux; elsewhere nothing happens. What can't be removed stays.
pub fn remove_left_files() {
    #[cfg(target_os = "linux")]
    folders().for_each(|folder| linux::remove_left(&folder));
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt;
    use std::fs::{self, DirBuilder};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    use std::path::{Path, PathBuf};

    use rustix::io::Errno;
    use rustix::process::{Pid, geteuid, getpid, test_kill_process};

    use crate::run::family;

    /// The folder within one that is ours alone, if it is, or can be made.
    pub(super) fn private(folder: &Path, may_make: bool) -> Option<PathBuf> {
        let user = geteuid().as_raw();
        let path = folder.join(format!("credflow-{user}"));
        if may_make {
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
                _ => {}
            }
        }
        // A link is somebody's who wants our files elsewhere, or wants us to remove theirs.
        let found = fs::symlink_metadata(&path).ok()?;
        (found.is_dir() && found.uid() == user && found.mode() & 0o777 == 0o700).then_some(path)
    }

    /// Who made a file.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Owner {
        /// Where an id is a process's: folders may be shared between containers.
        processes: u64,
        /// Where the start is counted.
        time: u64,
        id: Pid,
        started: u64,
    }

    impl Owner {
        /// This process, where that can be known.
        pub(super) fn own() -> Option<Self> {
            let id = getpid();
            // A system without namespaces of time has none of two.
            let time = namespace("time").unwrap_or_default();
            Some(Self { processes: namespace("pid")?, time, id, started: family::started(id)? })
        }

        /// The one that the name of a file names.
        fn of(name: &str) -> Option<Self> {
            let mut parts = name.split('-');
            let mut number = || parts.next()?.parse::<u64>().ok();
            let (processes, time, id, started) = (number()?, number()?, number()?, number()?);
            let _random = parts.next()?;
            let id = Pid::from_raw(id.try_into().ok()?)?;
            parts.next().is_none().then_some(Self { processes, time, id, started })
        }

        /// Whether it has ended for sure, as somebody else in its namespaces sees it.
        fn is_gone(&self, own: &Self) -> bool {
            // A process may be hidden from `/proc`, and answers to a signal all the same.
            let is_reused = || family::is_reused(self.id, Some(self.started));
            (self.processes, self.time) == (own.processes, own.time)
                && (test_kill_process(self.id) == Err(Errno::SRCH) || is_reused())
        }
    }

    impl fmt::Display for Owner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self { processes, time, id, started } = self;
            write!(f, "{processes}-{time}-{}-{started}", id.as_raw_nonzero())
        }
    }

    /// The number of a namespace that this process is in: `pid:[4026531836]`.
    fn namespace(kind: &str) -> Option<u64> {
        let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
        link.to_str()?.split_once('[')?.1.strip_suffix(']')?.parse().ok()
    }

    /// Removes the files within a folder whose owners are gone.
    pub(super) fn remove_left(folder: &Path) {
        let (Some(private), Some(own)) = (private(folder, false), Owner::own()) else { return };
        for entry in fs::read_dir(private).into_iter().flatten().flatten() {
            let is_left = entry.file_name().to_str().and_then(Owner::of).is_some_and(|owner| owner.is_gone(&own));
            if is_left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_names_its_owner_and_nothing_else_does() {
            let own = Owner::own().expect("Linux");
            assert_eq!(Owner::of(&format!("{own}-abc")), Some(own));
            for name in ["", "credflow-abc", "1-2-3-4", "1-2-3-4-x-y", "1-2-0-4-x", "1-2--3-4", "a-2-3-4-x"] {
                assert_eq!(Owner::of(name), None, "{name}");
            }
        }

        #[test]
        fn only_who_is_gone_for_sure_is_gone() {
            let own = Owner::own().expect("Linux");
            assert!(!own.is_gone(&own));
            assert!(Owner { started: own.started + 1, ..own }.is_gone(&own), "its id is another's");
            assert!(!Owner { processes: own.processes + 1, started: 1, ..own }.is_gone(&own));
            assert!(!Owner { time: own.time + 1, started: 1, ..own }.is_gone(&own));
            // No system has so many processes.
            let id = Pid::from_raw(i32::MAX).expect("an id");
            assert!(Owner { id, ..own }.is_gone(&own));
        }
    }
}

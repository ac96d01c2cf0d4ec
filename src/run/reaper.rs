//! Takes note of the ends of adopted processes, which would stay zombies for as long as this process lives.
//!
//! The system gives orphans to the first process of a container (PID 1), and to one that asked for them
//! ([`Orphans`](super::Orphans)). Their ends are noted by a thread of its own, which looks twice a second. A child that
//! somebody here started is theirs: what a run or a wrapped command waits for is never taken, and anybody else has half
//! a second to take theirs.

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{HashMap, HashSet};
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
    use std::time::Duration;

    use rustix::process::{Pid, WaitOptions, waitpid};

    use crate::run::claim::is_claimed;
    use crate::run::family::{self, Relative};
    use crate::run::supervisor::{Supervisor, Watched};

    /// How often it looks.
    const PAUSE: Duration = Duration::from_millis(500);

    /// A process, told apart from another one that has its id later.
    type Key = (Pid, u64);

    /// Reaps the children that nobody in this process waits for, until it is dropped.
    ///
    /// A child is reaped that is a zombie for half a second. Start none beside those of this library that you wait for later
    /// than that. On Linux; elsewhere nothing happens.
    #[derive(Debug)]
    pub struct Reaper(#[allow(dead_code, reason = "its end is what the thread waits for")] Sender<()>);

    impl Reaper {
        /// From now on.
        pub fn start() -> Self {
            Self::watching(None)
        }

        /// The same, when this process is one that orphans come to: the first of its container, or one that has asked
        /// for them.
        pub fn start_if_adopting() -> Option<Self> {
            let is_first = rustix::process::getpid().is_init();
            let has_asked = || matches!(rustix::process::child_subreaper(), Ok(Some(_)));
            (is_first || has_asked()).then(Self::start)
        }

        /// The same, and the supervisor is told of those who live.
        pub(in crate::run) fn watching(supervisor: Option<Supervisor>) -> Self {
            let (stop, stopped) = channel();
            // Without the thread there are zombies, and nothing else is wrong.
            let _ = std::thread::Builder::new()
                .name("reaper".to_owned())
                .spawn(move || look(&stopped, supervisor.as_ref()));
            Self(stop)
        }
    }

    fn look(stopped: &Receiver<()>, supervisor: Option<&Supervisor>) {
        let (mut before, mut watched) = (HashSet::new(), HashMap::new());
        while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            let (ended, living): (Vec<_>, Vec<_>) = unclaimed().partition(|child| child.has_ended);
            if let Some(supervisor) = supervisor {
                watch(&mut watched, &living, supervisor);
            }
            before = reap(&before, &ended);
        }
    }

    /// The children that nobody waits for.
    pub(super) fn unclaimed() -> impl Iterator<Item = Relative> {
        family::children().into_iter().filter(|child| !is_claimed(child.id))
    }

    /// Reaps those that had ended before, and gives those that are to be reaped the next time.
    pub(super) fn reap(before: &HashSet<Key>, ended: &[Relative]) -> HashSet<Key> {
        let mut new = HashSet::new();
        for child in ended {
            let key = (child.id, child.started);
            if before.contains(&key) {
                // Whoever was faster is welcome.
                let _ = waitpid(Some(child.id), WaitOptions::NOHANG);
            } else {
                new.insert(key);
            }
        }
        new
    }

    /// Keeps the supervisor informed of adopted processes: no step's process group has them.
    fn watch(watched: &mut HashMap<Key, Watched>, living: &[Relative], supervisor: &Supervisor) {
        let living: HashSet<Key> = living.iter().map(|child| (child.id, child.started)).collect();
        watched.retain(|key, _| living.contains(key));
        for key in living {
            watched.entry(key).or_insert_with(|| supervisor.watch_process(key.0));
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::collections::HashSet;
    use std::process::{Child, Command};

    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    use super::linux::{reap, unclaimed};
    use crate::run::claim::Claim;
    use crate::run::family::Relative;

    /// A child that is a zombie.
    fn zombie() -> (Child, Pid) {
        let child = Command::new("true").spawn().expect("a process");
        let id = Pid::from_child(&child);
        waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("its end");
        (child, id)
    }

    /// That child alone: other tests have theirs.
    fn ended(id: Pid) -> Vec<Relative> {
        unclaimed().filter(|child| child.has_ended && child.id == id).collect()
    }

    #[test]
    fn a_zombie_is_reaped_by_the_second_look() {
        let (mut child, id) = zombie();
        let before = reap(&HashSet::new(), &ended(id));
        assert_eq!((before.len(), ended(id).len()), (1, 1));
        assert!(reap(&before, &ended(id)).is_empty());
        assert!(ended(id).is_empty() && child.wait().is_err());
    }

    #[test]
    fn a_child_that_somebody_waits_for_is_theirs() {
        let (mut child, id) = zombie();
        let claim = Claim::new(id);
        assert!(ended(id).is_empty());
        let again = Claim::new(id);
        drop(claim);
        assert!(ended(id).is_empty());
        drop(again);
        assert_eq!(ended(id).len(), 1);
        assert!(child.wait().expect("its end").success());
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// Reaps nothing here: on Linux alone orphans come to another process than the system's first.
    #[derive(Debug)]
    #[non_exhaustive]
    pub struct Reaper;

    impl Reaper {
        /// From now on.
        pub fn start() -> Self {
            Self
        }

        /// Never.
        pub fn start_if_adopting() -> Option<Self> {
            None
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::Reaper;
#[cfg(target_os = "linux")]
pub use linux::Reaper;

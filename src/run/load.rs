//! What a process is given when it starts, by size: systems have a bound for it (E2BIG).

use std::ffi::OsStr;
use std::fmt;
use std::process::Command;

/// The longest single string that a process can be given, in bytes, with the NUL at its end: 32 pages on Linux
/// (`MAX_ARG_STRLEN`). Elsewhere all of them together have a bound alone.
fn longest() -> usize {
    #[cfg(target_os = "linux")]
    return 32 * rustix::param::page_size();
    #[cfg(not(target_os = "linux"))]
    return usize::MAX;
}

/// So many variables are named.
const NAMED: usize = 3;

/// The size of a process's environment and arguments, and what of it is largest: names and sizes, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// All of it, in bytes.
    pub total: usize,
    /// The variables that are largest, the largest first.
    pub variables: Vec<(String, usize)>,
    /// The place of the longest argument, from 1, and its size.
    pub argument: Option<(usize, usize)>,
}

impl Load {
    /// What a command is given beside what it inherits, if it does.
    pub(super) fn of(command: &Command, inherits: bool) -> Self {
        let mut load = Self { total: length(command.get_program()) + 1, variables: Vec::new(), argument: None };
        for (at, argument) in command.get_args().enumerate() {
            let size = length(argument);
            load.total += size + 1;
            if load.argument.is_none_or(|(_, largest)| size > largest) {
                load.argument = Some((at + 1, size));
            }
        }
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                load.add(name, value);
            }
        }
        if inherits {
            let given: std::collections::HashSet<&OsStr> = command.get_envs().map(|(name, _)| name).collect();
            for (name, value) in std::env::vars_os().filter(|(name, _)| !given.contains(&**name)) {
                load.add(&name, &value);
            }
        }
        load
    }

    fn add(&mut self, name: &OsStr, value: &OsStr) {
        let size = length(value);
        // `NAME=VALUE` and a NUL.
        self.total += length(name) + size + 2;
        let at = self.variables.partition_point(|(_, larger)| *larger >= size);
        if at < NAMED {
            self.variables.insert(at, (name.to_string_lossy().into_owned(), size));
            self.variables.truncate(NAMED);
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_long = |size: usize| size > longest();
        let long = self.variables.first().filter(|(name, size)| is_long(name.len() + size + 2));
        let most = human(longest());
        if let Some((name, size)) = long {
            write!(f, "the variable `{name}` is too large ({}); the system takes at most {most} in one", human(*size))?;
        } else if let Some((at, size)) = self.argument.filter(|(_, size)| is_long(size + 1)) {
            write!(f, "argument {at} is too large ({}); the system takes at most {most} in one", human(size))?;
        } else {
            write!(
                f,
                "its environment and arguments are too large ({}); the largest variables are",
                human(self.total)
            )?;
            for (at, (name, size)) in self.variables.iter().enumerate() {
                let before = match at {
                    0 => " ",
                    _ if at + 1 == self.variables.len() => " and ",
                    _ => ", ",
                };
                write!(f, "{before}`{name}` ({})", human(*size))?;
            }
        }
        f.write_str("; give a step large values as files, with `files:`")
    }
}

fn length(text: &OsStr) -> usize {
    text.as_encoded_bytes().len()
}

/// A size for people.
fn human(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => {
            let tenths = (bytes.saturating_mul(10) + (1 << 19)) >> 20;
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_named_with_their_sizes() {
        let mut command = Command::new("sh");
        command.env_clear().arg("-c").arg("x".repeat(5000));
        for (name, size) in [("A", 10), ("B", 2 << 20), ("C", 1024), ("D", 100 << 10)] {
            command.env(name, "x".repeat(size));
        }
        let load = Load::of(&command, false);
        let named = [("B".to_owned(), 2 << 20), ("D".to_owned(), 100 << 10), ("C".to_owned(), 1024)];
        assert_eq!((&load.variables[..], load.argument), (&named[..], Some((2, 5000))));
        let small = Load { variables: named[1..].to_vec(), ..load };
        assert_eq!(
            small.to_string(),
            "its environment and arguments are too large (2.1 MiB); the largest variables are `D` (100 KiB) and `C` (1 KiB); \
             give a step large values as files, with `files:`"
        );
    }

    #[test]
    fn what_is_inherited_counts() {
        let mut command = Command::new("sh");
        command.env_remove("PATH").env("HOME", "/");
        let (alone, all) = (Load::of(&command, false), Load::of(&command, true));
        assert!(all.total > alone.total);
        assert!(all.variables.iter().all(|(name, _)| name != "PATH"));
    }
}

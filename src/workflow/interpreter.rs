//! What reads a script: the program that the words of `shell` come to.

/// What reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interpreter<'s> {
    /// A POSIX shell that drops variables with names that aren't its own; `sh` may be one (dash, busybox).
    Dropping,
    /// A POSIX shell that passes them on.
    Keeping,
    /// Another language.
    Other,
    /// A program that isn't known.
    Unknown(&'s str),
    /// The script's own file, which is no program.
    Script,
    /// There is no word.
    Nothing,
}

/// What stands in `shell` for the script's file.
pub(crate) const FILE: &str = "{0}";

/// Programs that start another one.
struct Wrapper {
    name: &'static str,
    /// Its options whose value is a word of its own.
    valued: &'static [&'static str],
    /// How many words stand between the options and the other program.
    words: usize,
}

const fn wrapper(name: &'static str, valued: &'static [&'static str], words: usize) -> Wrapper {
    Wrapper { name, valued, words }
}

const WRAPPERS: [Wrapper; 19] = [
    wrapper("busybox", &[], 0),
    wrapper("catchsegv", &[], 0),
    wrapper("chroot", &[], 1),
    wrapper("doas", &["-C", "-u"], 0),
    wrapper("dumb-init", &[], 0),
    wrapper("env", &["-u", "--unset", "-C", "--chdir"], 0),
    wrapper("exec", &["-a"], 0),
    wrapper("gosu", &[], 1),
    wrapper("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    wrapper("nice", &["-n", "--adjustment"], 0),
    wrapper("nohup", &[], 0),
    wrapper("setsid", &[], 0),
    wrapper("stdbuf", &["-i", "--input", "-o", "--output", "-e", "--error"], 0),
    wrapper("su-exec", &[], 1),
    wrapper(
        "sudo",
        &[
            "-C",
            "-D",
            "-g",
            "-h",
            "-p",
            "-R",
            "-r",
            "-T",
            "-t",
            "-U",
            "-u",
            "--close-from",
            "--chdir",
            "--group",
            "--host",
            "--prompt",
            "--chroot",
            "--role",
            "--command-timeout",
            "--type",
            "--other-user",
            "--user",
        ],
        0,
    ),
    wrapper("taskset", &[], 1),
    wrapper("time", &["-f", "--format", "-o", "--output"], 0),
    wrapper("timeout", &["-k", "--kill-after", "-s", "--signal"], 1),
    wrapper("tini", &["-p", "-e"], 0),
];

/// Programs that read scripts in other languages, without the numbers of versions.
const OTHERS: [&str; 38] = [
    "awk",
    "bun",
    "cmd",
    "csh",
    "deno",
    "elvish",
    "fish",
    "gawk",
    "groovy",
    "guile",
    "irb",
    "java",
    "jruby",
    "julia",
    "kotlinc",
    "lua",
    "luajit",
    "mawk",
    "node",
    "nodejs",
    "nu",
    "osascript",
    "perl",
    "php",
    "powershell",
    "pwsh",
    "py",
    "pypy",
    "python",
    "pythonw",
    "r",
    "raku",
    "rscript",
    "ruby",
    "swift",
    "tclsh",
    "tcsh",
    "xonsh",
];

impl<'s> Interpreter<'s> {
    pub(super) fn of(shell: &'s str) -> Self {
        let mut words = shell.split_whitespace();
        let mut program = words.next();
        while let Some(wrapper) = program.and_then(|word| WRAPPERS.iter().find(|it| it.name == plain(word))) {
            program = wrapper.program(&mut words);
        }
        let Some(word) = program else {
            return if shell.trim().is_empty() { Self::Nothing } else { Self::Unknown(shell) };
        };
        match plain(word).trim_end_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | '-')) {
            _ if word.contains(FILE) => Self::Script,
            "sh" | "dash" | "ash" | "mksh" => Self::Dropping,
            "bash" | "rbash" | "zsh" | "ksh" => Self::Keeping,
            name if OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other)) => Self::Other,
            _ => Self::Unknown(word),
        }
    }

    /// Whether it is a POSIX shell.
    pub(super) fn is_shell(self) -> bool {
        matches!(self, Self::Dropping | Self::Keeping)
    }
}

impl Wrapper {
    /// The program that it starts, of the words behind it.
    fn program<'s>(&self, words: &mut impl Iterator<Item = &'s str>) -> Option<&'s str> {
        let mut between = self.words;
        loop {
            let word = words.next()?;
            if word.starts_with('-') {
                if self.valued.contains(&word) {
                    words.next();
                }
            } else if matches!(self.name, "env" | "sudo") && word.contains('=') {
                // A variable.
            } else if between == 0 {
                return Some(word);
            } else {
                between -= 1;
            }
        }
    }
}

/// The name of a program without its folder, and without what Windows adds.
fn plain(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::Interpreter::{self, Dropping, Keeping, Nothing, Other, Script, Unknown};

    #[test]
    fn the_program_that_reads_is_found() {
        for (shell, expected) in [
            ("sh -e", Dropping),
            ("/bin/dash", Dropping),
            ("busybox sh", Dropping),
            ("sudo sh -e {0}", Dropping),
            ("sudo -E -u deploy PATH=/bin sh {0}", Dropping),
            ("env -i A=b /usr/bin/env -u C bash -e {0}", Keeping),
            ("nice -n 5 timeout -k 1 60 bash {0}", Keeping),
            ("/opt/homebrew/bin/bash-5.2 -c", Keeping),
            ("C:\\Git\\bin\\bash.exe", Keeping),
            ("python3.11 -u {0}", Other),
            ("pwsh -command . '{0}'", Other),
            ("Rscript {0}", Other),
            ("sudo node {0}", Other),
            ("{0}", Script),
            ("sudo -n {0}", Script),
            ("./{0}", Script),
            ("./my-shell {0}", Unknown("./my-shell")),
            ("docker run --rm -i alpine sh", Unknown("docker")),
            ("sudo ./my-shell sh", Unknown("./my-shell")),
            ("sudo", Unknown("sudo")),
            (" ", Nothing),
        ] {
            assert_eq!(Interpreter::of(shell), expected, "{shell}");
        }
    }
}

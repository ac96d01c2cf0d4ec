//! Output on its way to a runner, which is shown what steps tell it to mask, where it is sure to take that as told.

use memchr::{memchr2, memmem};
use zeroize::Zeroizing;

use crate::cli::Terminal;
use crate::cli::streams::OwnStream;
use crate::mask::{Revealed, Runner};
use crate::run::{Stream, Unshown};

/// So much of a line is remembered. No command whose beginning is longer is shown.
const LONGEST: usize = 64 << 10;

/// What stops GitHub's commands.
const STOP: &[u8] = b"stop-commands";

/// Writes output to the terminal's streams. A runner that doesn't take a line as a command shows it to people: so a value
/// stands in its line only where that begins as a command, as the runner sees it, and nothing has stopped commands.
pub(in crate::cli) struct RunnerLog {
    terminal: Terminal,
    runner: Option<Runner>,
    /// Whether the runner may read each stream.
    heard: [bool; 2],
    /// What is there of the line that each stream is in.
    lines: [Vec<u8>; 2],
    stop: Option<Stop>,
}

/// Commands are stopped.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// Until a line has this.
    Until(Vec<u8>),
    /// Nobody knows until when.
    ForGood,
}

impl RunnerLog {
    /// For a runner that listens, if one does.
    pub(in crate::cli) fn new(terminal: Terminal, runner: Option<Runner>) -> Self {
        let heard = [OwnStream::Stdout, OwnStream::Stderr].map(OwnStream::is_pipe);
        Self { terminal, runner, heard, lines: [Vec::new(), Vec::new()], stop: None }
    }

    /// Writes a piece of output, with what stars in it stand for.
    pub(in crate::cli) fn pass(&mut self, stream: Stream, bytes: &[u8], revealed: &[Revealed]) -> Result<(), Unshown> {
        let is_stderr = stream == Stream::Stderr;
        let Some(runner) = self.runner else { return self.terminal.pass(is_stderr, bytes) };
        let most = bytes.len() + revealed.iter().map(|revealed| revealed.value.len()).sum::<usize>();
        let (mut out, mut at) = (Zeroizing::new(Vec::with_capacity(most)), 0);
        for Revealed { stars, value } in revealed {
            self.follow(runner, stream, &bytes[at..stars.start]);
            out.extend_from_slice(&bytes[at..stars.start]);
            let line = &self.lines[usize::from(is_stderr)];
            let is_heard = self.heard[usize::from(is_stderr)] && self.stop.is_none();
            let is_shown = is_heard && is_command(runner, line) && !is_refused(runner, line, value);
            out.extend_from_slice(if is_shown { value } else { &bytes[stars.clone()] });
            self.follow(runner, stream, &bytes[stars.clone()]);
            at = stars.end;
        }
        self.follow(runner, stream, &bytes[at..]);
        out.extend_from_slice(&bytes[at..]);
        self.terminal.pass(is_stderr, &out)
    }

    /// Remembers what a runner makes of some output.
    fn follow(&mut self, runner: Runner, stream: Stream, mut bytes: &[u8]) {
        let line = &mut self.lines[usize::from(stream == Stream::Stderr)];
        while let Some(end) = memchr2(b'\n', b'\r', bytes) {
            add(line, &bytes[..end]);
            if runner == Runner::GitHub {
                obey(&mut self.stop, line);
            }
            line.clear();
            bytes = &bytes[end + 1..];
        }
        add(line, bytes);
        if line.len() == LONGEST && runner == Runner::GitHub && stops(line) {
            self.stop = Some(Stop::ForGood);
        }
    }
}

fn add(line: &mut Vec<u8>, bytes: &[u8]) {
    line.extend_from_slice(&bytes[..bytes.len().min(LONGEST - line.len())]);
}

/// What a whole line does to GitHub's commands. Whatever may stop them does, and only what is sure to goes on with them.
fn obey(stop: &mut Option<Stop>, line: &[u8]) {
    match stop {
        None if stops(line) => {
            let token = strip(line.trim_ascii_start(), b"::stop-commands::").map(<[u8]>::to_ascii_lowercase);
            let is_plain = |token: &Vec<u8>| {
                !token.is_empty() && token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            };
            *stop = Some(token.filter(is_plain).map_or(Stop::ForGood, Stop::Until));
        }
        Some(Stop::Until(token)) => {
            let rest = strip(line.trim_ascii_start(), b"::").and_then(|rest| strip(rest, token));
            if rest.is_some_and(|rest| rest.starts_with(b"::")) {
                *stop = None;
            }
        }
        None | Some(Stop::ForGood) => {}
    }
}

fn stops(line: &[u8]) -> bool {
    let may_be = memmem::find(line, b"::").is_some() || memmem::find(line, b"##[").is_some();
    may_be && line.windows(STOP.len()).any(|word| word.eq_ignore_ascii_case(STOP))
}

/// Whether what stands in a line makes the rest of it the value of a command.
fn is_command(runner: Runner, line: &[u8]) -> bool {
    match runner {
        Runner::GitHub => {
            let line = line.trim_ascii_start();
            if let Some(rest) = strip(line, b"::add-mask") {
                return matches!(rest.first(), Some(b':' | b' '))
                    && memmem::find(rest, b"::") == rest.len().checked_sub(2);
            }
            let Some(rest) = strip(line, b"##[add-mask") else { return false };
            matches!(rest.first(), Some(b']' | b' ')) && memmem::find(rest, b"]") == rest.len().checked_sub(1)
        }
        Runner::AzurePipelines => {
            let Some(at) = memmem::find(line, b"##vso[") else { return false };
            memmem::find(&line[at..], b"]") == (line.len() - at).checked_sub(1)
        }
    }
}

/// Whether Azure's agent refuses a command, and shows it: a secret variable of several lines.
fn is_refused(runner: Runner, line: &[u8], value: &[u8]) -> bool {
    let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    runner == Runner::AzurePipelines && has(line, b"task.setvariable") && (has(value, b"%0a") || has(value, b"%0d"))
}

/// What follows a beginning, case aside.
fn strip<'l>(line: &'l [u8], beginning: &[u8]) -> Option<&'l [u8]> {
    let (first, rest) = line.split_at_checked(beginning.len())?;
    first.eq_ignore_ascii_case(beginning).then_some(rest)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::{Revealed, Runner, RunnerLog, Stream, Terminal};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is shown of pieces in which each `***` stands for a value.
    fn shown(runner: Runner, pieces: &[(Stream, &str)]) -> String {
        let kept = Kept::default();
        let terminal = Terminal::new(kept.clone(), kept.clone());
        let mut log = RunnerLog { heard: [true; 2], ..RunnerLog::new(terminal, Some(runner)) };
        for (stream, text) in pieces {
            let revealed = text
                .match_indices("***")
                .map(|(at, stars)| Revealed { stars: at..at + stars.len(), value: b"value".to_vec().into() });
            log.pass(*stream, text.as_bytes(), &revealed.collect::<Vec<_>>()).expect("a buffer");
        }
        String::from_utf8(kept.0.lock().expect("no panic").clone()).expect("text")
    }

    const OUT: Stream = Stream::Stdout;
    const ERR: Stream = Stream::Stderr;

    #[test]
    fn a_runner_sees_what_it_takes_as_a_command() {
        for (text, is_shown) in [
            ("::add-mask::***\n", true),
            (" \t::Add-Mask a=b::***", true),
            ("##[add-mask]***\n", true),
            ("x::add-mask::***\n", false),
            ("x ##[add-mask]***\n", false),
            ("::add-masks::***\n", false),
            ("::add-mask::a***\n", false),
            ("##vso[task.setsecret]***\n", false),
        ] {
            let expected = if is_shown { text.replace("***", "value") } else { text.to_owned() };
            assert_eq!(shown(Runner::GitHub, &[(OUT, text)]), expected);
        }
        for (text, is_shown) in [
            ("x ##vso[task.setsecret]***\n", true),
            ("##vso[task.setvariable variable=a;issecret=true]***\n", true),
            ("##vso[a]##vso[task.setsecret]***\n", false),
            ("::add-mask::***\n", false),
        ] {
            let expected = if is_shown { text.replace("***", "value") } else { text.to_owned() };
            assert_eq!(shown(Runner::AzurePipelines, &[(OUT, text)]), expected);
        }
    }

    /// While commands are stopped, the runner shows them to everybody.
    #[test]
    fn nothing_is_shown_while_commands_are_stopped() {
        for (stop, resumes) in [
            ("::stop-commands::tok-1\n", "::tok-1::\n"),
            ("  ::Stop-Commands::tok-1\r", "  ::TOK-1::\r\n"),
            ("::stop-commands x=y::tok-1\n", ""),
            ("##[stop-commands]tok-1\n", ""),
            ("\u{3000}::stop-commands::tok-1\n", ""),
            ("::stop-commands::\n", ""),
            ("::stop-commands::a b\n", ""),
        ] {
            for (first, second) in [(OUT, OUT), (OUT, ERR), (ERR, OUT)] {
                let before = [(first, "::add-mask::***\n"), (first, stop)];
                let during = [(second, "::tok-2::\n::tok-1:\n ::tok-1 ::\n::add-mask::***\n::stop-commands::tok-2\n")];
                let after = [(first, resumes), (second, "::add-mask::***\n")];
                let text = shown(Runner::GitHub, &[&before[..], &during, &after].concat());
                assert_eq!(text.matches("value").count(), 1 + usize::from(!resumes.is_empty()), "{text}");
                assert_eq!(text.matches("::add-mask::***").count(), 3 - text.matches("value").count(), "{text}");
            }
        }
    }

    #[test]
    fn each_stream_has_its_lines() {
        let pieces = [(OUT, "x"), (ERR, "::add-mask::***\n"), (OUT, "::add-mask::***\n::add-"), (OUT, "mask::***")];
        assert_eq!(shown(Runner::GitHub, &pieces), "x::add-mask::value\n::add-mask::***\n::add-mask::value");
    }
}

//! Output as it comes, each line with its job where several run.

use std::collections::HashMap;
use std::sync::Arc;

use super::{RunnerLog, Terminal, again, describe, ended};
use crate::mask::{MaskSet, Revealed};
use crate::run::{Event, Observer, Outcome, Stream, Unshown};
use crate::source::printable;

/// Writes what happens to the terminal.
pub(super) struct Lines {
    terminal: Terminal,
    log: RunnerLog,
    /// Lines begin with their job when there is more than one.
    prefixed: bool,
    open: OpenLines,
}

impl Lines {
    pub(super) fn new(terminal: Terminal, log: RunnerLog, prefixed: bool) -> Self {
        Self { terminal, log, prefixed, open: OpenLines::default() }
    }

    fn say(&self, job: &str, step: Option<&str>, text: &str) {
        let place = step.map_or_else(|| job.to_owned(), |step| format!("{job}/{step}"));
        self.terminal.say(&format!("{} {}", self.terminal.paint("1;34", &printable(&place)), text));
    }

    fn output(&mut self, job: &Arc<str>, stream: Stream, bytes: &[u8], revealed: &[Revealed]) -> Result<(), Unshown> {
        if !self.prefixed {
            return self.log.pass(stream, bytes, revealed);
        }
        // No command is at the beginning of its line.
        let lines = self.open.add(job, stream, bytes);
        self.terminal.pass(stream == Stream::Stderr, &lines)
    }

    /// What a step printed last, without a line break.
    fn rest(&mut self, job: &Arc<str>) -> Result<(), Unshown> {
        for (stream, line) in self.open.end(job) {
            self.terminal.pass(stream == Stream::Stderr, &line)?;
        }
        Ok(())
    }
}

impl Observer for Lines {
    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        match event {
            Event::Output { step, stream, bytes, revealed } => {
                self.output(&step.job.id, stream, &bytes, &revealed)?;
            }
            Event::StepStarted { step, attempt: 1 } => self.say(&step.job.id, Some(&step.label), "starts"),
            Event::StepRetried { step, outcome, attempt, delay } => {
                self.rest(&step.job.id)?;
                self.say(&step.job.id, Some(&step.label), &printable(&again(&outcome, attempt, delay)));
            }
            Event::StepFinished { step, outcome, duration } => {
                self.rest(&step.job.id)?;
                if let (true, Outcome::NotStarted(error)) = (self.terminal.is_quiet(), &outcome) {
                    self.terminal.error(&format!("{}/{}: {error}", step.job.id, step.label));
                } else if !matches!(outcome, Outcome::Skipped(_)) {
                    self.say(&step.job.id, Some(&step.label), &ended(&self.terminal, &outcome, duration));
                }
            }
            Event::JobFinished { job, outcome: outcome @ Outcome::Skipped(_), .. } => {
                self.say(&job.id, None, &describe(&outcome));
            }
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => {}
        }
        Ok(())
    }
}

/// Where a line of a job's stream isn't finished yet: lines of jobs that run at once are kept whole.
#[derive(Default)]
pub(super) struct OpenLines {
    open: HashMap<(Arc<str>, Stream), Vec<u8>>,
    /// Whether lines are to leave the cursor where they end, and colours as they were; and what must not be seen of what is
    /// left of them then.
    tame: Option<Arc<MaskSet>>,
}

/// The longest line that is kept together, in bytes.
const MAX_LINE: usize = 64 * 1024;

impl OpenLines {
    /// For what draws on the terminal itself: of the control sequences only colours are kept, and end with their line.
    pub(super) fn tame(masks: Arc<MaskSet>) -> Self {
        Self { tame: Some(masks), ..Self::default() }
    }

    /// Takes what a job wrote, and gives the lines that are finished by that, with their job.
    pub(super) fn add(&mut self, job: &Arc<str>, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let tame = self.tame.as_deref();
        let line = self.open.entry((Arc::clone(job), stream)).or_default();
        let mut out = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() > MAX_LINE {
                prefix(&mut out, job, line, tame);
            }
        }
        out
    }

    /// The lines of a job that aren't finished, and won't be.
    pub(super) fn end(&mut self, job: &Arc<str>) -> Vec<(Stream, Vec<u8>)> {
        let mut rest = Vec::new();
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(mut line) = self.open.remove(&(Arc::clone(job), stream)).filter(|line| !line.is_empty()) {
                let mut out = Vec::new();
                prefix(&mut out, job, &mut line, self.tame.as_deref());
                rest.push((stream, out));
            }
        }
        rest
    }

    /// What of a job's line is there already.
    pub(super) fn unfinished(&self, job: &Arc<str>) -> &[u8] {
        let of = |stream| self.open.get(&(Arc::clone(job), stream)).map_or(&[][..], Vec::as_slice);
        let out = of(Stream::Stdout);
        if out.is_empty() { of(Stream::Stderr) } else { out }
    }
}

fn prefix(out: &mut Vec<u8>, job: &str, line: &mut Vec<u8>, tame: Option<&MaskSet>) {
    if let Some(masks) = tame {
        *line = tamed(line, masks);
    }
    out.extend_from_slice(printable(job).as_bytes());
    out.extend_from_slice(b" | ");
    out.append(line);
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
}

/// What a terminal shows of a line, masked once more. Without colours where the text alone shows a value between them.
fn tamed(line: &[u8], masks: &MaskSet) -> Vec<u8> {
    let coloured = masks.mask(shown(line, true).as_bytes());
    if memchr::memchr(b'\x1b', &coloured).is_none() {
        return coloured;
    }
    let plain = shown(&coloured, false);
    let masked = masks.mask(plain.as_bytes());
    if masked == plain.as_bytes() { coloured } else { masked }
}

/// What a terminal shows of a line, behind the last carriage return. Of control sequences at most colours are left (`SGR`
/// of ECMA-48), and they end with the line.
pub(super) fn shown(line: &[u8], with_colours: bool) -> String {
    let line = line.trim_ascii_end().rsplit(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut out = String::new();
    let mut is_coloured = false;
    let mut rest = &*line;
    while let Some(character) = rest.chars().next() {
        let (piece, behind) = rest.split_at(if character == '\u{1b}' { sequence(rest) } else { character.len_utf8() });
        rest = behind;
        if character == '\u{1b}' {
            if with_colours && is_colour(piece) {
                is_coloured = !matches!(piece, "\u{1b}[m" | "\u{1b}[0m");
                out.push_str(piece);
            }
        } else if !character.is_control() || (with_colours && character == '\t') {
            out.push(character);
        }
    }
    if is_coloured {
        out.push_str("\u{1b}[0m");
    }
    out
}

/// The length of the control sequence that a text begins with: all of it when it has no end.
fn sequence(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    let end = match characters.next().map(|(_, character)| character) {
        Some('[') => characters.find(|(_, character)| ('@'..='~').contains(character)),
        // A string for the terminal, as for its title: it ends with BEL or `ESC \`.
        Some(']' | 'P' | '_' | '^' | 'X') => {
            let mut before = ' ';
            characters.find(|&(_, character)| {
                let is_end = character == '\u{7}' || before == '\u{1b}' && character == '\\';
                before = character;
                is_end
            })
        }
        Some(' '..='/') => characters.find(|(_, character)| ('0'..='~').contains(character)),
        Some(character) => return 1 + character.len_utf8(),
        None => None,
    };
    end.map_or(text.len(), |(at, character)| at + character.len_utf8())
}

fn is_colour(sequence: &str) -> bool {
    let inner = sequence.strip_prefix("\u{1b}[").and_then(|inner| inner.strip_suffix('m'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_digit() || b";:".contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::{Arc, MaskSet, OpenLines, Stream, shown};
    use crate::secret::Secret;

    #[test]
    fn colours_stay_in_their_line_and_nothing_moves_the_cursor() {
        for (line, expected) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[38:5:9mred", "\u{1b}[38:5:9mred\u{1b}[0m"),
            ("\u{1b}[2Jup\u{1b}[3A\u{1b}[?25l\u{1b}7\u{b}\u{c}\u{8}\ta", "up\ta"),
            ("\u{1b}]0;title\u{7}a\u{1b}]8;;x\u{1b}\\b\u{1b}(Bc\u{1b}[>4;1m", "abc"),
            ("10 %\r50 %\r\n", "50 %"),
            ("a\u{1b}[", "a"),
            ("\u{9b}2Ja", "2Ja"),
        ] {
            assert_eq!(shown(line.as_bytes(), true), expected, "{line:?}");
        }
        let value = || std::iter::once(Arc::new(Secret::new("a1!b".to_owned())));
        let mut lines = OpenLines::tame(Arc::new(MaskSet::new(value())));
        let out = lines.add(&"a".into(), Stream::Stdout, b"a1\0!b a1\x1b[1m!b\n\x1b[1ma1\x1b(B!b\n\x1b[1mb\n");
        assert_eq!(out, b"a | *** ***\x1b[0m\na | \x1b[1m***\x1b[0m\na | \x1b[1mb\x1b[0m\n");
        let mut lines = OpenLines::tame(Arc::new(MaskSet::new([])));
        let out = lines.add(&"a".into(), Stream::Stdout, b"\x1b[32m1\r\n\x1b[A2\n3");
        assert_eq!(out, b"a | \x1b[32m1\x1b[0m\na | 2\n");
        assert_eq!(lines.end(&"a".into()), [(Stream::Stdout, b"a | 3\n".to_vec())]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_tamed(line in "([a-z\\[\\]mJ0-9;\u{1b}\u{7}\r\t\u{9b}é]|\u{1b}\\[)*") {
            let tame = shown(line.as_bytes(), true);
            proptest::prop_assert_eq!(&shown(tame.as_bytes(), true), tame.trim_ascii_end());
            proptest::prop_assert!(!shown(line.as_bytes(), false).chars().any(char::is_control));
        }
    }
}

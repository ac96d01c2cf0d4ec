//! What runs at the moment, at the foot of a terminal: a line for each job with its step, for how long, and what the step
//! printed last. Finished lines of output scroll by above it.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::super::terminal::size;
use super::lines::OpenLines;
use super::{Terminal, again, describe};
use crate::run::{Event, Observer, Outcome, Size, StepPlace, Stream};
use crate::source::printable;

/// How often the times on it change.
const BEAT: Duration = Duration::from_millis(250);

/// The longest part of a line of output that is looked at, in bytes.
const LOOKED_AT: usize = 2048;

pub(super) struct Board {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    terminal: Terminal,
    open: OpenLines,
    running: Vec<Running>,
    /// How many lines it has at the moment.
    drawn: usize,
}

/// A step that runs, one a job.
struct Running {
    job: String,
    label: String,
    began: Instant,
    /// The last whole line that it printed, without what isn't text.
    last: String,
}

impl Board {
    /// An empty board. Its times go on until it is dropped.
    pub(super) fn start(terminal: Terminal) -> Self {
        let shared = Shared { terminal, open: OpenLines::default(), running: Vec::new(), drawn: 0 };
        let shared = Arc::new(Mutex::new(shared));
        let watched = Arc::downgrade(&shared);
        tokio::spawn(beat(watched));
        Self { shared }
    }
}

async fn beat(shared: Weak<Mutex<Shared>>) {
    loop {
        tokio::time::sleep(BEAT).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.lock().unwrap_or_else(PoisonError::into_inner).show(&[], Stream::Stderr);
    }
}

impl Observer for Board {
    fn event(&self, event: Event<'_>) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepStarted { step, attempt: 1 } => {
                let (job, label) = (step.job.id.to_owned(), step.label.to_owned());
                shared.running.push(Running { job, label, began: Instant::now(), last: String::new() });
                shared.show(&[], Stream::Stderr);
            }
            Event::Output { step, stream, bytes } => shared.output(step, stream, bytes),
            Event::StepRetried { step, outcome, attempt, delay } => {
                shared.rest(step);
                shared.say(&name(step), &again(outcome, attempt, delay));
            }
            Event::StepFinished { step, outcome, duration } => {
                shared.rest(step);
                shared.running.retain(|running| running.job != step.job.id);
                if *outcome != Outcome::Skipped {
                    let text = format!("{} ({:.1} s)", describe(outcome), duration.as_secs_f64());
                    shared.say(&name(step), &text);
                }
            }
            Event::JobFinished { job, outcome: Outcome::Skipped, .. } => shared.say(&printable(job.id), "skipped"),
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => {}
        }
    }
}

fn name(step: StepPlace<'_>) -> String {
    printable(&format!("{}/{}", step.job.id, step.label))
}

impl Shared {
    fn output(&mut self, step: StepPlace<'_>, stream: Stream, bytes: &[u8]) {
        let lines = self.open.add(step.job.id, stream, bytes);
        if lines.is_empty() {
            return;
        }
        if let Some(running) = self.running.iter_mut().find(|running| running.job == step.job.id) {
            let whole = bytes.rsplit(|&byte| byte == b'\n').nth(1).unwrap_or_default();
            running.last = text(whole);
        }
        self.show(&lines, stream);
    }

    fn rest(&mut self, step: StepPlace<'_>) {
        for (stream, line) in self.open.end(step.job.id) {
            self.show(&line, stream);
        }
    }

    fn say(&mut self, name: &str, text: &str) {
        let line = format!("{} {}\n", self.terminal.paint("1;34", name), printable(text));
        self.show(line.as_bytes(), Stream::Stderr);
    }

    /// Takes the board away, writes lines, and puts the board below them.
    fn show(&mut self, lines: &[u8], stream: Stream) {
        let mut wipe = String::new();
        if self.drawn > 0 {
            let _ = write!(wipe, "\r\u{1b}[{}A\u{1b}[J", self.drawn);
        }
        self.terminal.pass(true, wipe.as_bytes());
        self.terminal.pass(stream == Stream::Stderr, lines);
        let Size { rows, columns } = size();
        // A board that is higher than the screen couldn't be taken away.
        let room = usize::from(rows).saturating_sub(2).max(1);
        let mut board = String::new();
        for running in self.running.iter().take(room) {
            let unfinished = text(self.open.unfinished(&running.job));
            let last = if unfinished.is_empty() { &running.last } else { &unfinished };
            let head = format!("{:>6.1} s  {}/{}", running.began.elapsed().as_secs_f64(), running.job, running.label);
            let line = cut(&printable(&format!("{head}  {last}")), usize::from(columns).saturating_sub(1));
            let _ = writeln!(board, "{}", self.terminal.paint("2", &line));
        }
        self.drawn = self.running.len().min(room);
        self.terminal.pass(true, board.as_bytes());
    }
}

/// What of a line is text: what a terminal shows of it behind the last carriage return, without colours.
fn text(line: &[u8]) -> String {
    let line = &line[line.len().saturating_sub(LOOKED_AT)..];
    let line = line.trim_ascii_end().rsplit(|&byte| byte == b'\r').next().unwrap_or_default();
    let shown = String::from_utf8_lossy(line);
    let mut out = String::new();
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A control sequence ends with a letter (ECMA-48).
            if characters.next() == Some('[') {
                characters.by_ref().find(|end| ('@'..='~').contains(end));
            }
        } else if !character.is_control() {
            out.push(character);
        }
    }
    out
}

/// So much of a text as fits into some columns.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|character| {
            used += unicode_width::UnicodeWidthChar::width(*character).unwrap_or_default();
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{cut, text};

    #[test]
    fn a_line_is_shown_as_a_terminal_would() {
        assert_eq!(text(b"\x1b[32m10 %\x1b[0m\r\x1b[1m20 %\x1b[0m\r\n"), "20 %");
        assert_eq!(text(b"\xff\x1b"), "\u{fffd}");
        assert_eq!(cut("ab漢字", 5), "ab漢");
    }
}

//! What runs at the moment, at the foot of a terminal: a line for each job with its step, for how long, and what the step
//! printed last; where there is room, up to three lines of that. Finished lines of output scroll by above it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::terminal::size;
use super::lines::{OpenLines, shown};
use super::{Terminal, again, describe, ended};
use crate::mask::MaskSet;
use crate::run::{Event, Observer, Outcome, Size, StepPlace, Stream, Unshown};
use crate::source::printable;

/// How often the times on it change.
const BEAT: Duration = Duration::from_millis(250);

/// The longest part of a line of output that is looked at, in bytes.
const LOOKED_AT: usize = 2048;

/// So many of the lines that a job printed last are shown.
const LAST: usize = 3;

pub(super) struct Board {
    terminal: Terminal,
    /// What must not be seen: what the board takes away from a line may have hidden a value.
    masks: Arc<MaskSet>,
    open: OpenLines,
    running: Vec<Running>,
    /// How many lines it has at the moment.
    drawn: usize,
    /// When its times changed.
    beaten: Instant,
}

/// A step that runs, one a job.
struct Running {
    job: Arc<str>,
    label: Arc<str>,
    began: Instant,
    /// The last whole lines that it printed, without what isn't text.
    last: VecDeque<String>,
}

impl Observer for Board {
    fn mask(&mut self, masks: &Arc<MaskSet>) {
        self.masks = Arc::clone(masks);
        self.open = OpenLines::tame(Arc::clone(masks));
    }

    fn event(&mut self, event: Event) -> Result<(), Unshown> {
        match event {
            Event::StepStarted { step, attempt: 1 } => {
                let StepPlace { job, label, .. } = step;
                self.running.push(Running { job: job.id, label, began: Instant::now(), last: VecDeque::new() });
                self.show(&[], Stream::Stderr)
            }
            Event::Output { step, stream, bytes, .. } => self.output(&step, stream, &bytes),
            Event::StepRetried { step, outcome, attempt, delay } => {
                self.rest(&step)?;
                self.say(&name(&step), &printable(&again(&outcome, attempt, delay)))
            }
            Event::StepFinished { step, outcome, duration } => {
                self.rest(&step)?;
                self.running.retain(|running| running.job != step.job.id);
                if matches!(outcome, Outcome::Skipped(_)) {
                    return Ok(());
                }
                self.say(&name(&step), &ended(&self.terminal, &outcome, duration))
            }
            Event::JobFinished { job, outcome: outcome @ Outcome::Skipped(_), .. } => {
                self.say(&printable(&job.id), &describe(&outcome))
            }
            Event::StepStarted { .. } | Event::JobStarted { .. } | Event::JobFinished { .. } => Ok(()),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(BEAT.saturating_sub(self.beaten.elapsed()))
    }

    fn silence(&mut self) {
        // A terminal that is gone is told of with the next output.
        let _ = self.show(&[], Stream::Stderr);
    }
}

fn name(step: &StepPlace) -> String {
    printable(&format!("{}/{}", step.job.id, step.label))
}

impl Board {
    /// An empty board.
    pub(super) fn new(terminal: Terminal) -> Self {
        let masks = Arc::new(MaskSet::new([]));
        let open = OpenLines::tame(Arc::clone(&masks));
        Self { terminal, masks, open, running: Vec::new(), drawn: 0, beaten: Instant::now() }
    }

    fn output(&mut self, step: &StepPlace, stream: Stream, bytes: &[u8]) -> Result<(), Unshown> {
        let lines = self.open.add(&step.job.id, stream, bytes);
        if lines.is_empty() {
            return Ok(());
        }
        if let Some(running) = self.running.iter_mut().find(|running| running.job == step.job.id) {
            let prefix = printable(&running.job).len() + " | ".len();
            let mut last: Vec<&[u8]> = lines.trim_ascii_end().rsplit(|&byte| byte == b'\n').take(LAST).collect();
            last.reverse();
            let masks = &self.masks;
            running.last.extend(last.iter().map(|line| masked(masks, line.get(prefix..).unwrap_or_default())));
            running.last.drain(..running.last.len().saturating_sub(LAST));
        }
        self.show(&lines, stream)
    }

    fn rest(&mut self, step: &StepPlace) -> Result<(), Unshown> {
        for (stream, line) in self.open.end(&step.job.id) {
            self.show(&line, stream)?;
        }
        Ok(())
    }

    fn say(&mut self, name: &str, text: &str) -> Result<(), Unshown> {
        let line = format!("{} {}\n", self.terminal.paint("1;34", name), text);
        self.show(line.as_bytes(), Stream::Stderr)
    }

    /// Takes the board away, writes lines, and puts the board below them.
    fn show(&mut self, lines: &[u8], stream: Stream) -> Result<(), Unshown> {
        self.beaten = Instant::now();
        if self.drawn > 0 {
            self.terminal.pass(true, format!("\r\u{1b}[{}A\u{1b}[J", self.drawn).as_bytes())?;
            self.drawn = 0;
        }
        self.terminal.pass(stream == Stream::Stderr, lines)?;
        let board = self.board(size());
        self.terminal.pass(true, board.concat().as_bytes())?;
        self.drawn = board.len();
        Ok(())
    }

    /// The lines of the board, none longer than the screen is wide: a head for each job, and below it what it printed
    /// last. A single line stands beside its head, and so does the last one where there is no room for more.
    fn board(&self, Size { rows, columns }: Size) -> Vec<String> {
        // A board that is higher than the screen couldn't be taken away.
        let room = usize::from(rows).saturating_sub(2).max(1);
        let heads = self.running.len().min(room);
        // Half of the screen is left for what scrolls by.
        let mut spare = (usize::from(rows) / 2).saturating_sub(heads);
        let fitting = |line: &str| cut(&printable(line), usize::from(columns).saturating_sub(1));
        let mut board = Vec::new();
        for (at, running) in self.running.iter().take(heads).enumerate() {
            let unfinished = masked(&self.masks, self.open.unfinished(&running.job));
            let lines = running.last.iter().map(String::as_str).chain((!unfinished.is_empty()).then_some(&*unfinished));
            let lines: Vec<&str> = lines.collect();
            let count = lines.len().min(LAST).min(spare / (heads - at));
            let head = format!("{:>6.1} s  {}/{}", running.began.elapsed().as_secs_f64(), running.job, running.label);
            if count < 2 {
                let line = fitting(&format!("{head}  {}", lines.last().unwrap_or(&"")));
                board.push(format!("{}\n", self.terminal.paint("2", &line)));
                continue;
            }
            spare -= count;
            board.push(format!("{}\n", fitting(&head)));
            for line in &lines[lines.len() - count..] {
                let line = fitting(&format!("{:10}{line}", ""));
                board.push(format!("{}\n", self.terminal.paint("2", &line)));
            }
        }
        board
    }
}

/// What of a line is text, masked once more.
fn masked(masks: &MaskSet, line: &[u8]) -> String {
    String::from_utf8_lossy(&masks.mask(text(line).as_bytes())).into_owned()
}

/// What of a line is text, without colours.
fn text(line: &[u8]) -> String {
    shown(&line[line.len().saturating_sub(LOOKED_AT)..], false)
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
    use std::time::Instant;

    use super::{Board, Running, Size, Terminal, cut, text};

    fn board(jobs: &[&[&str]], rows: u16) -> Vec<String> {
        let running = jobs.iter().enumerate().map(|(at, last)| Running {
            job: format!("j{at}").into(),
            label: "s".into(),
            began: Instant::now(),
            last: last.iter().map(|&line| line.to_owned()).collect(),
        });
        let terminal = Terminal::new(std::io::sink(), std::io::sink());
        let board = Board { running: running.collect(), ..Board::new(terminal) };
        let board = board.board(Size { rows, columns: 20 });
        assert!(board.iter().all(|line| line.matches('\n').count() == 1), "{board:?}");
        board.into_iter().map(|line| line.trim_end().replace("   0.0 s  ", "")).collect()
    }

    #[test]
    fn jobs_show_their_last_lines_where_there_is_room() {
        let jobs: [&[&str]; 3] = [&["1", "2", "3"], &["one"], &["1", "a line that is long"]];
        assert_eq!(
            board(&jobs, 30),
            [
                "j0/s",
                "          1",
                "          2",
                "          3",
                "j1/s  one",
                "j2/s",
                "          1",
                "          a line th"
            ]
        );
        // Two lines of three fit below the first of them.
        assert_eq!(board(&jobs, 18)[..3], ["j0/s", "          2", "          3"]);
        assert_eq!(board(&jobs, 6), ["j0/s  3", "j1/s  one", "j2/s  a l"]);
        assert_eq!(board(&jobs, 4), ["j0/s  3", "j1/s  one"]);
        assert_eq!(board(&jobs, 0).len(), 1);
    }

    #[test]
    fn a_line_is_shown_as_a_terminal_would() {
        assert_eq!(text(b"\x1b[32m10 %\x1b[0m\r\x1b[1m20 %\x1b[0m\r\n"), "20 %");
        assert_eq!(text(b"\xff\x1b"), "\u{fffd}");
        assert_eq!(cut("ab漢字", 5), "ab漢");
    }
}

//! The commands of a script, word by word.

use super::vocabulary::{ASSIGNING, BUILTINS, LEADING, TESTS, is_name, sets};
use super::{Frame, Reading, Scan, Word};

/// Where a word of a script stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// At the beginning of a command: what comes names the program.
    Start,
    /// Among the arguments of a program.
    Argument,
    /// Where the shell keeps it to itself.
    Inside,
    /// Behind `<` or `>`.
    Target,
}

/// The command that is looked at, and what is around it.
struct Command {
    position: Position,
    after_target: Position,
    program: String,
    /// The word before.
    previous: String,
    /// How many words came after the program.
    count: usize,
    /// How much was read before the words of the program.
    reads: usize,
    /// The here-documents that begin at the next line, and whether they expand.
    documents: Vec<(String, bool)>,
    frames: Vec<Frame>,
    /// Whether the next frame is a function.
    is_function: bool,
    /// Assignments in front of a program are for it alone.
    assignments: Vec<Word>,
    /// How many variables were set before them.
    set: usize,
}

impl Scan<'_> {
    /// Commands up to the end of the script, or of the substitution that they are in.
    pub(super) fn commands(&mut self, depth: usize) {
        let mut command = Command {
            position: Position::Start,
            after_target: Position::Start,
            program: String::new(),
            previous: String::new(),
            count: 0,
            reads: 0,
            documents: Vec::new(),
            frames: Vec::new(),
            is_function: false,
            assignments: Vec::new(),
            set: 0,
        };
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'&' if self.sees("&>") => self.at += 1,
                b'(' if self.sees("((") && (command.position == Position::Start || command.program == "for") => {
                    self.at += 2;
                    self.arithmetic(depth, None);
                }
                b'(' if self.sees("()") => {
                    self.at += 2;
                    (command.is_function, command.position) = (true, Position::Start);
                }
                b')' if command.frames.is_empty() && depth > 0 => {
                    self.at += 1;
                    break;
                }
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => self.separator(&mut command, depth, byte),
                b'`' if self.in_backticks => break,
                b'#' => self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at),
                b'<' if self.sees("<<") && !self.sees("<<<") => {
                    self.at += 2;
                    self.at += self.text[self.at..].bytes().take_while(|byte| matches!(byte, b'-' | b' ')).count();
                    let word = self.word(depth, None);
                    let end = word.text.replace(['\'', '"', '\\'], "");
                    let expands = end == word.text;
                    command.documents.push((end, expands));
                }
                b'<' | b'>' if self.sees("<(") || self.sees(">(") => {
                    self.at += 2;
                    self.nested(depth, false);
                }
                b'<' | b'>' => {
                    // `>&2`, `<&3` and `>|file` are redirections to their end.
                    let is_longer = [">&", "<&", ">|"].iter().any(|longer| self.sees(longer));
                    self.at += 1 + usize::from(is_longer);
                    if command.position != Position::Target {
                        command.after_target = command.position;
                    }
                    command.position = Position::Target;
                }
                _ => self.command_word(&mut command, depth),
            }
        }
        command.assignments.drain(..).for_each(|word| self.assign(word));
    }

    /// What ends a command.
    fn separator(&mut self, command: &mut Command, depth: usize, byte: u8) {
        self.at += 1;
        command.assignments.drain(..).for_each(|word| self.assign(word));
        match byte {
            b'\n' => command.documents.drain(..).for_each(|(end, expands)| self.document(depth, &end, expands)),
            b'(' => {
                let is_function = std::mem::take(&mut command.is_function);
                self.functions += usize::from(is_function);
                command.frames.push(Frame::Subshell { before: self.order.len(), is_function });
            }
            b')' if matches!(command.frames.last(), Some(Frame::Subshell { .. })) => self.close(command),
            _ => {}
        }
        command.position = Position::Start;
    }

    /// A word of a command, and what it makes of the next.
    fn command_word(&mut self, command: &mut Command, depth: usize) {
        let program = command.program.clone();
        let among = (command.position == Position::Argument).then_some(program.as_str());
        let (start, set, reads) = (self.at, self.order.len(), self.reads.len());
        let is_asked = matches!(&*command.previous, "-n" | "-z") && TESTS.contains(&&*program);
        self.is_tested = is_asked && command.position == Position::Inside;
        let mut word = self.word(depth, among);
        self.is_tested = false;
        if word.assigned.is_some() && word.text.ends_with('=') && self.sees("(") {
            word.carries |= self.list(depth);
        }
        let is_number = !word.text.is_empty() && word.text.bytes().all(|byte| byte.is_ascii_digit());
        let earlier = std::mem::replace(&mut command.previous, word.text.clone());
        command.position = match command.position {
            // The `2` of `2>file`.
            other if is_number && matches!(self.peek(), Some(b'<' | b'>')) => other,
            Position::Start if word.assigned.is_some() => {
                if command.assignments.is_empty() {
                    command.set = set;
                }
                word.assigned.iter().for_each(|name| self.set_in_front(name));
                command.assignments.push(word);
                Position::Start
            }
            Position::Start => {
                if !command.assignments.is_empty() {
                    command.assignments.clear();
                    self.forget(command.set);
                }
                (command.program, command.count, command.reads) = (word.text, 0, self.reads.len());
                self.program(command)
            }
            Position::Target => command.after_target,
            Position::Inside if ASSIGNING.contains(&program.as_str()) => {
                self.assign(word);
                Position::Inside
            }
            Position::Inside if program == "function" => {
                command.is_function = true;
                Position::Start
            }
            other => {
                command.count += 1;
                if is_name(&word.text) && sets(&program, command.count, &earlier) {
                    self.set(&word.text);
                } else if program == "printenv" && is_name(&word.text) {
                    self.read(start..self.at, start..self.at, Reading::Plain, None);
                }
                if is_asked {
                    self.asked(reads);
                } else if command.count == 2 && matches!((&*program, &*word.text), ("[", "]") | ("[[", "]]")) {
                    self.asked(command.reads);
                }
                other
            }
        };
    }

    /// What the name of a program makes of the next word.
    fn program(&mut self, command: &mut Command) -> Position {
        match command.program.as_str() {
            "{" => {
                let is_function = std::mem::take(&mut command.is_function);
                self.functions += usize::from(is_function);
                command.frames.push(Frame::Braces { is_function });
                Position::Start
            }
            "}" if matches!(command.frames.last(), Some(Frame::Braces { .. })) => {
                self.close(command);
                Position::Inside
            }
            "case" => {
                command.frames.push(Frame::Case);
                Position::Inside
            }
            "esac" => {
                if matches!(command.frames.last(), Some(Frame::Case)) {
                    command.frames.pop();
                }
                Position::Inside
            }
            leading if LEADING.contains(&leading) => Position::Start,
            builtin if BUILTINS.contains(&builtin) => Position::Inside,
            _ => Position::Argument,
        }
    }

    /// Closes the innermost of what is open.
    fn close(&mut self, command: &mut Command) {
        let is_function = match command.frames.pop() {
            Some(Frame::Subshell { before, is_function }) => {
                self.forget(before);
                is_function
            }
            Some(Frame::Braces { is_function }) => is_function,
            Some(Frame::Case) | None => false,
        };
        self.functions -= usize::from(is_function);
    }
}

//! A shell script, looked at as far as is needed to tell which variables it reads before it sets them, and which become
//! arguments of a program.

mod commands;
mod expansion;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::collections::HashSet;
use std::ops::Range;

use expansion::End;
pub(super) use expansion::head;
use vocabulary::is_name;

/// How a script reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Its value, whatever it is.
    Plain,
    /// How long its value is.
    Length,
    /// Its value, or something in its place (`${NAME:-…}`).
    Replaced,
    /// Whether it is set (`${NAME:+…}`, `[ -n "$NAME" ]`).
    Tested,
}

/// One of them, of a variable that the script hasn't set before.
struct Read<'s> {
    name: &'s str,
    range: Range<usize>,
    reading: Reading,
    /// Whether it stands in a function, which may be called after all assignments.
    is_later: bool,
}

/// What a script opened and didn't close yet.
#[derive(Debug, Clone, Copy)]
enum Frame {
    /// `(`: what is set up to its `)` is forgotten then. The number of variables that were set before.
    Subshell { before: usize, is_function: bool },
    /// `{`
    Braces { is_function: bool },
    /// `case`, whose patterns end with `)`.
    Case,
}

/// The expansions of variables that become arguments of programs, each with its program, in order.
pub(super) fn arguments(script: &str, secret: HashSet<String>) -> Vec<(String, Range<usize>)> {
    let mut scan = Scan::new(script, secret);
    scan.commands(0);
    scan.found
}

/// The variables that a script reads plainly before it sets them: nothing else says what to do where they aren't set. In
/// the order of the script.
pub(super) fn reads(script: &str) -> Vec<(&str, Range<usize>)> {
    let mut scan = Scan::new(script, HashSet::new());
    scan.commands(0);
    let Scan { reads, ever, .. } = scan;
    let is_needed = |read: &Read<'_>| {
        matches!(read.reading, Reading::Plain | Reading::Length) && !(read.is_later && ever.contains(read.name))
    };
    reads.into_iter().filter(is_needed).map(|read| (read.name, read.range)).collect()
}

struct Scan<'s> {
    text: &'s str,
    at: usize,
    /// The variables that hold a credential when the script begins.
    secret: HashSet<String>,
    /// Those that were last assigned one.
    carriers: HashSet<String>,
    found: Vec<(String, Range<usize>)>,
    reads: Vec<Read<'s>>,
    /// The variables that are set here, also in the order in which they were.
    set: HashSet<String>,
    order: Vec<String>,
    /// Those that are set anywhere.
    ever: HashSet<String>,
    /// How many functions are around.
    functions: usize,
    in_backticks: bool,
    /// Whether the word is tested for being empty.
    is_tested: bool,
}

/// A word of a script.
struct Word {
    /// As it is written.
    text: String,
    /// The variable that it assigns.
    assigned: Option<String>,
    /// Whether a credential is in it.
    carries: bool,
}

/// How deep substitutions and expansions are followed.
const MAX_DEPTH: usize = 16;

impl<'s> Scan<'s> {
    fn new(text: &'s str, secret: HashSet<String>) -> Self {
        Self {
            text,
            at: 0,
            secret,
            carriers: HashSet::new(),
            found: Vec::new(),
            reads: Vec::new(),
            set: HashSet::new(),
            order: Vec::new(),
            ever: HashSet::new(),
            functions: 0,
            in_backticks: false,
            is_tested: false,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn sees(&self, text: &str) -> bool {
        self.text.as_bytes()[self.at.min(self.text.len())..].starts_with(text.as_bytes())
    }

    /// Notes that a variable is read; gives whether that gives a credential.
    fn read(&mut self, name: Range<usize>, range: Range<usize>, reading: Reading, program: Option<&str>) -> bool {
        let name = &self.text[name];
        let reading = if self.is_tested { Reading::Tested } else { reading };
        if !name.is_empty() && !self.set.contains(name) {
            self.reads.push(Read { name, range: range.clone(), reading, is_later: self.functions > 0 });
        }
        let is_value = matches!(reading, Reading::Plain | Reading::Replaced);
        let carries = is_value && (self.secret.contains(name) || self.carriers.contains(name));
        if carries {
            self.found.extend(program.map(|program| (program.to_owned(), range)));
        }
        carries
    }

    /// Notes that a variable is set from here on.
    fn set(&mut self, name: &str) {
        self.ever.insert(name.to_owned());
        self.set_in_front(name);
    }

    /// The same, for the program behind it if there is one.
    fn set_in_front(&mut self, name: &str) {
        if self.set.insert(name.to_owned()) {
            self.order.push(name.to_owned());
        }
    }

    /// Forgets what was set since so many variables were.
    fn forget(&mut self, before: usize) {
        for name in self.order.drain(before.min(self.order.len())..) {
            self.set.remove(&name);
        }
    }

    /// What was read since then is asked for: the script knows what to do without it.
    fn asked(&mut self, before: usize) {
        for at in before..self.reads.len() {
            self.reads[at].reading = Reading::Tested;
            let name = self.reads[at].name;
            self.set(name);
        }
    }

    /// Notes what an assignment makes of a variable.
    fn assign(&mut self, word: Word) {
        let Some(name) = word.assigned else { return };
        self.set(&name);
        if word.carries {
            self.carriers.insert(name);
        } else {
            self.carriers.remove(&name);
        }
    }

    /// One word; its expansions of credentials are noted when they are arguments of a program.
    fn word(&mut self, depth: usize, program: Option<&str>) -> Word {
        let start = self.at;
        let mut carries = self.expansions(depth, program, End::Word, false);
        let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        let name = text.split_once('=').map(|(name, _)| name).unwrap_or_default();
        let assigned = is_name(name.trim_end_matches('+')).then(|| name.trim_end_matches('+').to_owned());
        // What is added to a credential leaves it there.
        carries |= name.ends_with('+') && assigned.as_ref().is_some_and(|name| self.carriers.contains(name));
        if self.at == start {
            // What begins no word must not stop the scan.
            self.at += 1;
        }
        Word { text, assigned, carries }
    }

    /// The words of `NAME=(…)`; gives whether a credential is in one of them.
    fn list(&mut self, depth: usize) -> bool {
        let mut carries = false;
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b')' => {
                    self.at += 1;
                    break;
                }
                b' ' | b'\t' | b'\n' => self.at += 1,
                _ => carries |= self.word(depth, None).carries,
            }
        }
        carries
    }

    /// The commands of a substitution: what they set is set in them alone.
    fn nested(&mut self, depth: usize, in_backticks: bool) {
        if depth >= MAX_DEPTH {
            return;
        }
        let (before, functions) = (self.order.len(), self.functions);
        let outer = std::mem::replace(&mut self.in_backticks, in_backticks);
        let is_tested = std::mem::take(&mut self.is_tested);
        self.commands(depth + 1);
        self.forget(before);
        (self.functions, self.in_backticks, self.is_tested) = (functions, outer, is_tested);
    }

    /// The lines of a here-document.
    fn document(&mut self, depth: usize, end: &str, expands: bool) {
        let text = self.text;
        let begin = self.at;
        let mut last = begin;
        while last < text.len() {
            let line = text[last..].split('\n').next().unwrap_or_default();
            if line.trim_start_matches('\t') == end {
                break;
            }
            last = (last + line.len() + 1).min(text.len());
        }
        if expands && depth < MAX_DEPTH {
            self.text = &text[..last];
            self.expansions(depth + 1, None, End::Document, true);
            self.text = text;
        }
        let line = text[last..].split('\n').next().unwrap_or_default();
        self.at = (last + line.len() + 1).min(text.len());
    }
}

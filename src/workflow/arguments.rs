//! Values on their way to a command line, where every user of the machine can read them.
//!
//! A shell script is looked at as far as is needed to tell which variables become arguments of a program. What the
//! shell does itself (`echo`, assignments, redirections, here-documents) shows to nobody. It is a hint: what is built at
//! run time isn't followed.

use std::collections::HashSet;
use std::ops::Range;

use super::{Binding, Document};
use crate::diagnostic::{Code, Diagnostic, printable};
use crate::reference::Template;
use crate::yaml::Reader;

/// The longest script that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

/// So many hints are given of one file.
const MOST: usize = 20;

/// What the shell does without starting a program; its arguments stay in it.
const BUILTINS: [&str; 33] = [
    ".", ":", "[", "[[", "alias", "break", "case", "cd", "continue", "declare", "echo", "exit", "export", "false",
    "for", "function", "let", "local", "mapfile", "printf", "pwd", "read", "readonly", "return", "select", "set",
    "shift", "source", "test", "trap", "true", "typeset", "unset",
];

/// Words after which another command begins.
const LEADING: [&str; 15] =
    ["!", "builtin", "command", "do", "elif", "else", "eval", "exec", "if", "then", "time", "until", "while", "{", "("];

/// Warns of each step of a document that passes a credential on a command line.
pub(super) fn check(reader: &mut Reader<'_>, document: &Document<Template>) {
    let mut warned = 0;
    for job in &document.jobs {
        for step in job.steps.iter().filter(|step| step.run.as_ref().is_some_and(|run| run.len() <= LONGEST)) {
            let is_shell = step.shell.as_deref().is_none_or(|shell| {
                let program = shell.split_whitespace().next().unwrap_or_default();
                matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash" | "zsh" | "ksh"))
            });
            let script = step.run.as_deref().unwrap_or_default();
            if !is_shell || !script.contains('$') {
                continue;
            }
            let bindings = document.env.iter().chain(&job.env).chain(&step.env);
            let mut secret: HashSet<String> =
                bindings.filter(|binding| is_secret(binding)).map(|binding| binding.name.to_string()).collect();
            secret.extend(
                step.with.iter().filter(|binding| is_secret(binding)).map(|binding| super::input_name(&binding.name)),
            );
            if secret.is_empty() {
                continue;
            }
            let locator = reader.tree.locator(step.script);
            let found = arguments(script);
            for (program, range) in found.iter().filter(|(_, range)| secret.contains(name(&script[range.clone()]))) {
                if warned == MOST {
                    return;
                }
                warned += 1;
                let message = format!("`{}` gets a credential on its command line", printable(program));
                let span = locator.place(range.clone(), range.clone());
                let diagnostic = Diagnostic::warning(Code::CommandLine, message)
                    .at(reader.tree.source(), span, "every user of the machine can read this while it runs")
                    .help("let the program read it from its environment, from standard input, or from one of `files`");
                reader.faults.push(diagnostic);
            }
        }
    }
}

fn is_secret(binding: &Binding<Template>) -> bool {
    binding.value.references().next().is_some()
}

/// The name in `$NAME` or `${NAME…`.
fn name(expansion: &str) -> &str {
    let rest = expansion.trim_start_matches(['$', '{']);
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
    &rest[..end]
}

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

/// The expansions of variables that become arguments of programs, each with its program.
fn arguments(script: &str) -> Vec<(String, Range<usize>)> {
    let mut scan = Scan { text: script, at: 0, found: Vec::new() };
    scan.commands(0);
    scan.found
}

struct Scan<'s> {
    text: &'s str,
    at: usize,
    found: Vec<(String, Range<usize>)>,
}

/// How deep substitutions of commands are followed.
const MAX_DEPTH: usize = 16;

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Commands up to the end of the script, or of the substitution that they are in.
    fn commands(&mut self, depth: usize) {
        let (mut position, mut after_target) = (Position::Start, Position::Start);
        let mut program = String::new();
        let mut documents: Vec<String> = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    documents.drain(..).for_each(|end| self.skip_document(&end));
                    position = Position::Start;
                }
                b';' | b'&' | b'|' | b'(' => {
                    self.at += 1;
                    position = Position::Start;
                }
                b')' => {
                    self.at += 1;
                    if depth > 0 {
                        return;
                    }
                    position = Position::Start;
                }
                b'`' if depth > 0 => return,
                b'#' => self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at),
                b'<' if self.text[self.at..].starts_with("<<") && !self.text[self.at..].starts_with("<<<") => {
                    self.at += 2;
                    self.at += self.text[self.at..].bytes().take_while(|byte| matches!(byte, b'-' | b' ')).count();
                    let (word, _) = self.word(depth, None);
                    documents.push(word.replace(['\'', '"', '\\'], ""));
                }
                b'<' | b'>' => {
                    self.at += 1;
                    if position != Position::Target {
                        after_target = position;
                    }
                    position = Position::Target;
                }
                _ => {
                    let among = (position == Position::Argument).then_some(program.as_str());
                    let (word, has_assignment) = self.word(depth, among);
                    position = match position {
                        Position::Start if has_assignment || LEADING.contains(&word.as_str()) => Position::Start,
                        Position::Start if BUILTINS.contains(&word.as_str()) => Position::Inside,
                        Position::Start => {
                            program = word;
                            Position::Argument
                        }
                        Position::Target => after_target,
                        other => other,
                    };
                }
            }
        }
    }

    /// One word; its expansions are noted when they are arguments of a program. Gives the word as it is written, and
    /// whether it is an assignment.
    fn word(&mut self, depth: usize, program: Option<&str>) -> (String, bool) {
        let start = self.at;
        let mut quoted = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 2,
                b'\'' if !quoted => {
                    self.at += self.text[self.at + 1..].find('\'').map_or(usize::MAX / 2, |end| end + 2);
                }
                b'"' => {
                    quoted = !quoted;
                    self.at += 1;
                }
                b'$' if self.text[self.at..].starts_with("$(") => {
                    self.at += 2;
                    self.nested(depth);
                }
                b'`' if depth < MAX_DEPTH => {
                    self.at += 1;
                    self.nested(depth);
                    self.at += 1;
                }
                b'$' => {
                    let length = expansion(&self.text[self.at..]);
                    if let (Some(program), true) = (program, length > 1) {
                        self.found.push((program.to_owned(), self.at..self.at + length));
                    }
                    self.at += length.max(1);
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' if !quoted => break,
                _ => self.at += 1,
            }
            self.at = self.at.min(self.text.len());
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        let name = word.split('=').next().unwrap_or_default();
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+".contains(&byte));
        if self.at == start {
            // What begins no word must not stop the scan.
            self.at += 1;
        }
        (word.to_owned(), word.contains('=') && is_name && !name.is_empty())
    }

    fn nested(&mut self, depth: usize) {
        if depth < MAX_DEPTH {
            self.commands(depth + 1);
        }
    }

    /// The lines of a here-document.
    fn skip_document(&mut self, end: &str) {
        while self.at < self.text.len() {
            let line = self.text[self.at..].split('\n').next().unwrap_or_default();
            self.at = (self.at + line.len() + 1).min(self.text.len());
            if line.trim_start_matches('\t') == end {
                return;
            }
        }
    }
}

/// The length of `$NAME` or `${NAME…}` at the beginning of a text; 1 for another `$`.
fn expansion(text: &str) -> usize {
    let inner = text[1..].strip_prefix('{');
    let rest = inner.unwrap_or(&text[1..]);
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    match inner {
        Some(rest) if length > 0 => rest.find('}').map_or(text.len(), |end| end + 3),
        _ => 1 + length,
    }
}

#[cfg(test)]
mod tests {
    use super::{arguments, name};

    /// Programs and the variables that they get.
    fn found(script: &str) -> Vec<String> {
        let found = arguments(script).into_iter();
        found.map(|(program, range)| format!("{program} {}", name(&script[range]))).collect()
    }

    #[test]
    fn arguments_of_programs_are_found() {
        for (script, expected) in [
            ("curl -u \"me:$T\" x", &["curl T"][..]),
            ("curl -H \"A: ${T:-none}\" -d @- <body", &["curl T"]),
            ("set -e\nif ! mysql -p$T; then echo $T; fi", &["mysql T"]),
            ("X=$T ./deploy.sh --key=$T", &["./deploy.sh T"]),
            ("echo $(curl $T) && a | exec b $T", &["curl T", "b T"]),
            ("x=`curl $T`", &["curl T"]),
            ("cat <<'E' | curl -d @- $T\n$T\nE\ncurl $U", &["curl T", "curl U"]),
        ] {
            assert_eq!(found(script), expected, "{script}");
        }
    }

    #[test]
    fn what_the_shell_keeps_to_itself_is_not() {
        for script in [
            "echo $T; printf %s \"$T\" | login --password-stdin",
            "export X=$T; [ -n \"$T\" ] && :",
            "login <<<\"$T\" >$T",
            "login <<E\n$T\nE",
            "curl '$T' \\$T # $T",
            "case $T in a) ;; esac; for x in $T; do :; done",
            "$T",
        ] {
            assert_eq!(found(script), [""; 0], "{script}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_looked_at(script in "([a-z$ \"'\\\\`(){}<>|;&#\n=é]|<<|\\$\\(|\\$\\{)*") {
            for (_, range) in arguments(&script) {
                proptest::prop_assert!(script.is_char_boundary(range.start) && script.is_char_boundary(range.end));
            }
        }
    }
}

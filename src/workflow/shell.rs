//! A shell script, looked at as far as is needed to tell which variables become arguments of a program.

use std::collections::HashSet;
use std::ops::Range;

/// What the shell does without starting a program; its arguments stay in it.
const BUILTINS: [&str; 52] = [
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "break",
    "case",
    "cd",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "exit",
    "export",
    "false",
    "fg",
    "for",
    "function",
    "getopts",
    "hash",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Those whose arguments may be assignments.
const ASSIGNING: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

/// Words after which another command begins.
const LEADING: [&str; 15] =
    ["!", "builtin", "command", "do", "elif", "else", "eval", "exec", "if", "then", "time", "until", "while", "{", "("];

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

/// The expansions of variables that become arguments of programs, each with its program, in order.
pub(super) fn arguments(script: &str, secret: HashSet<String>) -> Vec<(String, Range<usize>)> {
    let mut scan = Scan::new(script, secret);
    scan.commands(0);
    scan.found
}

/// The expansions of variables that a script reads as they are: it neither sets them itself nor has something for when
/// they aren't set (`${NAME:-…}`). In the order of the script.
pub(super) fn reads(script: &str) -> Vec<(&str, Range<usize>)> {
    let mut scan = Scan::new(script, HashSet::new());
    scan.commands(0);
    let Scan { read, assigned, .. } = scan;
    let named = read.into_iter().map(|range| (name(&script[range.clone()]), range));
    let needed = |(name, range): &(&str, Range<usize>)| {
        let rest = script[range.clone()].trim_start_matches(['$', '{']).strip_prefix(name).unwrap_or_default();
        let is_guarded = rest.trim_start_matches(':').starts_with(['-', '+', '=', '?']);
        !name.is_empty() && !is_guarded && !assigned.contains(*name)
    };
    named.filter(needed).collect()
}

struct Scan<'s> {
    text: &'s str,
    at: usize,
    /// The variables that hold a credential when the script begins.
    secret: HashSet<String>,
    /// Those that were last assigned one.
    carriers: HashSet<String>,
    found: Vec<(String, Range<usize>)>,
    /// Every expansion.
    read: Vec<Range<usize>>,
    /// Every variable that is assigned.
    assigned: HashSet<String>,
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

/// How deep substitutions of commands are followed.
const MAX_DEPTH: usize = 16;

impl<'s> Scan<'s> {
    fn new(text: &'s str, secret: HashSet<String>) -> Self {
        let (read, assigned) = (Vec::new(), HashSet::new());
        Self { text, at: 0, secret, carriers: HashSet::new(), found: Vec::new(), read, assigned }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn sees(&self, text: &str) -> bool {
        self.text[self.at..].starts_with(text)
    }

    /// Commands up to the end of the script, or of the substitution that they are in.
    fn commands(&mut self, depth: usize) {
        let (mut position, mut after_target) = (Position::Start, Position::Start);
        let mut program = String::new();
        let mut documents: Vec<(String, bool)> = Vec::new();
        // Assignments in front of a program are for it alone.
        let mut assignments: Vec<Word> = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'&' if self.sees("&>") => self.at += 1,
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                    self.at += 1;
                    assignments.drain(..).for_each(|word| self.assign(word));
                    if byte == b'\n' {
                        documents.drain(..).for_each(|(end, expands)| self.skip_document(&end, expands));
                    }
                    if byte == b')' && depth > 0 {
                        return;
                    }
                    position = Position::Start;
                }
                b'`' if depth > 0 => return,
                b'#' => self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at),
                b'<' if self.sees("<<") && !self.sees("<<<") => {
                    self.at += 2;
                    self.at += self.text[self.at..].bytes().take_while(|byte| matches!(byte, b'-' | b' ')).count();
                    let word = self.word(depth, None);
                    let end = word.text.replace(['\'', '"', '\\'], "");
                    let expands = end == word.text;
                    documents.push((end, expands));
                }
                b'<' | b'>' if self.sees("<(") || self.sees(">(") => {
                    self.at += 2;
                    self.nested(depth);
                }
                b'<' | b'>' => {
                    // `>&2`, `<&3` and `>|file` are redirections to their end.
                    let is_longer = [">&", "<&", ">|"].iter().any(|longer| self.sees(longer));
                    self.at += 1 + usize::from(is_longer);
                    if position != Position::Target {
                        after_target = position;
                    }
                    position = Position::Target;
                }
                _ => {
                    let among = (position == Position::Argument).then_some(program.as_str());
                    let mut word = self.word(depth, among);
                    if word.assigned.is_some() && word.text.ends_with('=') && self.sees("(") {
                        word.carries |= self.list(depth);
                    }
                    let is_number = !word.text.is_empty() && word.text.bytes().all(|byte| byte.is_ascii_digit());
                    position = match position {
                        // The `2` of `2>file`.
                        other if is_number && matches!(self.peek(), Some(b'<' | b'>')) => other,
                        Position::Start if word.assigned.is_some() => {
                            assignments.push(word);
                            Position::Start
                        }
                        Position::Start => {
                            assignments.clear();
                            program = word.text;
                            match program.as_str() {
                                leading if LEADING.contains(&leading) => Position::Start,
                                builtin if BUILTINS.contains(&builtin) => Position::Inside,
                                _ => Position::Argument,
                            }
                        }
                        Position::Inside if ASSIGNING.contains(&program.as_str()) => {
                            self.assign(word);
                            Position::Inside
                        }
                        Position::Target => after_target,
                        other => other,
                    };
                }
            }
        }
    }

    /// Notes what an assignment makes of a variable.
    fn assign(&mut self, word: Word) {
        match word.assigned {
            Some(name) if word.carries => {
                self.carriers.insert(name);
            }
            Some(name) => {
                self.carriers.remove(&name);
            }
            None => {}
        }
    }

    /// One word; its expansions of credentials are noted when they are arguments of a program.
    fn word(&mut self, depth: usize, program: Option<&str>) -> Word {
        let start = self.at;
        let (mut quoted, mut carries) = (false, false);
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
                b'$' if self.sees("$(") => {
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
                    let range = self.at..self.at + length;
                    let name = name(&self.text[range.clone()]);
                    self.read.push(range.clone());
                    if self.secret.contains(name) || self.carriers.contains(name) {
                        carries = true;
                        self.found.extend(program.map(|program| (program.to_owned(), range)));
                    }
                    self.at += length.max(1);
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' if !quoted => break,
                _ => self.at += 1,
            }
            self.at = self.at.min(self.text.len());
        }
        let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        let name = text.split_once('=').map(|(name, _)| name).unwrap_or_default();
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+".contains(&byte));
        let assigned = (is_name && !name.is_empty()).then(|| name.trim_end_matches('+').to_owned());
        self.assigned.extend(assigned.clone());
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

    fn nested(&mut self, depth: usize) {
        if depth < MAX_DEPTH {
            self.commands(depth + 1);
        }
    }

    /// The lines of a here-document.
    fn skip_document(&mut self, end: &str, expands: bool) {
        while self.at < self.text.len() {
            let line = self.text[self.at..].split('\n').next().unwrap_or_default();
            let begin = self.at;
            self.at = (self.at + line.len() + 1).min(self.text.len());
            let marks = memchr::memchr_iter(b'$', line.as_bytes()).filter(|at| expands && !line[..*at].ends_with('\\'));
            self.read.extend(marks.map(|at| begin + at..begin + at + expansion(&line[at..])));
            if line.trim_start_matches('\t') == end {
                return;
            }
        }
    }
}

/// The length of `$NAME` or `${NAME…}` at the beginning of a text; 1 for another `$`.
pub(super) fn expansion(text: &str) -> usize {
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
    use super::{arguments, name, reads};

    /// Programs and the variables that they get.
    fn found(script: &str) -> Vec<String> {
        let found = arguments(script, ["T", "U"].map(str::to_owned).into()).into_iter();
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
            ("curl 2>/dev/null $T >&2 $U", &["curl T", "curl U"]),
            ("2>&1 curl &>log $T", &["curl T"]),
            ("curl $T& a $U", &["curl T", "a U"]),
            ("diff <(curl $T) $U", &["curl T", "diff U"]),
            ("printenv $T", &["printenv T"]),
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
            "echo >&2 \"token $T\"; echo 2>&1 $T; echo &>log $T; read x <&3 $T; echo >|log $T",
            "kill $T; wait $T; type $T; pushd $T; umask $T",
        ] {
            assert_eq!(found(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn a_plain_assignment_is_followed() {
        for (script, expected) in [
            ("X=$T; curl -u \"$X\"", &["curl X"][..]),
            ("args=\"--token=$T\"; curl $args", &["curl args"]),
            ("export X=a$T\nY=$X && curl ${Y}", &["curl Y"]),
            ("args=(-u \"$T\"); args+=(x)\ncurl \"${args[@]}\"", &["curl args"]),
            ("X=$T; X=none; curl $X", &[]),
            ("X=$T ./deploy.sh; curl $X", &[]),
            ("X=$(login <<<$T); curl $X", &[]),
        ] {
            assert_eq!(found(script), expected, "{script}");
        }
    }

    #[test]
    fn variables_that_are_read_are_found() {
        for (script, expected) in [
            ("echo a=$A >> \"$B\"", &["A", "B"][..]),
            ("cat >> $A <<E\n$B \\$C\nE\ncat <<'E'\n$D\nE", &["A", "B"]),
            ("x=${A##*/} y=${#B}; z=$(f \"${C}\")", &["A", "C"]),
            ("A=1; echo $A; export B=2; echo $B", &[]),
            ("# $A\necho '$B' \\$C", &[]),
            ("echo ${A:-x} ${B-} ${C:+x} ${D:=x} ${E?}", &[]),
        ] {
            let found: Vec<&str> = reads(script).into_iter().map(|(name, _)| name).collect();
            assert_eq!(found, expected, "{script}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_looked_at(script in "([a-z$ \"'\\\\`(){}<>|;&#\n=é]|<<|\\$\\(|\\$\\{)*") {
            for (_, range) in arguments(&script, ["a", "b", "c", "x"].map(str::to_owned).into()) {
                proptest::prop_assert!(script.is_char_boundary(range.start) && script.is_char_boundary(range.end));
            }
            reads(&script);
        }
    }
}

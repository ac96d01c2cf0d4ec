//! A shell script, looked at as far as is needed to tell which variables it reads before it sets them, and which become
//! arguments of a program.

mod commands;
mod expansion;
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{arguments, head, reads};

    /// Programs and the variables that they get.
    fn found(script: &str) -> Vec<String> {
        let found = arguments(script, ["T", "U"].map(str::to_owned).into()).into_iter();
        found.map(|(program, range)| format!("{program} {}", &script[range.clone()][head(&script[range]).1])).collect()
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
            ("curl ${X:+-u \"$T\"} x; curl -u \"${X:-$T}\" x; curl ${X#\"$T\"}", &["curl T", "curl T", "curl T"]),
            ("curl ${T:+-x} ${#T} ${T:-none}", &["curl T"]),
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
            ("x=${A##*/} y=${#B}; z=$(f \"${C}\")", &["A", "B", "C"]),
            ("A=1; echo $A; export B=2; echo $B", &[]),
            ("# $A\necho '$B' \\$C", &[]),
            ("echo ${A:-x} ${B-} ${C:+x} ${D:=x} ${E?}", &["E"]),
            // In expansions and arithmetic.
            (
                "x=1; f ${x:-${C}} ${x%$D} \"${x/$E/}\" \"${x[@]:$F}\" \"${x:+--ref \"$G\"}\"",
                &["C", "D", "E", "F", "G"],
            ),
            ("echo $((A + 1)) $(( x = 2 )) $x; (( B > 3 )) && f; for ((i=0; i<C; i++)); do :; done", &["A", "B", "C"]),
            ("echo $'it\\'s' $A 'x' $\"$B\" $$C", &["A", "B"]),
            ("cat <<E\n\"'${A:-$B}' $(echo $C)\nE\necho $D", &["B", "C", "D"]),
            ("printenv A || printenv -0 B", &["A", "B"]),
            // The order and the scope of what is set.
            ("echo $A; A=1; echo $A", &["A"]),
            ("A=1 true; echo $A; B=1 C=$B f; D=1; echo $D", &["A"]),
            ("(A=1; echo $A); echo $A; x=$(B=1; f $B) y=`C=1; f $C`; f $B $C", &["A", "B", "C"]),
            ("f() { echo $A $B; C=1; }; A=1; f; echo $C", &["B"]),
            ("function f { echo $A; }\nA=1\ncase $A in (a) B=1;; c) C=1; esac; f $B $C", &[]),
            ("(case x in a) A=1;; esac; echo $A); echo $A", &["A"]),
            // What sets without `=`.
            ("read A; while read -r B C; do f $B $C; done; for D in a b; do f $A $D; done", &[]),
            ("printf -v A x; mapfile -t B <f; : \"${C:=/dev/null}\"; getopts ab D; f $A $B $C $D", &[]),
            // What asks whether a variable is set knows what to do where it isn't.
            (
                "[ -n \"$A\" ] && x || y; if [ -z $B ]; then f $B; fi; [[ -n $C && -n $D ]]; test -n \"$E\"; [ \"$F\" ]",
                &[],
            ),
            ("[ \"$A\" = x ] || [ -f \"$B\" ]", &["A", "B"]),
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

        /// The law: what a script reads plainly before it sets it is told, whatever is around it, and nothing else is.
        #[test]
        fn what_is_read_before_it_is_set_is_told(parts in proptest::collection::vec((0..7_usize, 0..9_usize, 0..3_usize), 0..12)) {
            let (mut script, mut set, mut expected) = (String::new(), HashSet::new(), Vec::new());
            for (kind, around, name) in parts {
                let name = ["A", "B", "C"][name];
                let (text, is_read, is_set) = match kind {
                    0 | 1 => (format!("${name}"), true, false),
                    2 => (format!("${{{name}%x}}"), true, false),
                    3 => (format!("${{{name}:-x}}"), false, false),
                    4 => (format!("$(({name}+1))"), true, false),
                    _ => (String::new(), false, true),
                };
                let (before, after) = [
                    ("f ", ""), ("f \"", "\""), ("f ${x:-", "}"), ("f \"${x:+\"", "\"}\""), ("(f ", ")"), ("f <<E\n", "\nE"),
                    ("f $(g ", ")"), ("f `g ", "`"), ("if f; then g \\} ", "; fi"),
                ][around];
                if is_set {
                    let (line, lasts) = [
                        (format!("{name}=1"), true), (format!("read {name}"), true), (format!("export {name}=1"), true),
                        (format!("for {name} in a; do :; done"), true), (format!("{name}=1 f"), false), (format!("({name}=1)"), false),
                        (format!("x=$({name}=1)"), false), (format!("x=`{name}=1`"), false), (format!(": ${{{name}:=1}}"), true),
                    ][around].clone();
                    script += &line;
                    if lasts {
                        set.insert(name);
                    }
                } else {
                    script.extend([before, &text, after]);
                }
                script.push('\n');
                if is_read && !set.contains(name) {
                    expected.push(name);
                }
            }
            let found: Vec<&str> = reads(&script).into_iter().map(|(name, _)| name).filter(|name| *name != "x").collect();
            proptest::prop_assert_eq!(found, expected, "{}", script);
        }
    }
}

//! The words of a shell that mean more than a program's name.

/// What the shell does without starting a program; its arguments stay in it. `-n` and `-z` begin a part of `[[ … && … ]]`.
pub(super) const BUILTINS: [&str; 54] = [
    "-n",
    "-z",
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
pub(super) const ASSIGNING: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

/// Words after which another command begins.
pub(super) const LEADING: [&str; 15] =
    ["!", "builtin", "command", "do", "elif", "else", "eval", "exec", "if", "then", "time", "until", "while", "{", "("];

/// Those that test their arguments.
pub(super) const TESTS: [&str; 6] = ["!", "-n", "-z", "[", "[[", "test"];

/// Whether a command gives the variable that a word names a value. `number` counts its words from 1, and `before` is the
/// one before it.
pub(super) fn sets(program: &str, number: usize, before: &str) -> bool {
    match program {
        "for" | "select" => number == 1,
        "getopts" => number == 2,
        "mapfile" | "read" | "readarray" | "unset" => true,
        "printf" => before == "-v",
        _ => false,
    }
}

/// Whether a text is a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_part) && !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}

//! Values that are so short or so usual that they stand everywhere.

/// A text with fewer bytes is too common to be masked wherever it occurs.
const SHORT: usize = 4;

/// Words that ordinary output is full of, sorted. Stars in place of each would say what the value is.
const WORDS: [&str; 34] = [
    "admin",
    "administrator",
    "changeme",
    "default",
    "demo",
    "dev",
    "development",
    "disabled",
    "enabled",
    "error",
    "example",
    "false",
    "guest",
    "info",
    "local",
    "localhost",
    "master",
    "none",
    "null",
    "pass",
    "password",
    "postgres",
    "prod",
    "production",
    "public",
    "root",
    "secret",
    "staging",
    "test",
    "testing",
    "token",
    "true",
    "undefined",
    "user",
];

/// Whether a text has fewer than four bytes or is a word that ordinary output is full of, white space around it and case
/// aside.
pub(crate) fn is_common(text: &str) -> bool {
    let text = text.trim();
    text.len() < SHORT || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

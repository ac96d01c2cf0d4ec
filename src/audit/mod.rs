//! Who was given which value: a file of JSON lines, each bound to the one before by its hash.
//!
//! A line names a secret and its version, the identity that fetched it, and the step and variable that it was for; never
//! a value. Each line ends with its own hash and has that of the line before: changing or taking away a line breaks the
//! chain, which [`verify()`] finds; that the end was cut off, or all of it written anew, shows when the hash of the last
//! line was kept elsewhere.

mod file;
mod log;
mod queue;
mod recorder;
mod tail;
mod verify;

use serde::{Deserialize, Serialize};

pub use log::Log;
pub use queue::Unwritten;
pub use recorder::Recorder;
pub use verify::{Fault, Findings, verify};

/// What one line says beside when, in which run, and what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The environment of the configuration; not written where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Who fetched the value, as [`identity`](crate::config::Identity) tells it.
    pub identity: String,
    /// The store.
    pub store: String,
    /// The secret's name.
    pub secret: String,
    /// The version; none where nothing was fetched.
    pub version: Option<String>,
    /// The step, as `JOB/STEP`.
    pub step: String,
    /// The variable or input.
    pub variable: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A process was started with it.
    Given,
    /// It was written where a person asked for it, or a process was started with it whose output a person asked for as it
    /// is.
    Revealed,
    /// It was fetched, and only stars were written.
    Masked,
    /// It, or another one that the run needs, couldn't be fetched; nothing was started.
    NotFetched,
    /// It was fetched, and its step was never started.
    NotUsed,
    /// It was given to nobody, as its process couldn't be started.
    NotStarted,
}

/// A line as it is written, without its hash, which is put behind.
#[derive(Serialize)]
struct Line<'l> {
    run: &'l str,
    time: String,
    #[serde(flatten)]
    record: &'l Record,
    previous: &'l str,
}

/// A line as it is read, all of it: what is unknown was put there by somebody else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "they have to be there, with their types")]
struct Written {
    run: String,
    time: String,
    #[serde(default)]
    environment: Option<String>,
    identity: String,
    store: String,
    secret: String,
    #[serde(deserialize_with = "Option::deserialize")]
    version: Option<String>,
    step: String,
    variable: String,
    outcome: Outcome,
    previous: String,
    hash: String,
}

/// What stands before the hash of a line.
const SEAL: &str = ",\"hash\":\"";

/// What stands behind it.
const END: &str = "\"}";

/// Puts the hash of a line at its end, and gives it. The line has its last brace still.
fn seal(line: &mut Vec<u8>, start: usize) -> String {
    line.pop();
    let hash = hash(&line[start..]);
    line.extend_from_slice(format!("{SEAL}{hash}{END}").as_bytes());
    hash
}

/// The bytes of a line that its hash is of, and the hash that it has.
fn unseal(line: &[u8]) -> Option<(&[u8], &str)> {
    let body = line.strip_suffix(END.as_bytes())?;
    let (body, hash) = body.split_at_checked(body.len().checked_sub(NOTHING.len())?)?;
    Some((body.strip_suffix(SEAL.as_bytes())?, str::from_utf8(hash).ok()?))
}

/// By what the next line names a line: the hash that it has, or the one of all its bytes if it has none, as it is torn.
fn name(line: &[u8]) -> String {
    match unseal(line) {
        Some((_, hash)) => hash.to_owned(),
        None => hash(line),
    }
}

/// The longest line, in bytes: names have bounds, and so have lines.
const LONGEST: u64 = 1 << 20;

/// What the first line has in the place of a hash.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The SHA-256 of bytes, in hexadecimal digits.
fn hash(line: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, line);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = std::fmt::Write::write_fmt(&mut out, format_args!("{byte:02x}"));
        out
    })
}

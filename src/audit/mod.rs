//! Who was given which value: a file of JSON lines, each bound to the one before by its hash.
//!
//! A line names a secret and its version, the identity that fetched it, and the step and variable that it was for; never
//! a value. Changing or taking away a line breaks the chain from there on, which [`verify()`] finds; that the end was cut
//! off shows when the hash of the last line was kept elsewhere.

mod append;
mod verify;

use serde::{Deserialize, Serialize};

pub use append::Log;
pub use verify::{Fault, Findings, verify};

/// What one line says beside when, in which run, and what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A process was started with it.
    Given,
    /// It was written where a person asked for it.
    Revealed,
    /// It was fetched, and only stars were written.
    Masked,
    /// It, or another one that the run needs, couldn't be fetched; nothing was started.
    NotFetched,
    /// It was fetched, and its step was never started.
    NotUsed,
}

/// A line as it is written.
#[derive(Serialize)]
struct Line<'l> {
    run: &'l str,
    time: String,
    #[serde(flatten)]
    record: &'l Record,
    previous: &'l str,
}

/// What of a line has to be there.
#[derive(Deserialize)]
struct Link {
    run: String,
    previous: String,
}

/// What the first line has in the place of a hash.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The SHA-256 of a line without its line break, in hexadecimal digits.
fn hash(line: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, line);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = std::fmt::Write::write_fmt(&mut out, format_args!("{byte:02x}"));
        out
    })
}

//! Variables for the file that `$GITHUB_ENV` names.

use std::fmt::Write;

use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Buffer;

/// A line that no value can have by chance or on purpose: whoever sets a secret can't know it.
pub(super) fn delimiter() -> String {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).expect("the system's random source answers");
    random.iter().fold(String::from("ghadelimiter_"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn lines(out: &mut Buffer, name: &str, value: &str, delimiter: &str) -> Result<(), &'static str> {
    if name == "NODE_OPTIONS" || name.starts_with("GITHUB_") || name.starts_with("RUNNER_") {
        return Err("GitHub lets nobody set it there");
    }
    // A runner on Windows would take it for a part of the line break.
    if value.ends_with('\r') {
        return Err("it ends with a carriage return");
    }
    for text in [name, "<<", delimiter, "\n", value, "\n", delimiter, "\n"] {
        out.push(text.as_bytes());
    }
    Ok(())
}

//! From a step's script to a command.

use tokio::process::Command;

use super::files::PrivateFile;
use super::outcome::StartError;
use super::supervisor::Supervisor;
use crate::workflow::FILE;

/// The longest script that is passed as an argument, in bytes; Linux allows one of 128 KiB.
const LONGEST: usize = 100 << 10;

/// The command of a script, and the file that it reads, which goes when this is dropped.
///
/// The shell gets the script as an argument or a file and never as a part of another text, so that nothing in it can be
/// taken for something else.
pub(super) fn command(
    script: &str,
    shell: &str,
    supervisor: Option<&Supervisor>,
) -> Result<(Command, Option<PrivateFile>), StartError> {
    let shell = match shell.trim() {
        "sh" => "sh -e",
        "bash" => "bash --noprofile --norc -e -o pipefail",
        other => other,
    };
    let mut words = shell.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    let mut words: Vec<&str> = words.collect();
    let is_long = script.len() > LONGEST;
    if is_long && !shell.contains(FILE) {
        words.push(FILE);
    }
    if !is_long && !shell.contains(FILE) {
        command.args(words).arg("-c").arg(script);
        return Ok((command, None));
    }
    let file = PrivateFile::write(script.as_bytes(), supervisor)
        .map_err(|error| StartError::NoScript { reason: error.to_string() })?;
    let path = file.path().as_os_str();
    for word in words {
        let mut argument = std::ffi::OsString::new();
        for (at, piece) in word.split(FILE).enumerate() {
            if at > 0 {
                argument.push(path);
            }
            argument.push(piece);
        }
        command.arg(argument);
    }
    Ok((command, Some(file)))
}

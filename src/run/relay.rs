//! A process that goes on masking what a wrapped command has left behind, when that has ended and this process ends too.
//!
//! It inherits our ends of the pipes, is told over its standard input which values must not be seen, and lives until
//! nobody writes any more.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::audience::Audience;
use super::event::{Shown, StepPlace, Stream, Unshown};
use super::output::Output;
use super::reader::Reader;
use crate::mask::{MaskSet, Revealed};

/// What the program is called with; then the file descriptors follow.
pub const RELAY_VERB: &str = "relay";

/// What stands for a stream that nobody writes to.
const NONE: &str = "-";

/// Starts the relay.
///
/// # Errors
/// When the system refuses.
pub(super) fn start(program: &Path, pipes: [Option<OwnedFd>; 2], masks: &MaskSet) -> io::Result<()> {
    let mut command = Command::new(program);
    command.arg(RELAY_VERB).env_clear().stdin(Stdio::piped()).process_group(0);
    for pipe in &pipes {
        match pipe {
            Some(pipe) => {
                rustix::io::ioctl_fionclex(pipe)?;
                command.arg(pipe.as_raw_fd().to_string())
            }
            None => command.arg(NONE),
        };
    }
    let mut child = command.spawn()?;
    drop(pipes);
    let mut stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    masks.each(|value| {
        stdin.write_all(&u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes())?;
        stdin.write_all(value)
    })?;
    // It is nobody's child from here on.
    Ok(())
}

/// Is the relay, in a process that was started for that: passes on what is written to the descriptors of its arguments,
/// masked, until nobody writes any more. Nothing of the terminal ends it.
///
/// # Errors
/// When it wasn't started as it should be, or the system refuses.
pub async fn relay(
    descriptors: &[String],
    mut output: impl FnMut(Stream, &[u8]) -> Result<(), Unshown> + Send + 'static,
) -> io::Result<()> {
    // It leads its group already, where the system says so.
    let _ = rustix::process::setsid();
    let masks = Arc::new(MaskSet::of_bytes(values(io::stdin().lock())?));
    let [stdout, stderr] = descriptors else { return Err(io::ErrorKind::InvalidInput.into()) };
    let (audience, ending) =
        Audience::start(Box::new(Shown(move |stream, bytes: &[u8], _: &[Revealed]| output(stream, bytes))));
    let outlet = audience.outlet(StepPlace::of_command(RELAY_VERB));
    let output = Output::new(reader(stdout)?, reader(stderr)?, &masks, outlet, None);
    output.drain().await;
    drop(audience);
    ending.finish(std::future::pending()).await;
    Ok(())
}

/// An inherited pipe, by its number.
fn reader(descriptor: &str) -> io::Result<Option<Reader>> {
    if descriptor == NONE {
        return Ok(None);
    }
    let number: u32 = descriptor.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    let pipe = File::open(PathBuf::from(format!("/dev/fd/{number}")))?;
    Reader::of_pipe(pipe.into()).map(Some)
}

/// The values, each behind its length.
fn values(mut input: impl Read) -> io::Result<Vec<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 20));
    input.read_to_end(&mut bytes)?;
    let (mut values, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (value, behind) = behind.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        values.push(Zeroizing::new(value.to_vec()));
        rest = behind;
    }
    Ok(values)
}

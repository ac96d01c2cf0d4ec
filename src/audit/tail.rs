//! The end of a file, without a position: whoever else has the same open file moves nothing here.

use std::fs::File;
use std::io;

use super::LONGEST;

/// So much of the file's end is read at once.
const BLOCK: u64 = 8 << 10;

/// The last line without its line break, and whether it has one; nothing for an empty file.
pub(super) fn last_line(file: &File, length: u64) -> io::Result<Option<(Vec<u8>, bool)>> {
    let mut tail: Vec<u8> = Vec::new();
    let mut start = length;
    loop {
        let body = tail.strip_suffix(b"\n").unwrap_or(&tail);
        if let Some(at) = memchr::memrchr(b'\n', body) {
            tail.drain(..=at);
            break;
        }
        if start == 0 {
            break;
        }
        if body.len() as u64 > LONGEST {
            return Err(io::Error::other("it is not an audit: its last line is too long"));
        }
        let size = start.min(BLOCK);
        start -= size;
        let mut block = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        read_at(file, &mut block, start)?;
        block.extend_from_slice(&tail);
        tail = block;
    }
    if tail.is_empty() {
        return Ok(None);
    }
    let is_whole = tail.last() == Some(&b'\n');
    tail.truncate(tail.len() - usize::from(is_whole));
    Ok(Some((tail, is_whole)))
}

#[cfg(unix)]
fn read_at(file: &File, block: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, block, offset)
}

/// Moves the position; only the owner of the lock reads, and lines are always added at the end.
#[cfg(not(unix))]
fn read_at(mut file: &File, block: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(block)
}

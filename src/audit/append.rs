//! Adding lines, also while other runs do.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use super::{Line, NOTHING, Record, name, seal};

/// How much of the file's end is read at once to find its last line.
const BLOCK: usize = 8 << 10;

/// A file to which the lines of one run are added.
#[derive(Debug)]
pub struct Log {
    file: File,
    run: String,
}

impl Log {
    /// Opens a file, or makes one that its owner alone can read.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is there and is not a file"));
        }
        Ok(Self { file, run: format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)) })
    }

    /// Adds a line for each record: all of them or none, together, and on the disk when this returns. Whoever else adds
    /// lines waits for that long.
    ///
    /// # Errors
    /// What the system said.
    pub fn append(&self, records: &[Record]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.file.lock()?;
        let written = self.append_locked(records);
        self.file.unlock()?;
        written
    }

    fn append_locked(&self, records: &[Record]) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let (mut text, mut previous) = match last_line(&self.file, length)? {
            None => (Vec::new(), NOTHING.to_owned()),
            Some((line, true)) => (Vec::new(), name(&line)),
            // Somebody was stopped in the middle of a line. It stays, for people to see.
            Some((line, false)) => (vec![b'\n'], name(&line)),
        };
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        for record in records {
            let line = Line { run: &self.run, time: time.clone(), record, previous: &previous };
            let start = text.len();
            serde_json::to_writer(&mut text, &line)?;
            previous = seal(&mut text, start);
            text.push(b'\n');
        }
        let mut file = &self.file;
        if let Err(error) = file.write_all(&text) {
            // A disk that is full in the middle of a line.
            let _ = self.file.set_len(length);
            return Err(error);
        }
        self.file.sync_data()
    }
}

/// The last line without its line break, and whether it has one; nothing for an empty file.
fn last_line(mut file: &File, length: u64) -> io::Result<Option<(Vec<u8>, bool)>> {
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
        let size = start.min(BLOCK as u64);
        start -= size;
        let mut block = vec![0; usize::try_from(size).unwrap_or(BLOCK)];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
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

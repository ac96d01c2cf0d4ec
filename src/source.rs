//! Text with a name, and places in it.
//!
//! A span is a pair of byte offsets; line and column are computed when somebody looks.

mod content;
mod joined;
mod location;
mod printable;
mod stdin;

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use memchr::memchr2_iter;
use zeroize::Zeroize;

pub use location::Location;
use location::Named;
pub use printable::printable;
pub use stdin::STDIN;

/// The largest file that is read, in bytes (64 MiB).
pub const MAX_BYTES: usize = 64 << 20;

/// Distance of the marks that columns are counted from, in bytes.
const STRIDE: usize = 4096;

/// A half-open range of bytes in a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`, in bytes. Sources end at [`MAX_BYTES`], so that offsets fit.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The bytes as a range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Line and column, both from 1; a column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A named text.
pub struct Source {
    name: String,
    text: String,
    private: bool,
    /// The parts that go by names in the place of lines, in order, each with where it begins.
    named: Vec<(usize, Named)>,
    /// Where files begin that it is joined from, in order.
    files: Vec<(usize, Arc<Self>)>,
    index: OnceLock<Index>,
}

/// Where lines start, and how many characters stand before each mark.
struct Index {
    lines: Vec<u32>,
    /// Empty when every character is one byte.
    characters: Vec<u32>,
}

/// Why a file can't be taken as text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file can't be opened or read.
    #[error("cannot read {name}: {error}")]
    Unreadable {
        /// The file's name as it was given.
        name: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("{name} is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge {
        /// The file's name as it was given.
        name: String,
    },
    /// The file isn't UTF-8 from this byte on.
    #[error("{} is not UTF-8", file.name())]
    NotUtf8 {
        /// The text with what is wrong replaced, to point into.
        file: Arc<Source>,
        /// The first wrong byte.
        span: Span,
        /// Whether the file starts as UTF-16 does.
        utf16: bool,
    },
}

impl Source {
    /// A text under a name that people see. It is taken as [private](Source::private) unless it looks like a workflow, by the
    /// keys at its top.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self::build(name.into(), text.into(), false))
    }

    /// A text that may hold secrets: its lines are never shown, and it is wiped when dropped.
    pub fn private(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self::build(name.into(), text.into(), true))
    }

    /// Reads a file whole, as [`Source::new`].
    ///
    /// # Errors
    /// When it can't be read, is larger than [`MAX_BYTES`], or isn't UTF-8.
    pub fn read(path: &Path) -> Result<Arc<Self>, SourceError> {
        Self::load(path, false)
    }

    /// Reads a file that may hold secrets, as [`Source::private`].
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn read_private(path: &Path) -> Result<Arc<Self>, SourceError> {
        Self::load(path, true)
    }

    fn build(name: String, text: String, private: bool) -> Self {
        let private = private || content::may_hold_secrets(&text);
        Self { name, text, private, named: Vec::new(), files: Vec::new(), index: OnceLock::new() }
    }

    fn load(path: &Path, private: bool) -> Result<Arc<Self>, SourceError> {
        let name = path.display().to_string();
        let unreadable = |error| SourceError::Unreadable { name: name.clone(), error };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_or(0, |about| about.len());
        Self::take(name, file, size, private)
    }

    /// Reads a text of about so many bytes to its end.
    fn take(name: String, from: impl Read, size: u64, private: bool) -> Result<Arc<Self>, SourceError> {
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).min(MAX_BYTES) + 1);
        let read = from.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| SourceError::Unreadable { name: name.clone(), error })?;
        if bytes.len() > MAX_BYTES {
            return Err(SourceError::TooLarge { name });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Arc::new(Self::build(name, text, private))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                bytes.zeroize();
                Err(SourceError::NotUtf8 {
                    file: Arc::new(Self::build(name, text, private)),
                    span: Span::new(at, at + '\u{fffd}'.len_utf8()),
                    utf16,
                })
            }
        }
    }

    /// The name as people know it, usually a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, a byte-order mark included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span is not one of this source.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// A span of whole characters: what an error says may end within one, or behind the text.
    pub(crate) fn whole(&self, span: Span) -> Span {
        let (mut start, mut end) = (span.range().start.min(self.text.len()), span.range().end.min(self.text.len()));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        Span::new(start, end.max(start))
    }

    /// Whether the text may hold secrets and must not be shown.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Line and column of an offset.
    pub fn place(&self, offset: u32) -> LineColumn {
        let line = self.line_of(offset);
        let start = self.index().lines[line] as usize;
        let mut column = self.characters_before(offset as usize) - self.characters_before(start);
        if line == 0 && self.text.starts_with('\u{feff}') {
            column = column.saturating_sub(1);
        }
        LineColumn { line: line + 1, column: column + 1 }
    }

    /// The line that holds an offset, without its line break.
    pub fn line_at(&self, offset: u32) -> Span {
        let lines = &self.index().lines;
        let line = self.line_of(offset);
        let start = lines[line] as usize;
        let end = lines.get(line + 1).map_or(self.text.len(), |&next| next as usize);
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mark = if start == 0 && text.starts_with('\u{feff}') { 3 } else { 0 };
        Span::new(start + mark, start + text.len())
    }

    fn line_of(&self, offset: u32) -> usize {
        let lines = &self.index().lines;
        lines.partition_point(|&start| start <= offset) - 1
    }

    /// Characters before an offset, from the nearest mark.
    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let marks = &self.index().characters;
        if marks.is_empty() {
            return offset;
        }
        let mark = offset / STRIDE;
        marks[mark] as usize + count(&self.text.as_bytes()[mark * STRIDE..offset])
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut lines = vec![0];
            for at in memchr2_iter(b'\n', b'\r', bytes) {
                if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                    continue;
                }
                lines.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
            let mut characters = Vec::new();
            if !self.text.is_ascii() {
                let mut total = 0;
                for chunk in bytes.chunks(STRIDE) {
                    characters.push(total);
                    total += u32::try_from(count(chunk)).unwrap_or(u32::MAX);
                }
                characters.push(total);
            }
            Index { lines, characters }
        })
    }
}

/// Characters that start in these bytes.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

impl Drop for Source {
    fn drop(&mut self) {
        if self.private {
            self.text.zeroize();
        }
    }
}

/// The name alone: the text may be large, or secret.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(text: &str, offset: usize) -> LineColumn {
        let before = text[..offset].trim_start_matches('\u{feff}');
        let normal = before.replace("\r\n", "\n").replace('\r', "\n");
        let line = normal.matches('\n').count() + 1;
        let column = normal.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        LineColumn { line, column }
    }

    #[test]
    fn places_agree_with_counting() {
        let long = "é".repeat(5000);
        let text = format!("\u{feff}a: 1\r\nb: ü\rc: {long}\n\nend: x");
        let source = Source::new("t", text.clone());
        for (offset, character) in text.char_indices() {
            if offset == 0 || character == '\n' {
                continue;
            }
            let at = u32::try_from(offset).unwrap_or(0);
            assert_eq!(source.place(at), naive(&text, offset), "at {offset}");
        }
    }

    #[test]
    fn a_line_has_no_break_and_no_mark() {
        let source = Source::new("t", "\u{feff}one\r\ntwo\nthree");
        assert_eq!(source.slice(source.line_at(3)), "one");
        assert_eq!(source.slice(source.line_at(8)), "two");
        assert_eq!(source.slice(source.line_at(14)), "three");
    }

    #[test]
    fn a_debug_shows_the_name_alone() {
        let source = Source::private("credflow.yaml", "client-secret: hunter2");
        assert_eq!(format!("{source:?}"), "Source(credflow.yaml)");
    }
}

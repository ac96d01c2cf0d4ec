//! Masking: a secret value that a step prints is replaced before anybody sees it.
//!
//! The rule is about bytes, not about lines or characters: every byte of every place where a pattern stands is
//! covered, also where such places overlap, and each run of covered bytes becomes `***`. So the result doesn't depend
//! on how the output is cut into pieces, and no byte of a value gets through beside another value.
//!
//! Patterns are each value, its lines, and the forms in which tools print them: base64, hexadecimal, percent-encoded,
//! escaped for JSON, shells and XML. A value that is short or a usual word is masked only where it stands as a word, and
//! a blank one nowhere. What was printed is held back only as long as it can still become part of a pattern.

mod automaton;
mod command;
mod encoding;
mod filter;
#[cfg(test)]
mod law;
mod pattern;
mod set;
mod stream;
mod wrap;

use std::fmt;
use std::sync::Arc;

use automaton::Automaton;
use command::{Commands, Piece};
use filter::Filter;
pub use set::MaskSet;
use stream::Stream;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// The values that must not be seen, in memory that is wiped when dropped. Share it behind an [`Arc`].
///
/// ```
/// use credflow::run::Masks;
/// use credflow::secret::Secret;
///
/// let masks = Masks::new([&Secret::new(String::from("hunter2"))]);
/// assert_eq!(masks.mask(b"the password is hunter2!"), b"the password is ***!");
/// ```
pub struct Masks {
    automaton: Automaton,
    filter: Filter,
}

/// Masks one stream of bytes as it comes.
pub struct Masker {
    masks: Arc<Masks>,
    stream: Stream,
}

/// Masks one stream of a step's output: values that are added while it runs as well, and those that it adds itself by
/// lines `::add-mask::VALUE`.
pub struct OutputMasker {
    set: Arc<MaskSet>,
    edition: usize,
    masker: Masker,
    commands: Commands,
    /// What waits to be shown.
    scanned: Vec<Scanned>,
    /// Whether something can't be masked, so that nothing is shown.
    is_dark: bool,
}

impl Masks {
    /// Masks for these values, in any order; a value may be there more than once.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let patterns = pattern::patterns(secrets);
        Self { automaton: Automaton::new(&patterns), filter: Filter::new(&patterns) }
    }

    /// A whole text, masked.
    pub fn mask(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut stream = Stream::new(self);
        stream.push(self, text, &mut out);
        stream.finish(self, &mut out);
        out
    }
}

impl Masker {
    /// A masker at the beginning of a stream.
    pub fn new(masks: Arc<Masks>) -> Self {
        let stream = Stream::new(&masks);
        Self { masks, stream }
    }

    /// Takes the next bytes of the stream, of any number, and adds to `out` what can be shown by now.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.stream.push(&self.masks, input, out);
    }

    /// Ends the stream: adds to `out` what was held back. The masker is then at the beginning of another stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.stream.finish(&self.masks, out);
    }
}

impl Masker {
    /// Goes on with other masks, among which are those so far; adds to `out` what can be shown by now.
    fn renew(&mut self, masks: Arc<Masks>, out: &mut Vec<u8>) {
        self.stream.renew(&masks, out);
        self.masks = masks;
    }
}

impl OutputMasker {
    /// A masker at the beginning of a stream.
    pub fn new(set: Arc<MaskSet>) -> Self {
        let edition = set.edition();
        let masker = Masker::new(set.masks());
        Self { set, edition, masker, commands: Commands::new(), scanned: Vec::new(), is_dark: false }
    }

    /// Takes the next bytes of the stream, of any number, and adds to `out` what can be shown by now.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.scan(input);
        self.show(out);
    }

    /// Ends the stream: adds to `out` what was held back. The masker is then at the beginning of another stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.end();
        self.show(out);
    }

    /// Takes the next bytes of the stream, and adds the values that they name to the masks. They wait to be shown: other
    /// streams may add values as well before that.
    pub(in crate::run) fn scan(&mut self, input: &[u8]) {
        let Self { set, commands, scanned, .. } = self;
        commands.push(input, |piece| scanned.push(Scanned::of(piece, set)));
    }

    /// The same for the end of the stream.
    pub(in crate::run) fn end(&mut self) {
        let Self { set, commands, scanned, .. } = self;
        commands.finish(|piece| scanned.push(Scanned::of(piece, set)));
        scanned.push(Scanned::End);
    }

    /// Adds to `out` what can be shown of the bytes that wait.
    pub(in crate::run) fn show(&mut self, out: &mut Vec<u8>) {
        for piece in std::mem::take(&mut self.scanned) {
            match piece {
                Scanned::End if self.is_dark => self.masker.finish(&mut Vec::new()),
                Scanned::End => self.masker.finish(out),
                _ if self.is_dark => {}
                Scanned::Text(text) => {
                    // Only now: lines that add values often follow each other, and each edition is made from all of them.
                    let now = self.set.edition();
                    if now != self.edition {
                        self.edition = now;
                        self.masker.renew(self.set.masks(), out);
                    }
                    self.masker.push(&text, out);
                }
                Scanned::Shown(stars) => {
                    self.masker.finish(out);
                    out.extend_from_slice(&stars);
                }
                Scanned::Value { is_masked: true } => {}
                Scanned::Value { is_masked: false } => {
                    self.is_dark = true;
                    out.extend_from_slice(DARK);
                }
            }
        }
    }
}

/// A piece of a stream that waits to be shown.
enum Scanned {
    Text(Zeroizing<Vec<u8>>),
    Shown(Vec<u8>),
    /// A value was added, or there were too many.
    Value {
        is_masked: bool,
    },
    End,
}

impl Scanned {
    fn of(piece: Piece<'_>, set: &MaskSet) -> Self {
        match piece {
            Piece::Text(text) => Self::Text(Zeroizing::new(text.to_vec())),
            Piece::Shown(text) => Self::Shown(text.to_vec()),
            Piece::Value(secret) => Self::Value { is_masked: set.add(secret) },
        }
    }
}

/// What is shown in place of the rest of an output that adds too many values.
const DARK: &[u8] =
    b"\n(more values were added by ::add-mask:: than can be masked; nothing more of this output is shown)\n";

/// Shows nothing.
impl fmt::Debug for OutputMasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutputMasker(***)")
    }
}

/// Shows nothing, not even how many there are.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masks(***)")
    }
}

/// Shows nothing.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker(***)")
    }
}

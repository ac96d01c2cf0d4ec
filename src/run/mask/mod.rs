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
        Self { set, edition, masker, commands: Commands::new(), is_dark: false }
    }

    /// Takes the next bytes of the stream, of any number, and adds to `out` what can be shown by now.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let Self { set, edition, masker, commands, is_dark } = self;
        let mut shower = Shower { set, edition, masker, is_dark, out };
        commands.push(input, |piece| shower.take(piece));
    }

    /// Ends the stream: adds to `out` what was held back. The masker is then at the beginning of another stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let Self { set, edition, masker, commands, is_dark } = self;
        let mut shower = Shower { set, edition, masker, is_dark, out };
        commands.finish(|piece| shower.take(piece));
        if *is_dark {
            masker.finish(&mut Vec::new());
        } else {
            masker.finish(out);
        }
    }
}

/// An [`OutputMasker`] while its commands look at the output.
struct Shower<'m> {
    set: &'m MaskSet,
    edition: &'m mut usize,
    masker: &'m mut Masker,
    is_dark: &'m mut bool,
    out: &'m mut Vec<u8>,
}

/// What is shown in place of the rest of an output that adds too many values.
const DARK: &[u8] =
    b"\n(more values were added by ::add-mask:: than can be masked; nothing more of this output is shown)\n";

impl Shower<'_> {
    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            _ if *self.is_dark => {}
            Piece::Text(text) => {
                // Only now: lines that add values often follow each other, and each edition is made from all of them.
                let now = self.set.edition();
                if now != *self.edition {
                    *self.edition = now;
                    self.masker.renew(self.set.masks(), self.out);
                }
                self.masker.push(text, self.out);
            }
            Piece::Shown(stars) => {
                self.masker.finish(self.out);
                self.out.extend_from_slice(stars);
            }
            Piece::Value(secret) => {
                if !self.set.add(secret) {
                    *self.is_dark = true;
                    self.out.extend_from_slice(DARK);
                }
            }
        }
    }
}

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

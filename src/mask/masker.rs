//! A stream of a process's output, masked as it comes.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::command::{Commands, Piece};
use super::runner::Listener;
use super::stream::{STARS, Stream};
use super::{MaskSet, Masks};

/// So many bytes are masked before values can be added again.
const PIECE: usize = 32 << 10;

/// Masks one stream of bytes as it comes.
pub struct Masker {
    masks: Arc<Masks>,
    stream: Stream,
}

/// Masks one stream of a step's output: values that are added while it runs as well, and those that it adds itself by
/// lines `::add-mask::VALUE`.
pub struct OutputMasker {
    set: Arc<MaskSet>,
    /// Large, and held by what waits for a process.
    stream: Box<Stream>,
    /// Nothing for output that was searched for them before.
    commands: Option<Commands>,
    /// What waits to be shown.
    scanned: VecDeque<Scanned>,
    /// So many bytes of it.
    waiting: usize,
    /// Who may be shown the step's own values.
    listener: Option<Listener>,
    /// Where they stood.
    revealed: Vec<Revealed>,
    /// Whether something can't be masked, so that nothing is shown.
    is_dark: bool,
}

/// A piece of a stream that waits to be shown.
enum Scanned {
    Text(Zeroizing<Vec<u8>>),
    /// The rest of a line that added a value, and what became of that.
    Value(Zeroizing<Vec<u8>>, Addition),
    End,
}

/// What became of a value that was to be added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addition {
    /// It is masked.
    Masked,
    /// The same, and its runner may see it.
    Revealed,
    /// It can't be masked.
    Refused,
}

/// A value that a step added itself: the runner that it is meant for has to see it.
#[derive(Clone)]
pub struct Revealed {
    /// Where its stars are in the output.
    pub stars: Range<usize>,
    /// What stood there.
    pub value: Zeroizing<Vec<u8>>,
}

/// What is shown in place of the rest of an output that adds too many values.
const DARK: &[u8] =
    b"\n(more values were added by ::add-mask:: than can be masked; nothing more of this output is shown)\n";

impl Masks {
    /// A whole text, masked.
    pub fn mask(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut stream = Stream::new();
        stream.push(self, text, &mut out);
        stream.finish(self, &mut out);
        out
    }
}

impl Masker {
    /// A masker at the beginning of a stream.
    pub fn new(masks: Arc<Masks>) -> Self {
        Self { masks, stream: Stream::new() }
    }

    /// Takes the next bytes of the stream, of any number, and adds to `out` what can be shown by now. More is ready.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.stream.push(&self.masks, input, out);
    }

    /// The input has paused: adds to `out` what doesn't look like a value yet.
    pub fn pause(&mut self, out: &mut Vec<u8>) {
        self.stream.pause(&self.masks, out);
    }

    /// The input has paused for a while: adds to `out` all that is held.
    pub fn silence(&mut self, out: &mut Vec<u8>) {
        self.stream.silence(&self.masks, out);
    }

    /// How many bytes are held.
    pub fn held(&self) -> usize {
        self.stream.held()
    }

    /// Ends the stream: adds to `out` what was held. The masker is then at the beginning of another stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.stream.finish(&self.masks, out);
    }
}

impl OutputMasker {
    /// A masker at the beginning of a stream.
    pub fn new(set: Arc<MaskSet>) -> Self {
        Self {
            set,
            stream: Box::new(Stream::new()),
            commands: Some(Commands::new()),
            scanned: VecDeque::new(),
            waiting: 0,
            listener: None,
            revealed: Vec::new(),
            is_dark: false,
        }
    }

    /// A masker for output that was masked already, and is put together or taken apart since: lines in it add no values.
    pub fn again(set: Arc<MaskSet>) -> Self {
        Self { commands: None, ..Self::new(set) }
    }

    /// Remembers the values that the step adds for a runner, for [`OutputMasker::take_revealed`]. The output has stars all
    /// the same. One in which something stands that was masked before is remembered only if that runner knows it.
    #[must_use]
    pub fn revealing(mut self, listener: Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Takes the next bytes of the stream, of any number, and adds to `out` what can be shown by now. More is ready.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.scan(input);
        self.show(out);
    }

    /// The input has paused: adds to `out` what doesn't look like a value yet.
    pub fn pause(&mut self, out: &mut Vec<u8>) {
        if !self.is_dark(out) {
            self.stream.pause(&self.set.read(), out);
        }
    }

    /// The input has paused for a while: adds to `out` all that is held.
    pub fn silence(&mut self, out: &mut Vec<u8>) {
        if !self.is_dark(out) {
            self.stream.silence(&self.set.read(), out);
        }
    }

    /// How many bytes are held, but for those that wait for [`OutputMasker::show`].
    pub fn held(&self) -> usize {
        self.stream.held()
    }

    /// Whether nothing more is shown, because some output has added too many values; says so once.
    fn is_dark(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.is_dark && self.set.is_full() {
            self.is_dark = true;
            if self.commands.is_some() {
                out.extend_from_slice(DARK);
            }
        }
        self.is_dark
    }

    /// Ends the stream: adds to `out` what was held. The masker is then at the beginning of another stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.end();
        self.show(out);
    }

    /// Takes the next bytes of the stream, and adds the values that they name to the masks. They wait to be shown: other
    /// streams may add values as well before that.
    pub fn scan(&mut self, input: &[u8]) {
        let Self { set, commands, scanned, waiting, listener, .. } = self;
        let mut take = |piece: Piece<'_>| scanned.push_back(Scanned::of(piece, set, *listener, waiting));
        match commands {
            Some(commands) => commands.push(input, take),
            None => take(Piece::Text(input)),
        }
    }

    /// The same for the end of the stream.
    pub fn end(&mut self) {
        let Self { set, commands, scanned, waiting, listener, .. } = self;
        if let Some(commands) = commands {
            commands.finish(|piece| scanned.push_back(Scanned::of(piece, set, *listener, waiting)));
        }
        scanned.push_back(Scanned::End);
    }

    /// How many bytes wait to be shown.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Forgets what waits to be shown. The values that it added stay masked.
    pub fn skip(&mut self) {
        self.scanned.clear();
        self.waiting = 0;
    }

    /// Adds to `out` what can be shown of the bytes that wait.
    pub fn show(&mut self, out: &mut Vec<u8>) {
        self.show_first(usize::MAX, out);
    }

    /// Adds to `out` what can be shown of the first `limit` bytes that wait. The others wait on.
    pub fn show_first(&mut self, mut limit: usize, out: &mut Vec<u8>) {
        if !self.scanned.is_empty() {
            self.is_dark(out);
        }
        while let Some(piece) = self.scanned.pop_front() {
            let length = piece.len();
            if length > limit {
                let (first, rest) = piece.split(limit);
                self.scanned.push_front(rest);
                self.waiting -= first.as_ref().map_or(0, Scanned::len);
                if let Some(first) = first {
                    self.show_piece(first, out);
                }
                return;
            }
            limit -= length;
            self.waiting -= length;
            self.show_piece(piece, out);
        }
    }

    fn show_piece(&mut self, piece: Scanned, out: &mut Vec<u8>) {
        match piece {
            Scanned::End if self.is_dark => *self.stream = Stream::new(),
            Scanned::End => self.stream.finish(&self.set.read(), out),
            _ if self.is_dark => {}
            Scanned::Text(text) => {
                for text in text.chunks(PIECE) {
                    self.stream.push(&self.set.read(), text, out);
                }
            }
            Scanned::Value(line, addition) => {
                self.stream.finish(&self.set.read(), out);
                if addition == Addition::Refused {
                    self.is_dark(out);
                    return;
                }
                if addition == Addition::Revealed {
                    self.revealed.push(Revealed { stars: out.len()..out.len() + STARS.len(), value: line });
                }
                out.extend_from_slice(STARS);
            }
        }
    }

    /// What the step added itself, and where it stood in what was added to `out` since the last time: places count from
    /// the beginning of `out`, which must not have been touched.
    pub fn take_revealed(&mut self) -> Vec<Revealed> {
        std::mem::take(&mut self.revealed)
    }
}

impl Scanned {
    /// A piece, with its bytes added to those that wait; its value is masked.
    fn of(piece: Piece<'_>, set: &MaskSet, listener: Option<Listener>, waiting: &mut usize) -> Self {
        let scanned = match piece {
            Piece::Text(text) => Self::Text(Zeroizing::new(text.to_vec())),
            Piece::Value(value, line, runner) => {
                let is_new = || [&*value, line].iter().all(|text| Zeroizing::new(set.mask(text)).as_slice() == *text);
                let is_shown = listener.is_some_and(|to| to.runner == runner && (to.knows_values || is_new()));
                let is_masked = is_trivial(&value) || set.add_bytes(&value);
                let addition = match (is_masked, is_shown) {
                    (false, _) => Addition::Refused,
                    (true, true) => Addition::Revealed,
                    (true, false) => Addition::Masked,
                };
                Self::Value(Zeroizing::new(line.to_vec()), addition)
            }
        };
        *waiting += scanned.len();
        scanned
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Value(bytes, _) => bytes.len(),
            Self::End => 0,
        }
    }

    /// The first bytes of a longer piece, where it can be cut, and the rest.
    fn split(self, at: usize) -> (Option<Self>, Self) {
        match self {
            Self::Text(text) if at > 0 => {
                let rest = Zeroizing::new(text[at..].to_vec());
                let first = Zeroizing::new(text[..at].to_vec());
                (Some(Self::Text(first)), Self::Text(rest))
            }
            whole => (None, whole),
        }
    }
}

/// Fewer signs, or fewer different ones, are no secret where there is nothing else.
const SIGNS: (usize, usize) = (8, 4);

/// Whether what a step adds is a character or a few signs: a line of documentation, which would turn output into stars.
fn is_trivial(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let is_few = || {
        let distinct = (0..value.len()).filter(|at| !value[..*at].contains(&value[*at])).take(SIGNS.1).count();
        value.len() < SIGNS.0 || distinct < SIGNS.1
    };
    value.len() < 2 || value.iter().all(u8::is_ascii_punctuation) && is_few()
}

/// Shows nothing.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker(***)")
    }
}

/// Shows nothing.
impl fmt::Debug for OutputMasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutputMasker(***)")
    }
}

/// Shows nothing.
impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(***)")
    }
}

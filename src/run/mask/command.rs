//! Lines by which a step says what else must not be seen: `::add-mask::VALUE`, as on GitHub.

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What such a line begins with, behind blanks.
const COMMAND: &[u8] = b"::add-mask::";

/// What is shown of the rest of it.
const SHOWN: &[u8] = b"***";

/// The longest value; what a line has beyond it isn't shown either.
const LONGEST: usize = 64 << 10;

/// A stream of output in which such lines are looked for. All of a line but the value is shown as it comes.
pub(super) struct Commands {
    finder: Finder<'static>,
    at: At,
}

/// Where a stream is.
enum At {
    /// So far into [`COMMAND`], with nothing but blanks before it in the line.
    Beginning(usize),
    /// In a line that is none.
    Line,
    /// In the value of such a line.
    Value(Zeroizing<Vec<u8>>),
}

/// What a stream holds.
pub(super) enum Piece<'i> {
    /// Output as it stands.
    Text(&'i [u8]),
    /// A value that must not be seen from here on. Stars follow in its place.
    Value(Secret),
    /// What holds no value and is shown as it is.
    Shown(&'i [u8]),
}

impl Commands {
    pub(super) fn new() -> Self {
        Self { finder: Finder::new(COMMAND), at: At::Beginning(0) }
    }

    /// Takes the next bytes, and gives their pieces.
    pub(super) fn push(&mut self, mut input: &[u8], mut take: impl FnMut(Piece<'_>)) {
        while !input.is_empty() {
            let length = if let At::Value(value) = &mut self.at {
                let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
                let room = LONGEST - value.len();
                value.extend_from_slice(&input[..end.min(room)]);
                if end < input.len() {
                    end_value(value, &mut take);
                    take(Piece::Shown(b"\n"));
                    self.at = At::Beginning(0);
                }
                input.len().min(end + 1)
            } else {
                let is_fresh = matches!(self.at, At::Beginning(0));
                let length = self.text(input);
                let shown = &input[..length];
                let is_command = is_fresh && matches!(self.at, At::Value(_));
                take(if is_command { Piece::Shown(shown) } else { Piece::Text(shown) });
                length
            };
            input = &input[length..];
        }
    }

    /// Ends the stream; it can begin again.
    pub(super) fn finish(&mut self, mut take: impl FnMut(Piece<'_>)) {
        if let At::Value(value) = &self.at {
            end_value(value, &mut take);
        }
        self.at = At::Beginning(0);
    }

    /// How much of some bytes can be shown: all of them, or up to a value.
    fn text(&mut self, input: &[u8]) -> usize {
        let mut from = 0;
        if let At::Beginning(known) = self.at {
            match begin(input, known) {
                (at, None) => from = at,
                (at, Some(known)) if known == COMMAND.len() => return self.value(at),
                (at, Some(known)) => {
                    self.at = At::Beginning(known);
                    return at;
                }
            }
        }
        self.at = At::Line;
        // Only behind a line's end; most lines have no such word anywhere.
        for found in self.finder.find_iter(&input[from..]) {
            let at = from + found;
            let start = memchr::memrchr(b'\n', &input[from..at]);
            if let Some(start) = start
                && input[from + start + 1..at].iter().all(|&byte| is_blank(byte))
            {
                self.at = At::Beginning(0);
                return from + start + 1;
            }
        }
        if let Some(last) = memchr::memrchr(b'\n', &input[from..])
            && let (_, Some(known)) = begin(&input[from + last + 1..], 0)
        {
            self.at = At::Beginning(known);
        }
        input.len()
    }

    fn value(&mut self, at: usize) -> usize {
        self.at = At::Value(Zeroizing::new(Vec::with_capacity(LONGEST)));
        at
    }
}

/// How much of some bytes begins such a line that is so far known, and how far it is known then; nothing for another
/// line.
fn begin(input: &[u8], mut known: usize) -> (usize, Option<usize>) {
    for (at, byte) in input.iter().enumerate() {
        if known == 0 && is_blank(*byte) {
            continue;
        }
        if *byte != COMMAND[known] {
            return (at, None);
        }
        known += 1;
        if known == COMMAND.len() {
            return (at + 1, Some(known));
        }
    }
    (input.len(), Some(known))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn end_value(value: &[u8], take: &mut impl FnMut(Piece<'_>)) {
    if let Some(secret) = decoded(value) {
        take(Piece::Value(secret));
    }
    take(Piece::Shown(SHOWN));
}

/// The value of a line: GitHub's tools write `%`, `\r` and `\n` as `%25`, `%0D` and `%0A`. What isn't UTF-8 can't be a
/// value; it isn't shown all the same.
fn decoded(line: &[u8]) -> Option<Secret> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut text = Zeroizing::new(String::with_capacity(line.len()));
    let mut rest = std::str::from_utf8(line).ok()?;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let (character, length) = match rest.get(at + 1..at + 3) {
            Some("25") => ('%', 3),
            Some("0A" | "0a") => ('\n', 3),
            Some("0D" | "0d") => ('\r', 3),
            _ => ('%', 1),
        };
        text.push(character);
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    (!text.trim().is_empty()).then(|| Secret::new(std::mem::take(&mut *text)))
}

#[cfg(test)]
mod tests {
    use super::{Commands, Piece};

    /// What is shown, and the values, of a stream in pieces of a length.
    fn split(text: &str, length: usize) -> (String, Vec<String>) {
        let (mut shown, mut values) = (Vec::new(), Vec::new());
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(bytes) | Piece::Shown(bytes) => shown.extend_from_slice(bytes),
            Piece::Value(secret) => values.push(secret.expose().to_owned()),
        };
        let mut commands = Commands::new();
        text.as_bytes().chunks(length).for_each(|chunk| commands.push(chunk, &mut take));
        commands.finish(&mut take);
        (String::from_utf8(shown).expect("UTF-8"), values)
    }

    #[test]
    fn lines_are_found_however_the_stream_is_cut() {
        for (text, shown, values) in [
            ("::add-mask::abc\nx", "::add-mask::***\nx", &["abc"][..]),
            ("a\n::add-mask::a b\r\n::add-mask::c", "a\n::add-mask::***\n::add-mask::***", &["a b", "c"]),
            ("::add-mask\n::add-mask::\n", "::add-mask\n::add-mask::***\n", &[]),
            (" \t::add-mask::x\n\n\n:::add-mask::y", " \t::add-mask::***\n\n\n:::add-mask::y", &["x"]),
            ("x ::add-mask::y\n ::::add-mask::z", "x ::add-mask::y\n ::::add-mask::z", &[]),
            ("::add-mask::50%25%0A%2\n", "::add-mask::***\n", &["50%\n%2"]),
            ("\n::add", "\n::add", &[]),
        ] {
            for length in 1..=text.len() {
                let expected = (shown.to_owned(), values.iter().map(ToString::to_string).collect());
                assert_eq!(split(text, length), expected, "{text:?} in pieces of {length}");
            }
        }
    }

    #[test]
    fn what_is_no_such_line_is_shown_at_once() {
        let mut commands = Commands::new();
        let mut shown = Vec::new();
        for text in [&b"name: "[..], b"\n:", b":add-mask:"] {
            commands.push(text, |piece| match piece {
                Piece::Text(bytes) => shown.extend_from_slice(bytes),
                Piece::Value(_) | Piece::Shown(_) => panic!("no value"),
            });
        }
        assert_eq!(shown, b"name: \n::add-mask:");
    }
}

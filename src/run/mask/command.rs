//! Lines by which a step says what else must not be seen: `::add-mask::VALUE`, as on GitHub.

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What such a line begins with, and the end of the line before it.
const COMMAND: &[u8] = b"\n::add-mask::";

/// What is shown of such a line.
const SHOWN: &[u8] = b"::add-mask::***";

/// The longest value; what a line has beyond it isn't shown either.
const LONGEST: usize = 64 << 10;

/// A stream of output in which such lines are looked for.
pub(super) struct Commands {
    finder: Finder<'static>,
    at: At,
}

/// Where a stream is.
enum At {
    /// In a line that is none, or so far into [`COMMAND`]. The end of a line is shown at once, the rest held back.
    Text(usize),
    /// In the value of such a line.
    Value(Zeroizing<Vec<u8>>),
}

/// What a stream holds.
pub(super) enum Piece<'i> {
    /// Output as it stands.
    Text(&'i [u8]),
    /// A value that must not be seen from here on.
    Value(Secret),
}

impl Commands {
    pub(super) fn new() -> Self {
        // A stream begins with a line.
        Self { finder: Finder::new(COMMAND), at: At::Text(1) }
    }

    /// Takes the next bytes, and gives their pieces.
    pub(super) fn push(&mut self, mut input: &[u8], mut take: impl FnMut(Piece<'_>)) {
        while !input.is_empty() {
            input = match &mut self.at {
                At::Text(0) => self.search(input, &mut take),
                At::Text(known) => {
                    if input[0] == COMMAND[*known] {
                        *known += 1;
                        if *known == COMMAND.len() {
                            self.at = At::Value(Zeroizing::new(Vec::with_capacity(LONGEST)));
                        }
                        &input[1..]
                    } else {
                        if *known > 1 {
                            take(Piece::Text(&COMMAND[1..*known]));
                        }
                        self.at = At::Text(0);
                        input
                    }
                }
                At::Value(value) => {
                    let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
                    let room = LONGEST - value.len();
                    value.extend_from_slice(&input[..end.min(room)]);
                    if end < input.len() {
                        end_value(value, &mut take);
                        self.at = At::Text(0);
                    }
                    &input[end..]
                }
            };
        }
    }

    /// Ends the stream; it can begin again.
    pub(super) fn finish(&mut self, mut take: impl FnMut(Piece<'_>)) {
        match &mut self.at {
            At::Text(known) if *known > 1 => take(Piece::Text(&COMMAND[1..*known])),
            At::Text(_) => {}
            At::Value(value) => end_value(value, &mut take),
        }
        self.at = At::Text(1);
    }

    /// Gives all up to the next such line, or up to what may become one.
    fn search<'i>(&mut self, input: &'i [u8], take: &mut impl FnMut(Piece<'_>)) -> &'i [u8] {
        let (shown, known) = if let Some(at) = self.finder.find(input) {
            (at + 1, 1)
        } else {
            let known = (1..COMMAND.len()).rev().find(|&known| input.ends_with(&COMMAND[..known])).unwrap_or(0);
            (input.len() - known.saturating_sub(1), known)
        };
        take(Piece::Text(&input[..shown]));
        if known > 1 {
            self.at = At::Text(known);
            return &[];
        }
        self.at = At::Text(known);
        &input[shown..]
    }
}

fn end_value(value: &[u8], take: &mut impl FnMut(Piece<'_>)) {
    if let Some(secret) = decoded(value) {
        take(Piece::Value(secret));
    }
    take(Piece::Text(SHOWN));
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
            Piece::Text(bytes) => shown.extend_from_slice(bytes),
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
            (" ::add-mask::x\n\n\n:::add-mask::y", " ::add-mask::x\n\n\n:::add-mask::y", &[]),
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
        commands.push(b"name: ", |piece| match piece {
            Piece::Text(bytes) => shown.extend_from_slice(bytes),
            Piece::Value(_) => panic!("no value"),
        });
        assert_eq!(shown, b"name: ");
    }
}

//! Lines by which a step says what else must not be seen: `::add-mask::VALUE` as on GitHub Actions,
//! `##vso[task.setsecret]VALUE` and `##vso[task.setvariable …;issecret=true]VALUE` as on Azure Pipelines.
//!
//! `::stop-commands::` switches none of this off: a step that wants its output shown must not have the value.

use memchr::memchr2;
use zeroize::Zeroizing;

use super::buffer::Buffer;

/// What such a line begins with, behind blanks.
const COMMANDS: [&[u8]; 4] = [b"::add-mask::", b"##[add-mask]", SECRET, VARIABLE];

const SECRET: &[u8] = b"##vso[task.setsecret";

const VARIABLE: &[u8] = b"##vso[task.setvariable";

/// The longest value; what a line has beyond it isn't shown either.
const LONGEST: usize = 64 << 10;

/// The longest properties of a command; a line with more is none.
const PROPERTIES: usize = 4 << 10;

/// A stream of output in which such lines are looked for. All of a line but the value is shown as it comes.
pub(super) struct Commands(At);

/// Where a stream is.
enum At {
    /// So far into some of [`COMMANDS`], with nothing but blanks before it in the line.
    Beginning(usize, u8),
    /// In a line that is none.
    Line,
    /// In what Azure's commands have before their `]`.
    Properties(Buffer<u8>, bool),
    /// In the value of such a line.
    Value(Buffer<u8>),
}

/// Nothing of a command is known yet.
const FRESH: At = At::Beginning(0, (1 << COMMANDS.len()) - 1);

/// What a stream holds.
pub(super) enum Piece<'i> {
    /// Output as it stands.
    Text(&'i [u8]),
    /// The rest of a line, which is a value.
    Value(Zeroizing<Vec<u8>>, &'i [u8]),
}

impl Commands {
    pub(super) fn new() -> Self {
        Self(FRESH)
    }

    /// Takes the next bytes, and gives their pieces.
    pub(super) fn push(&mut self, input: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let (mut shown, mut at) = (0, 0);
        while at < input.len() {
            match &mut self.0 {
                At::Value(value) => {
                    let end = line_end(input, at);
                    value.extend(&input[at..end.min(at + LONGEST - value.len())]);
                    (shown, at) = (end, end);
                    if end < input.len() {
                        take(Piece::Value(decoded(value), value));
                        self.0 = At::Line;
                    }
                }
                At::Properties(properties, is_variable) => {
                    let byte = input[at];
                    properties.push(byte);
                    at += 1;
                    if byte == b']' && (!*is_variable || is_secret(properties)) {
                        take(Piece::Text(&input[shown..at]));
                        (self.0, shown) = (At::Value(Buffer::new()), at);
                    } else if byte == b'\n' {
                        self.0 = FRESH;
                    } else if byte == b']' || properties.len() == PROPERTIES {
                        self.0 = At::Line;
                    }
                }
                At::Beginning(known, alive) => {
                    let byte = input[at];
                    if byte == b'\n' || *known == 0 && matches!(byte, b' ' | b'\t' | b'\r') {
                        self.0 = FRESH;
                        at += 1;
                        continue;
                    }
                    for (number, command) in COMMANDS.iter().enumerate() {
                        if command.get(*known).is_none_or(|expected| !expected.eq_ignore_ascii_case(&byte)) {
                            *alive &= !(1 << number);
                        }
                    }
                    *known += 1;
                    at += 1;
                    let (known, alive) = (*known, *alive);
                    let complete = COMMANDS
                        .iter()
                        .enumerate()
                        .position(|(number, command)| alive & 1 << number != 0 && known == command.len());
                    if alive == 0 {
                        self.0 = At::Line;
                    } else if let Some(number) = complete {
                        if number < 2 {
                            take(Piece::Text(&input[shown..at]));
                            (self.0, shown) = (At::Value(Buffer::new()), at);
                        } else {
                            self.0 = At::Properties(Buffer::new(), COMMANDS[number] == VARIABLE);
                        }
                    }
                }
                At::Line => {
                    at = line_end(input, at);
                    if at < input.len() {
                        (self.0, at) = (FRESH, at + 1);
                    }
                }
            }
        }
        if shown < input.len() {
            take(Piece::Text(&input[shown..]));
        }
    }

    /// Ends the stream; it can begin again.
    pub(super) fn finish(&mut self, mut take: impl FnMut(Piece<'_>)) {
        if let At::Value(value) = &self.0 {
            take(Piece::Value(decoded(value), value));
        }
        self.0 = FRESH;
    }
}

/// Where a line ends: at its line break, or at a carriage return.
fn line_end(input: &[u8], at: usize) -> usize {
    memchr2(b'\n', b'\r', &input[at..]).map_or(input.len(), |found| at + found)
}

/// Whether a variable's properties say that it is a secret.
fn is_secret(properties: &[u8]) -> bool {
    let mut properties = properties.strip_suffix(b"]").unwrap_or(properties).split(|byte| *byte == b';');
    properties.any(|property| property.trim_ascii().eq_ignore_ascii_case(b"issecret=true"))
}

/// The value of a line: the runners' tools write `%`, `\r`, `\n`, `]` and `;` as `%25`, `%0D`, `%0A`, `%5D` and `%3B`,
/// and Azure's `%` as `%AZP25`.
fn decoded(line: &[u8]) -> Zeroizing<Vec<u8>> {
    let codes: [(&[u8], u8); 6] =
        [(b"%25", b'%'), (b"%0D", b'\r'), (b"%0A", b'\n'), (b"%5D", b']'), (b"%3B", b';'), (b"%AZP25", b'%')];
    let mut value = Zeroizing::new(Vec::with_capacity(line.len()));
    let mut at = 0;
    while at < line.len() {
        let code = codes
            .iter()
            .find(|(code, _)| line.get(at..at + code.len()).is_some_and(|found| found.eq_ignore_ascii_case(code)));
        let (length, byte) = code.map_or((1, line[at]), |(code, byte)| (code.len(), *byte));
        value.push(byte);
        at += length;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{Commands, Piece};

    /// What is shown, and the values, of a stream in pieces of a length.
    fn split(text: &str, length: usize) -> (String, Vec<String>) {
        let (mut shown, mut values) = (Vec::new(), Vec::new());
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(bytes) => shown.extend_from_slice(bytes),
            Piece::Value(value, _) => {
                shown.extend_from_slice(b"***");
                values.push(String::from_utf8_lossy(&value).into_owned());
            }
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
            ("a\n::add-mask::a b\r\n::add-mask::c", "a\n::add-mask::***\r\n::add-mask::***", &["a b", "c"]),
            ("::add-mask\n::add-mask::\n", "::add-mask\n::add-mask::***\n", &[""]),
            (" \t::add-mask::x\n\n\n:::add-mask::y", " \t::add-mask::***\n\n\n:::add-mask::y", &["x"]),
            ("x ::add-mask::y\n ::::add-mask::z", "x ::add-mask::y\n ::::add-mask::z", &[]),
            ("::add-mask::50%25%0A%2\n", "::add-mask::***\n", &["50%\n%2"]),
            ("\n::add", "\n::add", &[]),
            ("##[add-mask]abc\nx", "##[add-mask]***\nx", &["abc"]),
            ("##vso[task.setsecret]abc\nx", "##vso[task.setsecret]***\nx", &["abc"]),
            (
                "##vso[task.setvariable variable=a;isSecret=true]50%AZP25\n##vso[task.setvariable variable=b]c\n",
                "##vso[task.setvariable variable=a;isSecret=true]***\n##vso[task.setvariable variable=b]c\n",
                &["50%"],
            ),
            ("::stop-commands::x\n::add-mask::abc", "::stop-commands::x\n::add-mask::***", &["abc"]),
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
                Piece::Value(..) => panic!("no value"),
            });
        }
        assert_eq!(shown, b"name: \n::add-mask:");
    }
}

//! Lines by which a step says what else must not be seen: `::add-mask::VALUE` and `##[add-mask]VALUE` as on GitHub Actions,
//! `##vso[task.setsecret]VALUE` and `##vso[task.setvariable …;issecret=true]VALUE` as on Azure Pipelines. They are found
//! where the runners find them: the first at the beginning of a line, behind blanks, the others anywhere in it, and all
//! with properties.
//!
//! `::stop-commands::` switches none of this off: a step that wants its output shown must not have the value.

use memchr::{memchr2, memchr3};
use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::runner::Runner;

/// What stands at the beginning of a line.
const COLONS: &[u8] = b"::add-mask";

/// What stands anywhere in one.
const BRACKETS: [&[u8]; 3] = [b"##[add-mask", b"##vso[task.setsecret", VARIABLE];

const VARIABLE: &[u8] = b"##vso[task.setvariable";

/// The longest value; what a line has beyond it isn't shown either.
const LONGEST: usize = 64 << 10;

/// The longest properties of a command; a line with more is none.
const PROPERTIES: usize = 4 << 10;

/// A stream of output in which such lines are looked for. All of a line but the value is shown as it comes.
pub(super) struct Commands(At);

/// Where a stream is.
enum At {
    /// So far into [`COLONS`], with nothing but blanks before it in the line.
    Beginning(usize),
    /// In a line that has none so far.
    Line,
    /// So far into some of [`BRACKETS`].
    Hash(usize, u8),
    /// Behind the name of a command.
    Properties(CommandKind, Buffer<u8>),
    /// In the value of such a line.
    Value(Runner, Buffer<u8>),
}

/// How a command goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CommandKind {
    /// To the next `::`.
    Colons,
    /// To the next `]`.
    Bracket(Runner),
    /// The same, if it is secret.
    Variable,
}

/// Some of [`BRACKETS`] may follow.
const HASH: At = At::Hash(0, (1 << BRACKETS.len()) - 1);

/// What a stream holds.
pub(super) enum Piece<'i> {
    /// Output as it stands.
    Text(&'i [u8]),
    /// The rest of a line, which is a value, as it means and as it stands; and whose command it is.
    Value(Zeroizing<Vec<u8>>, &'i [u8], Runner),
}

impl Commands {
    pub(super) fn new() -> Self {
        Self(At::Beginning(0))
    }

    /// Takes the next bytes, and gives their pieces.
    pub(super) fn push(&mut self, input: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let (mut shown, mut at) = (0, 0);
        while at < input.len() {
            match &mut self.0 {
                At::Value(runner, value) => {
                    let end = line_end(input, at);
                    value.extend(&input[at..end.min(at + LONGEST - value.len())]);
                    (shown, at) = (end, end);
                    if end < input.len() {
                        take(Piece::Value(decoded(value), value, *runner));
                        self.0 = At::Line;
                    }
                }
                At::Properties(kind, properties) => {
                    let byte = input[at];
                    let runner = kind.ends(properties, byte);
                    properties.push(byte);
                    if let Some(runner) = runner {
                        at += 1;
                        take(Piece::Text(&input[shown..at]));
                        (self.0, shown) = (At::Value(runner, Buffer::new()), at);
                    } else if matches!(byte, b'\n' | b'\r' | b']') && *kind != CommandKind::Colons
                        || !kind.may_follow(properties)
                        || properties.len() == PROPERTIES
                    {
                        self.0 = At::Line;
                    } else {
                        at += 1;
                    }
                }
                At::Beginning(known) => {
                    let byte = input[at];
                    if *known == 0 && matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                        at += 1;
                    } else if !byte.eq_ignore_ascii_case(&COLONS[*known]) {
                        self.0 = At::Line;
                    } else {
                        at += 1;
                        *known += 1;
                        if *known == COLONS.len() {
                            self.0 = At::Properties(CommandKind::Colons, Buffer::new());
                        }
                    }
                }
                At::Line => {
                    at = memchr3(b'\n', b'\r', b'#', &input[at..]).map_or(input.len(), |found| at + found);
                    match input.get(at) {
                        Some(b'#') => self.0 = HASH,
                        Some(_) => (self.0, at) = (At::Beginning(0), at + 1),
                        None => {}
                    }
                }
                At::Hash(known, alive) => {
                    let byte = input[at];
                    let before = *alive;
                    for (number, command) in BRACKETS.iter().enumerate() {
                        if command.get(*known).is_none_or(|expected| !expected.eq_ignore_ascii_case(&byte)) {
                            *alive &= !(1 << number);
                        }
                    }
                    if *alive == 0 && (*known, byte) == (2, b'#') {
                        // The last two of them may begin it.
                        (*alive, at) = (before, at + 1);
                        continue;
                    }
                    if *alive == 0 {
                        self.0 = if byte == b'#' { HASH } else { At::Line };
                        continue;
                    }
                    at += 1;
                    *known += 1;
                    let is_complete =
                        |(number, command): (usize, &&[u8])| *alive & 1 << number != 0 && command.len() == *known;
                    if let Some(number) = BRACKETS.iter().enumerate().position(is_complete) {
                        let kind = match number {
                            0 => CommandKind::Bracket(Runner::GitHub),
                            1 => CommandKind::Bracket(Runner::AzurePipelines),
                            _ => CommandKind::Variable,
                        };
                        self.0 = At::Properties(kind, Buffer::new());
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
        if let At::Value(runner, value) = &self.0 {
            take(Piece::Value(decoded(value), value, *runner));
        }
        self.0 = At::Beginning(0);
    }
}

impl CommandKind {
    /// Whose value follows, if the properties end with this byte.
    fn ends(self, properties: &[u8], byte: u8) -> Option<Runner> {
        match (self, byte) {
            (Self::Colons, b':') if properties.last() == Some(&b':') => Some(Runner::GitHub),
            (Self::Bracket(runner), b']') => Some(runner),
            (Self::Variable, b']') if is_secret(properties) => Some(Runner::AzurePipelines),
            _ => None,
        }
    }

    /// Whether properties may begin so, and go on.
    fn may_follow(self, properties: &[u8]) -> bool {
        let is_line = !matches!(properties.last(), Some(b'\n' | b'\r'));
        is_line && (self != Self::Colons || matches!(properties.first(), Some(b':' | b' ')) && !is_other(properties))
    }
}

/// Whether what begins with a colon goes on with something else: then it is no end, and nothing else may be.
fn is_other(properties: &[u8]) -> bool {
    matches!(properties, [b':', other, ..] if *other != b':')
}

/// Where a line ends: at its line break, or at a carriage return.
fn line_end(input: &[u8], at: usize) -> usize {
    memchr2(b'\n', b'\r', &input[at..]).map_or(input.len(), |found| at + found)
}

/// Whether a variable's properties say that it is a secret.
fn is_secret(properties: &[u8]) -> bool {
    let mut properties = properties.split(|byte| matches!(byte, b';' | b' '));
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
            Piece::Value(value, ..) => {
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
            ("::add-mask a=b,c=d::abc\n", "::add-mask a=b,c=d::***\n", &["abc"]),
            ("::add\r::Add-Mask::a\r::add-mask::b", "::add\r::Add-Mask::***\r::add-mask::***", &["a", "b"]),
            (
                "::add-mask:x::y\n::add-masks::z\n::add-mask x\n:: y\n",
                "::add-mask:x::y\n::add-masks::z\n::add-mask x\n:: y\n",
                &[],
            ),
            ("::add-mask::::a", "::add-mask::***", &["::a"]),
            ("x ###[add-mask]y\n", "x ###[add-mask]***\n", &["y"]),
            ("# ##[ad ##[add-mask a=b]y\n", "# ##[ad ##[add-mask a=b]***\n", &["y"]),
            ("##v##[add##vso[task.setsecret]y", "##v##[add##vso[task.setsecret]***", &["y"]),
            ("::add-ma##[add-mask]x", "::add-ma##[add-mask]***", &["x"]),
            ("a ##vso[task.setsecret]b\n", "a ##vso[task.setsecret]***\n", &["b"]),
            (
                "##vso[task.setvariable variable=a\n##vso[task.setvariable issecret=true;variable=b]c",
                "##vso[task.setvariable variable=a\n##vso[task.setvariable issecret=true;variable=b]***",
                &["c"],
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

//! Dumps of what programs make of a value, and what can be read in them.

use std::fmt::Write as _;

/// A program that dumps what it gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dump {
    Xxd,
    HexdumpC,
    /// `curl --trace`.
    Trace,
    /// `od -An -tx1`.
    Od,
    /// `xxd -p`.
    Plain,
    /// `od -c`.
    Characters,
}

impl Dump {
    pub(super) const ALL: [Self; 6] = [Self::Xxd, Self::HexdumpC, Self::Trace, Self::Od, Self::Plain, Self::Characters];

    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        let width = if self == Self::Plain { 30 } else { 16 };
        let mut out = String::new();
        for (line, bytes) in bytes.chunks(width).enumerate() {
            let shown: String =
                bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect();
            let at = 16 * line;
            let digits = |before: &str, groups: &[usize]| {
                let mut digits = String::new();
                for (at, byte) in bytes.iter().enumerate() {
                    let gap = if groups.iter().any(|group| at % group == 0) { before } else { "" };
                    write!(digits, "{gap}{byte:02x}").expect("a string");
                }
                digits
            };
            match self {
                Self::Xxd => writeln!(out, "{at:08x}:{:40}  {shown}", digits(" ", &[2])),
                Self::HexdumpC => {
                    let digits = digits(" ", &[1]);
                    let (first, second) = digits.split_at(digits.len().min(24));
                    writeln!(out, "{at:08x} {first:24} {second:24}  |{shown}|")
                }
                Self::Trace => writeln!(out, "{at:04x}:{:48} {shown}", digits(" ", &[1])),
                Self::Od => writeln!(out, "{}", digits(" ", &[1])),
                Self::Plain => writeln!(out, "{}", digits("", &[1])),
                Self::Characters => {
                    write!(out, "{at:07o}").expect("a string");
                    for byte in bytes {
                        match byte {
                            b'\n' => out.push_str("  \\n"),
                            b'\r' => out.push_str("  \\r"),
                            0 => out.push_str("  \\0"),
                            b' '..=b'~' => write!(out, "   {}", char::from(*byte)).expect("a string"),
                            _ => write!(out, " {byte:03o}").expect("a string"),
                        }
                    }
                    writeln!(out)
                }
            }
            .expect("a string");
        }
        out.into_bytes()
    }

    /// The bytes that can be read in masked lines: those of the digits, and those beside them. Stars part them.
    pub(super) fn read(self, masked: &[u8]) -> Vec<Vec<u8>> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for line in String::from_utf8_lossy(masked).lines() {
            let offset = match self {
                Self::Xxd => 9,
                Self::HexdumpC => 8,
                Self::Trace => 5,
                Self::Od | Self::Plain => 0,
                Self::Characters => 7,
            };
            let line = line.get(offset..).unwrap_or_default();
            let (digits, beside) = match self {
                Self::Xxd => line.split_once("  ").unwrap_or((line, "")),
                Self::HexdumpC => line.split_once('|').unwrap_or((line, "")),
                // Where the digits end can't be told, but stars are in their place or not.
                Self::Trace | Self::Od | Self::Plain | Self::Characters => (line, ""),
            };
            second.extend(beside.replace("***", "\u{7}\u{7}\u{7}").bytes());
            if self == Self::Characters {
                let cells = digits.replace("***", "   \u{7}").replace("\\n", " ").into_bytes();
                first.extend(cells.split(|byte| *byte == b' ').filter(|cell| cell.len() == 1).flatten());
                continue;
            }
            for piece in digits.split_inclusive("***") {
                let digits: Vec<u8> = piece.bytes().filter(u8::is_ascii_hexdigit).collect();
                first.extend(
                    digits
                        .chunks_exact(2)
                        .map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).expect("digits")),
                );
                if piece.ends_with("***") {
                    first.push(7);
                }
            }
        }
        [first, second].iter().flat_map(|read| read.split(|byte| *byte == 7)).map(<[u8]>::to_vec).collect()
    }
}

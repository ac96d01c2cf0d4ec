//! References to characters, as in HTML and XML.

use super::{DEPTH, Unit};

/// The longest name or number.
const NAME: usize = 8;

/// Names of references, and what they stand for.
const NAMES: [(&[u8], u8); 38] = [
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"amp", b'&'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"nbsp", b' '),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"midast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"equals", b'='),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"verbar", b'|'),
    (b"rcub", b'}'),
    (b"rbrace", b'}'),
];

/// How the names of letters end that are no ASCII.
const ACCENTS: [&[u8]; 10] =
    [b"acute", b"caron", b"cedil", b"circ", b"grave", b"lig", b"ring", b"slash", b"tilde", b"uml"];

/// `&lt;`, `&#60;`, `&#x3c;`, and `&amp;lt;`, where the `&` was encoded again.
pub(super) fn reference(text: &[u8]) -> Unit {
    let mut at = 1;
    for depth in 0..DEPTH {
        match named(&text[at..]) {
            Unit::More => return Unit::More,
            Unit::Plain if depth == 0 => return Unit::Plain,
            Unit::Coded(length, Some(0x26)) => at += length,
            Unit::Plain => break,
            Unit::Coded(length, character) => return Unit::Coded(at + length, character),
        }
    }
    Unit::Coded(at, Some(0x26))
}

/// What follows the `&` of a reference.
fn named(text: &[u8]) -> Unit {
    let (before, is_name) = match text {
        [b'#', b'x' | b'X', ..] => (2, false),
        [b'#', ..] => (1, false),
        _ => (0, true),
    };
    let name = &text[before..];
    let count = name.iter().take(NAME + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, end) = name.split_at(count);
    let character = match end.first() {
        _ if count > NAME => None,
        None => return Unit::More,
        Some(b';') if is_name => reference_name(name),
        Some(b';') if count > 0 => {
            let base = if before == 2 { 16 } else { 10 };
            name.iter().try_fold(0, |number: u32, byte| {
                number.checked_mul(base)?.checked_add(char::from(*byte).to_digit(base)?)
            })
        }
        Some(_) => None,
    };
    character.map_or(Unit::Plain, |character| Unit::Coded(before + count + 1, Some(character)))
}

/// What a name stands for. Letters with accents are no ASCII, and all alike.
fn reference_name(name: &[u8]) -> Option<u32> {
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, byte)| u32::from(*byte));
    let is_accent = |accent: &&&[u8]| name.ends_with(accent) && (1..3).contains(&(name.len() - accent.len()));
    known.or_else(|| ACCENTS.iter().find(is_accent).map(|_| u32::from(char::REPLACEMENT_CHARACTER)))
}

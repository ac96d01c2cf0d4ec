//! The lines of dumps: an offset, groups of hexadecimal digits, characters in cells.

use std::ops::Range;

use super::super::escape::digit;
use super::APART;

/// The fewest digits of an offset, and the most.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

/// The bytes that `od` and `hexdump` have for a character.
const CELL: usize = 4;

/// The blanks that `od` has for the offset of a line that shows the bytes of the one before in another way.
const BLANK: usize = 7;

/// Whether a line may be one of a dump, by what there is of it.
pub(super) fn may_begin(line: &[u8]) -> bool {
    // Most lines are ruled out by their first bytes.
    let Some(first) = line.first() else { return true };
    if !(first.is_ascii_hexdigit() || b" \t|".contains(first)) {
        return false;
    }
    if *first == b' ' && cells_from(line.split(|byte| *byte == b'\n').next().unwrap_or_default()).is_some() {
        return true;
    }
    let blanks = line.iter().take_while(|byte| b" \t|".contains(byte)).count();
    let rest = &line[blanks..];
    let rest = rest.strip_prefix(b"0x").unwrap_or(rest);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match rest.get(digits) {
        _ if blanks > APART => false,
        None | Some(b'\n' | b'\r') => true,
        Some(b'\t' | b'|') => digits > 0,
        Some(b':') if OFFSET.contains(&digits) => true,
        Some(b':') => digits > 0 && rest.get(digits + 1).is_none_or(|next| *next == b' '),
        Some(b' ') => OFFSET.contains(&digits) || digits == 2,
        Some(_) => false,
    }
}

/// Where the columns of a line begin, and whether there is an offset before them.
pub(super) fn offset(line: &[u8]) -> Option<(usize, bool)> {
    let blanks = line.iter().take_while(|byte| b" \t|".contains(byte)).count();
    let prefix = blanks + if line[blanks..].starts_with(b"0x") { 2 } else { 0 };
    let digits = line[prefix..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end = prefix + digits;
    if digits == 2 && prefix == blanks {
        return Some((blanks, false));
    }
    let colon = usize::from(line.get(end) == Some(&b':'));
    if digits > 0
        && line[prefix..end].iter().all(u8::is_ascii_digit)
        && (matches!(line.get(end), Some(b'\t' | b'|')) || digits < *OFFSET.start() && line[end..].starts_with(b": "))
    {
        return Some((end + 1, true));
    }
    (OFFSET.contains(&digits) && line.get(end + colon) == Some(&b' ')).then_some((end + colon, true))
}

/// Where the groups of digits end that begin at a place of a line.
pub(super) fn groups(line: &[u8], from: usize) -> usize {
    let (mut size, mut count, mut end, mut gap) = (0, 0, from, 0);
    loop {
        let blanks = line[end..].iter().take_while(|byte| **byte == b' ').count();
        // A wider gap is before the first group, or in the middle, unless pairs are as far apart as characters are.
        if count == 1 && (blanks == 1 || blanks == 2) {
            gap = blanks;
        }
        if count > 0 && (blanks == 0 || blanks != gap.max(1) && !(blanks == 2 && count == 8)) {
            return end;
        }
        let group = &line[end + blanks..];
        let digits = group.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let is_last = matches!(group.get(digits), None | Some(b'\n' | b'\r')) || group[digits..].starts_with(b"  ");
        let is_group = if size == 0 { [2, 4, 8].contains(&digits) } else { digits == size || is_last && digits < size };
        if digits == 0
            || digits % 2 != 0
            || !is_group
            || !matches!(group.get(digits), None | Some(b' ' | b'\n' | b'\r'))
        {
            return end;
        }
        size = size.max(digits);
        count += digits / 2;
        end += blanks + digits;
    }
}

/// The bytes that digits stand for, and where each pair begins.
pub(super) fn pairs(digits: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut digits = digits.iter().enumerate().filter_map(|(at, byte)| Some((at, digit(*byte)?)));
    std::iter::from_fn(move || {
        let ((at, high), (_, low)) = (digits.next()?, digits.next()?);
        Some((at, u8::try_from(high << 4 | low).expect("internal error: two digits")))
    })
}

/// Whether a line is nothing but pairs of digits.
pub(super) fn is_plain(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    !line.is_empty() && line.len().is_multiple_of(2) && line.iter().all(u8::is_ascii_hexdigit)
}

/// Where the characters of bytes begin that stand beside them, behind a place of the line.
pub(super) fn beside(line: &[u8], from: usize, bytes: &[u8]) -> Option<usize> {
    let last = line.len().checked_sub(bytes.len())?;
    let is_shown = |(byte, shown): (&u8, &u8)| byte == shown || !matches!(byte, b' '..=b'~');
    (from..=last).rev().find(|at| bytes.iter().zip(&line[*at..]).all(is_shown))
}

/// Where the cells of four bytes begin in a line that has nothing else, as in `od -c`; the last one may be incomplete.
fn cells_from(line: &[u8]) -> Option<usize> {
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    let first = line[blanks..].iter().take(CELL).take_while(|byte| byte.is_ascii_graphic()).count();
    let from = (blanks + first) % CELL;
    let is_blank = |cell: &[u8]| cell.iter().all(|byte| *byte == b' ');
    let is_cell = |cell: &[u8]| {
        let blanks = cell.iter().take_while(|byte| **byte == b' ').count();
        is_blank(cell) || blanks > 0 && cell[blanks..].iter().all(u8::is_ascii_graphic)
    };
    (blanks > 0 && is_blank(&line[..from.min(blanks)]) && line[from..].chunks(CELL).all(is_cell)).then_some(from)
}

/// The bytes of a line in which each has a cell, and where they stand.
pub(super) fn cells(line: &[u8]) -> Option<impl Iterator<Item = (Range<usize>, u8)> + '_> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut from = cells_from(line)?;
    // Where other lines have their offset.
    if from == BLANK % CELL && line.starts_with(&[b' '; BLANK]) {
        from = BLANK;
    }
    let cells = line[from..].chunks_exact(CELL);
    let is_whole = cells.remainder().is_empty() && line[from..].iter().any(|byte| *byte != b' ');
    is_whole.then(|| {
        cells.enumerate().map(move |(at, cell)| {
            let end = from + CELL * (at + 1);
            let shown = cell.trim_ascii_start();
            (end - shown.len().max(1)..end, cell_byte(shown))
        })
    })
}

/// The byte that a cell shows; a zero for one that is none of text.
fn cell_byte(shown: &[u8]) -> u8 {
    match shown {
        [] | b"sp" => b' ',
        [byte] => *byte,
        b"\\n" | b"nl" => b'\n',
        b"\\r" | b"cr" => b'\r',
        b"\\t" | b"ht" => b'\t',
        b"033" | b"esc" => 0x1b,
        _ => 0,
    }
}

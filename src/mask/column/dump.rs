//! The lines of dumps: an offset, groups of hexadecimal digits, characters in cells.

use super::APART;

/// The fewest digits of an offset, and the most.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

/// The bytes that `od` and `hexdump` have for a character.
const CELL: usize = 4;

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
        None => digits <= *OFFSET.end(),
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

/// The single characters of a line in which each has a cell.
pub(super) fn cells(line: &[u8]) -> Option<impl Iterator<Item = (usize, u8)> + '_> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let from = cells_from(line)?;
    let cells = line[from..].chunks_exact(CELL);
    let is_whole = cells.remainder().is_empty() && line[from..].iter().any(|byte| *byte != b' ');
    is_whole.then(|| {
        let single = cells.enumerate().filter(|(_, cell)| cell[2] == b' ' && cell[3].is_ascii_alphanumeric());
        single.map(move |(at, cell)| (from + CELL * at + 3, cell[3]))
    })
}

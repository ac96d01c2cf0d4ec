//! The laws of masks, for any values and any text.

use std::sync::Arc;

use credflow::mask::{Masker, Masks};
use credflow::secret::Secret;

/// What stands between the values and the text that [`mask`] gets, and is in no UTF-8.
pub(crate) const BETWEEN: u8 = 0xff;

/// So many bytes of any output are held at most.
const HELD: usize = 128 << 10;

/// Up to three values and a text: however the text is cut, its masks are the same, nothing of it is held without bound, a
/// value doesn't stand in it any more, and nothing else is changed.
pub(crate) fn mask(data: &[u8]) {
    let mut values: Vec<&[u8]> = data.splitn(4, |byte| *byte == BETWEEN).collect();
    let text = values.pop().unwrap_or_default();
    let masks = masks_of(&values);
    let whole = masks.mask(text);
    let mut cuts = Cuts::of(data);
    assert!(stream(&masks, text, || 1).0 == whole, "cut into single bytes");
    let widest = [3, 17, 300][cuts.next(3)];
    assert!(stream(&masks, text, || cuts.next(widest)).0 == whole, "cut into pieces of {widest} bytes at most");
    // Each piece between the stars is one of the text's, in the same order.
    if !text.contains(&b'*') {
        assert!(is_starred(text, &whole), "something else was changed");
    }
    for value in &values {
        let value = value.trim_ascii();
        let is_common =
            str::from_utf8(value).map_or(value.len() < 4, |value| Secret::new(value.to_owned()).is_common());
        assert!(is_common || value.contains(&b'*') || !has(&whole, value), "a value is left");
    }
    // Values don't make one another's matches.
    if whole != text && values.len() > 1 {
        assert!(values.iter().any(|value| masks_of(&[value]).mask(text) != text), "changed by no value");
    }
    let random: Vec<u8> = (0..24).map(|_| b"abcdefghijkmnpqrstuvwxyz23456789"[cuts.next(32)]).collect();
    let others = masks_of(&[&random]);
    assert!(others.mask(text) == text, "changed without a value");
    let pausing = paused(&masks, text, &mut cuts);
    // A pause ends a word, and a value whose end isn't known; values of letters and digits alone have no parts.
    let are_plain = values.iter().all(|value| value.len() > 40 && value.iter().all(u8::is_ascii_alphanumeric));
    assert!(!are_plain || whole != text || pausing == text, "changed by pauses");
    if !text.is_empty() && cuts.next(8) == 0 {
        let long = text.repeat((256 << 10) / text.len());
        let (_, held) = stream(&masks, &long, || 4096);
        assert!(held <= HELD, "{held} bytes are held");
    }
}

fn masks_of(values: &[&[u8]]) -> Arc<Masks> {
    let mut masks = Masks::new([]);
    for value in values {
        masks.add(value);
    }
    Arc::new(masks)
}

/// A text that is cut, masked, and how many bytes of it were held at most.
fn stream(masks: &Arc<Masks>, text: &[u8], mut cut: impl FnMut() -> usize) -> (Vec<u8>, usize) {
    let mut masker = Masker::new(Arc::clone(masks));
    let (mut out, mut at, mut held) = (Vec::new(), 0, 0);
    while at < text.len() {
        let end = (at + cut()).min(text.len());
        masker.push(&text[at..end], &mut out);
        held = masker.held().max(held);
        at = end;
    }
    masker.finish(&mut out);
    (out, held)
}

/// A text that comes with pauses.
fn paused(masks: &Arc<Masks>, text: &[u8], cuts: &mut Cuts) -> Vec<u8> {
    let mut masker = Masker::new(Arc::clone(masks));
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let end = (at + cuts.next(12)).min(text.len());
        masker.push(&text[at..end], &mut out);
        match cuts.next(4) {
            0 => masker.pause(&mut out),
            1 => {
                masker.silence(&mut out);
                assert_eq!(masker.held(), 0);
            }
            _ => {}
        }
        at = end;
    }
    masker.finish(&mut out);
    out
}

/// Whether an output is a text without stars, in which some of it has become stars.
fn is_starred(text: &[u8], out: &[u8]) -> bool {
    let mut pieces = out.split(|byte| *byte == b'*').filter(|piece| !piece.is_empty());
    if !out.contains(&b'*') {
        return out == text;
    }
    let mut at = 0;
    let is_in_order = pieces.all(|piece| match find(&text[at..], piece) {
        Some(place) => {
            at += place + piece.len();
            true
        }
        None => false,
    });
    let first = out.split(|byte| *byte == b'*').next().unwrap_or_default();
    let last = out.rsplit(|byte| *byte == b'*').next().unwrap_or_default();
    is_in_order && text.starts_with(first) && text.ends_with(last)
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    text.windows(piece.len()).position(|window| window == piece)
}

fn has(text: &[u8], piece: &[u8]) -> bool {
    find(text, piece).is_some()
}

/// Numbers that depend on some bytes alone.
struct Cuts(u64);

impl Cuts {
    fn of(data: &[u8]) -> Self {
        Self(
            data.iter()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    /// One below a bound.
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 40).expect("24 bits") % below
    }
}

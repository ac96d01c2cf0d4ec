//! Base64: a value's own digits at each of the three places where it can stand among the bytes that are encoded.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use zeroize::Zeroizing;

use super::{Form, form};

/// Fewer digits than this are too common to be masked. A value of four bytes has so many of its own wherever it stands.
const FEW: usize = 4;

pub(super) fn forms(value: &[u8], forms: &mut Vec<Form>) {
    for url in [false, true] {
        // With what padding there may be, and without: the last digit is known where nothing follows.
        let whole = encode(value, 0, url);
        let digits = whole.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
        for length in [digits, whole.len()] {
            if length >= FEW {
                forms.push(part(&whole, 0, length));
            }
        }
        for before in 0..3 {
            let encoded = encode(value, before, url);
            // A digit holds six bits; the value's own are those with no bit before it or behind it.
            let first = (before * 8).div_ceil(6);
            let last = (before + value.len()) * 8 / 6;
            if last >= first + FEW {
                forms.push(part(&encoded, first, last));
            }
        }
    }
}

/// The value with so many bytes before it, encoded.
fn encode(value: &[u8], before: usize, url: bool) -> Form {
    let mut bytes = Zeroizing::new(Vec::with_capacity(before + value.len()));
    bytes.resize(before, 0);
    bytes.extend_from_slice(value);
    let mut encoded = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    let engine = if url { &BASE64_URL_SAFE } else { &BASE64_STANDARD };
    let length = engine.encode_slice(&bytes[..], &mut encoded).expect("internal error: three bytes are four digits");
    encoded.truncate(length);
    encoded
}

fn part(encoded: &[u8], first: usize, last: usize) -> Form {
    let mut part = form(last - first);
    part.extend_from_slice(&encoded[first..last]);
    part
}

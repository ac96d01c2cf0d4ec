//! What encodes a text within a value.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::super::escape::last_unit;
use super::Part;
use super::look::is_certificate;

/// What is shorter in base64 may be anything.
const SHORTEST: usize = 12;

/// What is encoded in base64, in lines or not, if it is a text.
pub(super) fn base64_text(value: &[u8]) -> Option<Part> {
    const ANY: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [GeneralPurpose::new(&STANDARD, ANY), GeneralPurpose::new(&URL_SAFE, ANY)];
    let mut digits = Zeroizing::new(Vec::with_capacity(value.len()));
    digits.extend(value.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    let digits = digits.trim_ascii();
    if digits.len() < SHORTEST || is_certificate(digits) {
        return None;
    }
    let text = engines.iter().find_map(|engine| engine.decode(digits).ok()).map(Zeroizing::new)?;
    let is_text =
        str::from_utf8(&text).is_ok_and(|text| text.chars().all(|char| !char.is_control() || char.is_whitespace()));
    is_text.then_some(text)
}

/// Whether a text is a JWT.
pub(super) fn is_jwt(text: &[u8]) -> bool {
    let is_digits = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut parts = text.split(|byte| *byte == b'.');
    // Two objects of JSON, and the signature.
    text.starts_with(b"eyJ")
        && parts.by_ref().take(3).filter(|part| is_digits(part)).count() == 3
        && parts.next().is_none()
        && text.split(|byte| *byte == b'.').nth(1).is_some_and(|payload| payload.starts_with(b"eyJ"))
}

/// A value in which a closing quote or brace is doubled, with single ones.
pub(super) fn undoubled(value: &[u8]) -> Option<Part> {
    let is_doubled = |at: usize| matches!(value[at], b'"' | b'\'' | b'}') && value.get(at + 1) == Some(&value[at]);
    let mut single = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut at = 0;
    while at < value.len() {
        single.push(value[at]);
        at += if is_doubled(at) { 2 } else { 1 };
    }
    (single.len() < value.len()).then_some(single)
}

/// A text with its percent-encoding decoded.
pub(super) fn percent_decoded(text: &[u8]) -> Part {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut at = 0;
    while at < text.len() {
        let code = if text[at] == b'%' { last_unit(&text[..text.len().min(at + 3)], at) } else { (1, None) };
        match code {
            (3, Some(byte)) => decoded.push(u8::try_from(byte).unwrap_or(b'?')),
            _ => decoded.push(text[at]),
        }
        at += if code.0 == 3 { 3 } else { 1 };
    }
    decoded
}

//! What is sent to a terminal for itself.

use super::Unit;

/// The longest sequence of a terminal with parameters.
const CONTROL: usize = 64;

/// The longest string that a terminal is sent, as for a window's title or a link.
const STRING: usize = 2048;

/// What a terminal takes for itself.
pub(super) fn control(text: &[u8]) -> Unit {
    match text.get(1) {
        None => Unit::More,
        Some(b'[') => {
            let parameters = text[2..].iter().take(CONTROL).take_while(|byte| (0x20..0x40).contains(*byte)).count();
            match text.get(2 + parameters) {
                _ if parameters == CONTROL => Unit::Plain,
                None => Unit::More,
                Some(0x40..=0x7e) => Unit::Coded(parameters + 3, None),
                Some(_) => Unit::Plain,
            }
        }
        Some(b']' | b'P' | b'_' | b'^') => {
            let string = &text[2..text.len().min(STRING)];
            match string.iter().position(|byte| matches!(byte, 7 | 0x1b)) {
                Some(at) if string[at] == 7 => Unit::Coded(at + 3, None),
                Some(at) => match text.get(at + 3) {
                    None => Unit::More,
                    Some(b'\\') => Unit::Coded(at + 4, None),
                    Some(_) => Unit::Coded(at + 2, None),
                },
                None if text.len() < STRING => Unit::More,
                None => Unit::Plain,
            }
        }
        Some(b'(' | b')') if text.len() < 3 => Unit::More,
        Some(b'(' | b')') => Unit::Coded(3, None),
        Some(0x30..=0x7e) => Unit::Coded(2, None),
        Some(_) => Unit::Plain,
    }
}

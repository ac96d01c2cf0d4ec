//! Masking: a secret value that a step prints is replaced before anybody sees it.
//!
//! The output is normalised, not the value. A value is looked for as it is, and in a view of the output in which units
//! are decoded and all but letters and digits is dropped: there it looks the same however it was quoted, escaped, folded
//! or coloured, and digits of base64 and hexadecimal are further patterns. What dumps print in columns has views of its
//! own. Every byte from a match's first character to its last is covered, matches that touch are one, and each run of
//! covered bytes becomes `***`. So the result depends on the bytes alone, and not on how they come.
//!
//! A table of seeds tells where to compare. Long values are decided by their first characters and followed from there
//! for as long as the output agrees, which bounds what is held back and covers values that were cut off as well.
//!
//! Memory that held a value, a part or form of one, its characters, signs or seeds, is wiped before it is given back,
//! also where it grew; so is output that is held, its view, and the line of a command. Not wiped are numbers: lengths,
//! places, and how a value repeats itself; nor the stack, and the memory of whoever takes the masked output.

mod buffer;
mod column;
mod command;
mod cover;
mod edge;
mod escape;
mod fit;
mod form;
mod gap;
mod known;
#[cfg(test)]
mod law;
mod masker;
mod masks;
mod matcher;
mod parts;
mod pattern;
mod runner;
mod seed;
mod set;
mod stream;
mod tail;
mod track;
mod value;
mod view;
mod word;

pub use masker::{Masker, OutputMasker, Revealed};
pub use masks::Masks;
pub use runner::{Listener, Runner};
pub use set::MaskSet;

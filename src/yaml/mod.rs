//! YAML as text and as meaning at once.
//!
//! A [`Tree`] is the parser's events with the places that they came from: aliases are held as aliases, nothing is
//! converted, and the bytes stay those of the file. [`Rewrite`] replaces whole scalar tokens in them.

mod locate;
mod merge;
mod quote;
mod read;
mod reader;
mod rewrite;
mod slip;
mod tag;
mod tree;

pub use locate::Locator;
pub use merge::{Entry, MAX_MERGED, Merged};
pub use quote::quoted;
pub use read::MAX_SCALAR;
pub use reader::{MAX_ALIASED, Reader, listed, shorten};
pub use rewrite::{Rewrite, RewriteError};
pub use tree::{Kind, MAX_DEPTH, NodeId, Style, Tree};

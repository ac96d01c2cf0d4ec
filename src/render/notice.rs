//! What masked output begins with where its format has comments, so that nobody takes the stars for values.

/// A comment of YAML, shells, and files of variables.
pub(super) const NOTICE: &str = "# masked: *** stands for each value; `credflow render --reveal` writes them";

//! What stands around a client secret and doesn't belong to it.

use crate::secret::Secret;

/// What stands around a client secret that Entra ID refuses. No secret that it makes begins or ends so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spoilt {
    /// U+FEFF before it.
    #[error("begins with a byte-order mark (U+FEFF)")]
    Mark,
    /// Quotes around it.
    #[error("stands in quotes")]
    Quotes,
    /// Spaces, tabs or line breaks around it.
    #[error("has blanks around it")]
    Blanks,
}

impl Spoilt {
    /// What is odd about a secret.
    pub(in crate::store) fn of(secret: &Secret) -> Option<Self> {
        let text = secret.expose();
        let is_quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        if text.starts_with('\u{feff}') {
            Some(Self::Mark)
        } else if text.trim() != text {
            Some(Self::Blanks)
        } else {
            (is_quoted('"') || is_quoted('\'')).then_some(Self::Quotes)
        }
    }
}

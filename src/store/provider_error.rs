//! Why a secret can't be fetched, in the words of a provider of one's own.

/// What went wrong, as a provider tells it. No value, token or body may be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    code: &'static str,
    message: String,
    remedy: String,
    is_of_store: bool,
    is_transient: bool,
}

impl ProviderError {
    /// What went wrong: a stable name in kebab case, and how the sentence "cannot fetch the secret …: …" ends.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: String::new(), is_of_store: false, is_transient: false }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    /// It is about the store as a whole: it is told once for all secrets.
    #[must_use]
    pub fn of_store(self) -> Self {
        Self { is_of_store: true, ..self }
    }

    /// It may heal, so that it is tried again.
    #[must_use]
    pub fn transient(self) -> Self {
        Self { is_transient: true, ..self }
    }

    /// Its stable name.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it; empty where nobody knows.
    pub fn told_remedy(&self) -> &str {
        &self.remedy
    }

    pub(super) fn is_of_store(&self) -> bool {
        self.is_of_store
    }

    pub(super) fn is_transient(&self) -> bool {
        self.is_transient
    }
}

//! What a provider may be able to do beside fetching.

/// What a provider may be able to do beside fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Capability {
    /// [`Backend::listing`](super::Backend::listing).
    #[error("list its secrets")]
    Listing,
    /// [`Backend::versions`](super::Backend::versions).
    #[error("list the versions of a secret")]
    Versions,
    /// [`Backend::probing`](super::Backend::probing).
    #[error("check its stores")]
    Probing,
}

//! A secret as it was fetched, and lists of secrets and versions.

use std::sync::Arc;

use crate::reference::SecretVersion;
use crate::secret::Secret;

/// A secret as it was fetched.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fetched {
    /// The value.
    pub value: Arc<Secret>,
    /// The version that it is; "latest" is one of them by now.
    pub version: SecretVersion,
    /// When it begins and ceases to be meant for use, in seconds since 1970. The service gives it out all the same.
    pub not_before: Option<i64>,
    /// See `not_before`.
    pub expires: Option<i64>,
    /// Whether it is enabled, where the store says so. A secret that isn't is not given out.
    pub enabled: Option<bool>,
    /// What its owner says that the value is, as it came: `application/x-pkcs12` for a certificate's secret.
    pub content_type: Option<String>,
}

impl Fetched {
    /// A value in a version, of which nothing else is known.
    pub fn new(value: Secret, version: SecretVersion) -> Self {
        Self { value: Arc::new(value), version, not_before: None, expires: None, enabled: None, content_type: None }
    }
}

/// A version of a secret, without its value. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionInfo {
    /// Which one.
    pub version: SecretVersion,
    /// When it was made.
    pub created: Option<i64>,
    /// When it begins to be meant for use.
    pub not_before: Option<i64>,
    /// When it ceases to be.
    pub expires: Option<i64>,
    /// Whether it is given out.
    pub enabled: bool,
}

impl VersionInfo {
    /// A version that is given out, of which nothing else is known.
    pub fn new(version: SecretVersion) -> Self {
        Self { version, created: None, not_before: None, expires: None, enabled: true }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How its provider calls the next one; nothing on the last. A list that names a page twice is an error.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// These, and how the provider calls the next page.
    pub fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next }
    }
}

/// All of it.
impl<T> From<Vec<T>> for Page<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

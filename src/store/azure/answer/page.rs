//! A page of secrets, or of a secret's versions, as Key Vault gives it.

use serde::Deserialize;

use crate::reference::SecretName;
use crate::store::error::FetchError;
use crate::store::fetched::{Page, VersionInfo};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    value: Vec<Item>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    enabled: Option<bool>,
    created: Option<i64>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

/// The names of a page of secrets.
pub(in crate::store) fn names(body: &[u8]) -> Result<Page<SecretName>, FetchError> {
    read(body, |item| item.last().parse().ok())
}

/// A page of versions.
pub(in crate::store) fn versions(body: &[u8]) -> Result<Page<VersionInfo>, FetchError> {
    read(body, |item| {
        let version = item.last().parse().ok()?;
        let Attributes { enabled, created, nbf, exp } = item.attributes;
        Some(VersionInfo { version, created, not_before: nbf, expires: exp, enabled: enabled.unwrap_or(true) })
    })
}

impl Item {
    /// The last part of its address: a name, or a version.
    fn last(&self) -> &str {
        self.id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }
}

fn read<T>(body: &[u8], item: impl Fn(&Item) -> Option<T>) -> Result<Page<T>, FetchError> {
    const WRONG: FetchError = FetchError::Answer("it is not a page of a list");
    let list: List = serde_json::from_slice(body).map_err(|_| WRONG)?;
    let items: Option<Vec<T>> = list.value.iter().map(item).collect();
    Ok(Page { items: items.ok_or(WRONG)?, next: list.next_link.filter(|next| !next.is_empty()) })
}

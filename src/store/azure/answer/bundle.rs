//! A secret as Key Vault gives it: the bundle of Microsoft's REST reference.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::secret::Secret;
use crate::store::error::FetchError;
use crate::store::fetched::Fetched;

#[derive(Deserialize)]
struct Bundle<'b> {
    #[serde(borrow)]
    value: Option<&'b RawValue>,
    id: Option<String>,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

impl Fetched {
    /// Reads the body of a 200.
    ///
    /// # Errors
    /// When it is no bundle with a value and a version. Nothing of the body is in the error.
    pub fn parse(body: &[u8]) -> Result<Self, FetchError> {
        const NOT_A_BUNDLE: FetchError = FetchError::Answer("it is not a secret's JSON");
        let bundle: Bundle<'_> = serde_json::from_slice(body).map_err(|_| NOT_A_BUNDLE)?;
        let value = bundle.value.ok_or(FetchError::Answer("it holds no value"))?;
        let id = bundle.id.ok_or(NOT_A_BUNDLE)?;
        let version = id.rsplit('/').next().and_then(|version| version.parse().ok());
        Ok(Self {
            value: Arc::new(Secret::from_json(value.get()).ok_or(FetchError::Answer("its value is not a text"))?),
            version: version.ok_or(FetchError::Answer("it names no version"))?,
            not_before: bundle.attributes.nbf,
            expires: bundle.attributes.exp,
            enabled: bundle.attributes.enabled,
            content_type: bundle.content_type,
        })
    }
}

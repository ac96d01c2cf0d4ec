//! Key Vault's lists: `GET /secrets` and `GET /secrets/{name}/versions`, page by page.

use url::Url;

use super::answer::page::{names, versions};
use super::vault::Vault;
use crate::reference::SecretName;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::Asked;
use crate::store::fetched::{Page, VersionInfo};
use crate::store::provider::{BoxFuture, Listing, Versions};
use crate::store::retry::Failed;

impl Listing for Vault {
    fn names<'a>(&'a self, page: Option<&'a str>, call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>> {
        Box::pin(async move { self.get(Asked::List, &self.page("secrets", page)?, names, call).await })
    }
}

impl Versions for Vault {
    fn versions<'a>(
        &'a self,
        secret: &'a SecretName,
        page: Option<&'a str>,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Page<VersionInfo>, Failed>> {
        Box::pin(async move {
            let url = self.page(&format!("secrets/{secret}/versions"), page)?;
            self.get(Asked::List, &url, versions, call).await
        })
    }
}

impl Vault {
    /// The address of a page. The vault names that of the next one itself; it leads to the vault, or nowhere.
    fn page(&self, path: &str, page: Option<&str>) -> Result<Url, FetchError> {
        let Some(page) = page else { return Ok(self.path(path)) };
        let url = Url::parse(page).ok().filter(|url| url.origin() == self.properties.url.origin());
        url.ok_or(FetchError::Answer("its next page is another host's"))
    }
}

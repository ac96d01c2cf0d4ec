//! Stores that are served by the emulator in the place of Azure.

use std::sync::Arc;

use super::{Application, Emulator};
use crate::config::{Identity, Proof, SecretSource, Store};

impl Emulator {
    /// Points a store to the vault of its name, with the application of its identity, or the first one there is.
    /// Nothing of Azure is asked from then on. A store without such a vault stays as it is.
    pub fn redirect(&self, store: &mut Store) {
        let Some(vault) = self.world.vaults.iter().find(|it| it.is_called(store.name.as_str())) else {
            return;
        };
        let Some(url) = self.vault_url(vault.name()) else { return };
        let applications = self.applications();
        let is_its_own = |application: &&Application| {
            Some(application.client.as_str()) == store.identity.proof.client()
                && application.tenant == vault.tenant_id()
        };
        let Some(application) = applications.iter().find(is_its_own).or_else(|| applications.first()) else { return };
        store.vault_url = url;
        store.identity = Identity {
            authority: Some(self.authority()),
            tenant: Some(application.tenant.clone()),
            resource: Some(vault.resource().to_owned()),
            proof: Proof::ClientSecret {
                client: application.client.clone(),
                secret: SecretSource::Literal(Arc::clone(application.own_secret())),
            },
        };
        store.ca_file = None;
    }
}

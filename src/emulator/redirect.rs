//! Stores that are served by the emulator in the place of Azure.

use std::sync::Arc;

use super::{Application, Emulator, Permission, Vault};
use crate::config::{AzureVault, Identity, Proof, SecretSource, Store};

impl Emulator {
    /// Points a store to the vault of its name, with the application of its identity: the one that the store names, or
    /// that the machine has, or else the first of the vault's tenant that may read it. Nothing of Azure is asked from
    /// then on. A store without such a vault, or of another provider, stays as it is.
    pub fn redirect(&self, store: &mut Store) {
        let Some(vault) = self.world.vaults.iter().find(|it| it.is_called(store.name.as_str())) else {
            return;
        };
        let Some(url) = self.vault_url(vault.name()) else { return };
        let Some(azure) = store.azure_mut() else { return };
        let Some(application) = self.application_for(azure, vault) else { return };
        azure.url = url;
        azure.identity = Identity {
            authority: Some(self.authority()),
            tenant: Some(application.tenant.clone()),
            resource: Some(vault.resource().to_owned()),
            proof: Proof::ClientSecret {
                client: application.client.clone(),
                secret: SecretSource::Literal(Arc::clone(application.own_secret())),
            },
        };
        azure.ca_file = None;
    }

    fn application_for(&self, azure: &AzureVault, vault: &Vault) -> Option<&Application> {
        let client = match (&azure.identity.proof, azure.identity.proof.client()) {
            (Proof::ManagedIdentity { .. }, None) => self.world.identities.first().map(String::as_str),
            (_, client) => client,
        };
        // A secret is what stands for every proof.
        let usable = |it: &&Application| it.tenant == vault.tenant_id() && !it.client_secret().expose().is_empty();
        let all = || self.applications().iter().filter(usable);
        let is_its_own = |it: &&Application| client.is_some_and(|client| it.client.eq_ignore_ascii_case(client));
        let may_read = |it: &&Application| vault.lets_in(&it.client, Permission::Get);
        all().find(is_its_own).or_else(|| all().find(may_read)).or_else(|| all().next())
    }
}

//! The vaults of a seed.

use std::str::FromStr;
use std::time::Duration;

use super::Context;
use super::application::Named;
use crate::diagnostic::{Code, nearest};
use crate::emulator::{Access, Permission, Role, Vault};
use crate::reference::StoreName;
use crate::yaml::{Entry, Kind, NodeId, shorten};

const KEYS: &[&str] = &[
    "tenant-id",
    "azure-resource",
    "aliases",
    "roles",
    "access-policies",
    "network",
    "settling",
    "recoverable-days",
    "purge-protection",
    "secrets",
];

/// What `network` may be.
const NETWORKS: &[&str] = &["open", "firewall", "private-link"];

/// Whether Key Vault would let a vault be called so.
pub(super) fn is_vault_name(name: &str) -> bool {
    (3..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Context<'_> {
    /// A vault with nothing but secrets.
    pub(super) fn plain_vault(&mut self, entry: Entry) -> Option<Vault> {
        let vault = self.named_vault(entry)?;
        Some(self.secrets(vault, entry.value))
    }

    /// A vault with all its properties.
    pub(super) fn vault(&mut self, entry: Entry, applications: &[Named]) -> Option<Vault> {
        let mut vault = self.named_vault(entry)?;
        if self.reader.tree.is_null(entry.value) {
            return Some(vault);
        }
        let mut network = Access::Allowed;
        let mut deciding: Option<&str> = None;
        for property in self.reader.entries(entry.value, vault.name()) {
            let value = property.value;
            match self.text(property) {
                Some(key @ ("tenant-id" | "azure-resource")) => {
                    let is_tenant = key == "tenant-id";
                    let text = if is_tenant { self.guid(value, key) } else { self.reader.text(value, key) };
                    let Some(text) = text else { continue };
                    vault = if is_tenant { vault.tenant(text) } else { vault.for_resource(text.trim_end_matches('/')) };
                }
                Some("aliases") => {
                    for (item, name) in self.texts(value, "aliases") {
                        let is_host = name.split('.').all(|label| StoreName::from_str(label).is_ok());
                        if is_host {
                            vault = vault.alias(name);
                        } else {
                            let message = format!("`{}` can't be a host's name", shorten(name));
                            self.reader.fault(Code::WrongValue, item, message, "", "");
                        }
                    }
                }
                Some(key @ ("roles" | "access-policies")) => {
                    if deciding.is_some() {
                        let message = "a vault has `roles` or `access-policies`, not both";
                        self.reader.fault(Code::WrongValue, property.key, message, "", "");
                    }
                    deciding = Some(key);
                    vault = self.rights(vault, value, key, applications);
                }
                Some("network") => {
                    network = match self.reader.choice(value, "network", NETWORKS) {
                        Some("firewall") => Access::Firewall,
                        Some("private-link") => Access::PrivateLink,
                        _ => Access::Allowed,
                    };
                }
                Some("settling") => vault = vault.settling(self.duration(value, "settling").unwrap_or(Duration::ZERO)),
                Some("recoverable-days") => {
                    const DAYS: &str = "a number of days from 7 to 90";
                    if let Some(days) = self.within(value, "recoverable-days", DAYS, 7..=90) {
                        vault = vault.recoverable_days(days);
                    }
                }
                Some("purge-protection") => {
                    if self.reader.boolean(value, "purge-protection") == Some(true) {
                        vault = vault.purge_protection();
                    }
                }
                Some("secrets") => vault = self.secrets(vault, value),
                _ => self.reader.unknown(property.key, KEYS, true),
            }
        }
        // A closed network keeps out whoever has a right.
        Some(if network == Access::Allowed { vault } else { vault.access(network) })
    }

    fn named_vault(&mut self, entry: Entry) -> Option<Vault> {
        let name = self.reader.key(entry)?;
        match name.parse::<StoreName>() {
            Ok(_) if self.is_served && !is_vault_name(name) => {
                let message = format!("a vault can't be called `{}`", shorten(name));
                let help = "Key Vault's names have 3 to 24 letters, digits and dashes; what else it is called may stand in `aliases`";
                self.reader.fault(Code::WrongValue, entry.key, message, "", help);
                None
            }
            Ok(_) => Some(Vault::new(name)),
            Err(error) => {
                let message = format!("the vault's name {error}");
                self.reader.fault(Code::WrongValue, entry.key, message, "", "");
                None
            }
        }
    }

    /// Who may do what: for each application a role or a list of permissions.
    fn rights(&mut self, vault: Vault, node: NodeId, key: &str, applications: &[Named]) -> Vault {
        let mut vault = vault.access(if key == "roles" { Access::NoRole } else { Access::NoPolicy });
        for entry in self.reader.entries(node, key) {
            let Some(name) = self.reader.key(entry) else { continue };
            let Some(client) = self.client(applications, entry.key, name) else { continue };
            if key == "roles" {
                let is_list = self.reader.tree.kind(entry.value) == Kind::Sequence;
                let names = if is_list { self.items(entry.value, name) } else { vec![entry.value] };
                for node in names {
                    if let Some(role) = self.one_of(node, "a role", Role::ALL.map(|role| (role.name(), role))) {
                        vault = vault.role(client.as_str(), role);
                    }
                }
                continue;
            }
            let items = self.items(entry.value, name);
            let known = Permission::ALL.map(|permission| (permission.name(), permission));
            let permissions: Vec<Permission> =
                items.into_iter().filter_map(|item| self.one_of(item, "a permission", known)).collect();
            vault = vault.policy(client, &permissions);
        }
        vault
    }

    /// One of some names; case doesn't tell them apart.
    fn one_of<T: Copy, const N: usize>(
        &mut self,
        node: NodeId,
        what: &str,
        known: [(&'static str, T); N],
    ) -> Option<T> {
        let text = self.reader.text(node, what)?;
        let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if found.is_none() {
            let names = known.map(|(name, _)| name);
            let help = match nearest(text, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", names.join(", ")),
            };
            let message = format!("`{}` is not {what} that is known here", shorten(text));
            self.reader.fault(Code::WrongValue, node, message, "", &help);
        }
        found.map(|(_, found)| *found)
    }
}

//! `vaults.yaml`: what the emulator begins with.
//!
//! Either the vaults alone, in each its secrets; or `vaults:` with all of their properties, beside `applications:`,
//! `managed-identities:`, `token-lifetime:` and `faults:`.

mod application;
mod context;
mod dotenv;
mod fault;
mod secret;
mod vault;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Application, Builder, Fault, Vault};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::file::folder;
use crate::source::Source;
use crate::yaml::{Entry, Kind, NodeId, Tree};

use context::Context;

/// What an emulator begins with.
///
/// ```
/// use credflow::emulator::Seed;
/// use credflow::source::Source;
///
/// let seed = Seed::parse(&Source::private("vaults.yaml", "
/// payments:
///   db-password: hunter2
///   signing-key:
///     - { version: 0f1e2d3c4b5a69788796a5b4c3d2e1f0, value: old }
///     - new
/// "))?;
/// assert_eq!(seed.vaults[0].len(), 2);
///
/// let seed = Seed::parse(&Source::private("vaults.yaml", "
/// applications:
///   deploy: { client-id: 11111111-2222-3333-4444-555555555555, client-secrets: [s3cret] }
/// vaults:
///   payments:
///     roles: { deploy: Key Vault Secrets User }
///     secrets: { db-password: hunter2 }
/// faults:
///   - { fault: throttled, count: 3, retry-after: 1 }
/// "))?;
/// assert_eq!(seed.faults.len(), 1);
/// # Ok::<(), credflow::diagnostic::Diagnostics>(())
/// ```
#[derive(Debug, Default)]
pub struct Seed {
    /// The vaults.
    pub vaults: Vec<Vault>,
    /// The applications that may ask for tokens.
    pub applications: Vec<Application>,
    /// The client ids of the machine's own identities, its default one first.
    pub managed_identities: Vec<String>,
    /// How long tokens count, when the file says.
    pub token_lifetime: Option<Duration>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// The keys at the top of the full form.
const KEYS: &[&str] = &["vaults", "applications", "managed-identities", "token-lifetime", "faults"];

impl Seed {
    /// Reads a file. Files that it names are looked for beside it.
    ///
    /// # Errors
    /// When it can't be read, and all faults that are in it.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        Self::of(&source, folder(path), None)
    }

    /// The same for vaults that other clients find: their names are as Key Vault's are. Beside them there are vaults of
    /// these names, which faults may name too.
    ///
    /// # Errors
    /// When it can't be read, and all faults that are in it.
    pub fn read_served(path: &Path, others: &[String]) -> Result<Self, Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        Self::of(&source, folder(path), Some(others))
    }

    /// Reads a text; its source should be a [private](Source::private) one. Files that it names are looked for in the
    /// current folder.
    ///
    /// # Errors
    /// All faults that are in it.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        Self::of(source, Path::new("."), None)
    }

    /// Adds what a dotenv file holds to a vault, which is made when there is none of that name. `DB_PASSWORD` becomes
    /// the secret `db-password`.
    ///
    /// # Errors
    /// When the file can't be read, and all faults that are in it.
    pub fn read_dotenv(&mut self, vault: &str, path: &Path) -> Result<(), Diagnostics> {
        let source = Source::read_private(path).map_err(Diagnostic::from)?;
        dotenv::read(self, vault, &source)
    }

    /// An emulator to be started with all of it.
    pub fn into_builder(self) -> Builder {
        let builder = self.vaults.into_iter().fold(Builder::default(), Builder::vault);
        let builder = self.applications.into_iter().fold(builder, Builder::application);
        let builder = self.managed_identities.into_iter().fold(builder, Builder::managed_identity);
        let builder = self.faults.into_iter().fold(builder, Builder::fault);
        match self.token_lifetime {
            Some(lifetime) => builder.token_lifetime(lifetime),
            None => builder,
        }
    }

    fn of(source: &Arc<Source>, folder: &Path, others: Option<&[String]>) -> Result<Self, Diagnostics> {
        let tree = Tree::read(source)?;
        let mut context = Context::new(&tree, folder);
        context.is_served = others.is_some();
        context.others = others.unwrap_or_default().to_vec();
        let mut seed = Self::default();
        match tree.documents().first() {
            Some(&root) if !tree.is_null(root) => {
                if let Some(&second) = tree.documents().get(1) {
                    let message = "a seed is one document, and here another one begins";
                    context.reader.fault(Code::WrongValue, second, message, "", "put its vaults into the first one");
                }
                seed.fill(&mut context, root);
            }
            _ => {
                let message = format!("{} is empty", source.name());
                let help = "it holds vaults, in each its secrets: `payments: { db-password: hunter2 }`";
                context.reader.faults.push(Diagnostic::error(Code::EmptyFile, message).help(help));
            }
        }
        context.reader.faults.finish(Some(seed)).map(|(seed, _)| seed)
    }

    fn fill(&mut self, context: &mut Context<'_>, root: NodeId) {
        let entries = context.reader.entries(root, "vaults");
        let is_full = entries.iter().any(|entry| context.text(*entry) == Some("vaults"));
        if !is_full {
            for entry in entries {
                if let Some(name @ ("applications" | "managed-identities" | "token-lifetime" | "faults")) =
                    context.text(entry)
                {
                    let message = format!("`{name}` stands beside `vaults`, which isn't there");
                    let help = "put the vaults under `vaults:`, and in each its secrets under `secrets:`";
                    context.reader.fault(Code::MissingKey, entry.key, message, "", help);
                } else if let Some(vault) = context.plain_vault(entry) {
                    self.push(context, entry, vault);
                }
            }
            return;
        }
        // Vaults name applications.
        let of = |context: &Context<'_>, key: &str| entries.iter().copied().find(|it| context.text(*it) == Some(key));
        let applications = of(context, "applications").map_or_else(Vec::new, |it| context.applications(it.value));
        for entry in &entries {
            let value = entry.value;
            match context.text(*entry) {
                Some("vaults") => {
                    for entry in context.reader.entries(value, "vaults") {
                        if let Some(vault) = context.vault(entry, &applications) {
                            self.push(context, entry, vault);
                        }
                    }
                }
                // Those were read before the vaults, these come after: they name vaults.
                Some("applications" | "faults") => {}
                Some("managed-identities") => {
                    let named = context.texts(value, "managed-identities");
                    let ids = named.into_iter().filter_map(|(node, name)| context.client(&applications, node, name));
                    self.managed_identities = ids.collect();
                }
                Some("token-lifetime") => {
                    self.token_lifetime = context.duration(value, "token-lifetime");
                }
                _ => context.reader.unknown(entry.key, KEYS, true),
            }
        }
        self.applications = applications.into_iter().map(|named| named.application).collect();
        if let Some(faults) = of(context, "faults") {
            let mut names = fault::names(&self.vaults);
            names.extend(context.others.iter().map(|name| (name.clone(), name.clone())));
            self.faults = context.faults(faults.value, &names);
        }
    }

    fn push(&mut self, context: &mut Context<'_>, entry: Entry, vault: Vault) {
        if let Some(name) = vault.names().find(|name| self.vaults.iter().any(|other| other.is_called(name))) {
            if name != vault.name() {
                let node = context.alias(entry, name).unwrap_or(entry.key);
                let message = format!("another vault is called `{name}`");
                context.reader.fault(Code::DuplicateName, node, message, "", "case doesn't tell names apart");
                return;
            }
            let message = format!("the vault `{name}` stands twice");
            context.reader.fault(Code::DuplicateKey, entry.key, message, "", "case doesn't tell names apart");
            return;
        }
        self.vaults.push(vault);
    }
}

/// Reads a fault, or a list of them.
pub(super) fn faults(source: &Arc<Source>, vaults: &[Vault]) -> Result<Vec<Fault>, Diagnostics> {
    let tree = Tree::read(source)?;
    let mut context = Context::new(&tree, Path::new("."));
    let vaults = fault::names(vaults);
    let faults = match tree.documents().first() {
        Some(&root) if tree.kind(root) == Kind::Mapping => context.fault(root, &vaults).into_iter().collect(),
        Some(&root) => context.faults(root, &vaults),
        None => Vec::new(),
    };
    context.reader.faults.finish(Some(faults)).map(|(faults, _)| faults)
}

//! An engine with a provider of its own: secrets in a folder, one file for each version.
//!
//! Run it with `cargo run --example provider`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use credflow::config::{Config, OwnSettings, PropertyReader, SecretSource, StoreSchema};
use credflow::mask::Masks;
use credflow::plan;
use credflow::reference::{SecretName, SecretVersion};
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::secret::Secret;
use credflow::source::Source;
use credflow::store::{
    Backend, BoxFuture, Call, Failed, FetchError, Fetched, Listing, Opening, Page, Provider, ProviderError,
    VersionInfo, Versions,
};
use credflow::workflow::Workflow;
use tokio::time::Instant;

const WORKFLOW: &str = "
steps:
  - run: ./migrate.sh
    env: { DB_PASSWORD: $<credential:team/db-password> }
";

/// `provider: folder`.
struct Folders;

/// What its stores have beside what all stores have.
#[derive(Clone, PartialEq)]
struct Settings {
    folder: PathBuf,
    /// What a service would be logged in to with.
    token: Option<SecretSource>,
}

impl StoreSchema for Folders {
    fn provider(&self) -> &'static str {
        "folder"
    }

    fn required_keys(&self) -> &[&str] {
        &["folder"]
    }

    fn optional_keys(&self) -> &[&str] {
        &["token"]
    }

    fn read(&self, properties: &mut PropertyReader<'_, '_>) -> Option<OwnSettings> {
        let token = properties.secret("token");
        let folder = properties.path("folder")?;
        if folder == Path::new("/") {
            properties.fault("folder", "`folder` is the root of the file system", "write the folder of the secrets");
            return None;
        }
        // Where it is named, and not the whole path: plans are compared by it on other machines.
        let address = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some(OwnSettings::new(address, Settings { folder, token }))
    }
}

impl Provider for Folders {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>> {
        Box::pin(async move {
            let settings = opening.store.settings::<Settings>().expect("this provider's own settings").clone();
            // Read when it is needed, and not with the configuration: a plan needs no secret.
            if let Some(token) = &settings.token {
                token.read(opening.call.deadline).await?;
            }
            let open: Arc<dyn Backend> = Arc::new(settings);
            Ok(open)
        })
    }
}

/// An open store: `FOLDER/SECRET/NUMBER` has the value of a version, the secret's name in small letters.
impl Backend for Settings {
    fn fetch<'a>(
        &'a self,
        secret: &'a SecretName,
        version: Option<SecretVersion>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>> {
        let folder = self.of(secret);
        Box::pin(apart(move || {
            let latest = || entries::<u128>(&folder)?.into_iter().max().ok_or(FetchError::NotFound);
            let number = version.map_or_else(latest, |version: SecretVersion| Ok(version.to_bits()))?;
            let value = std::fs::read_to_string(folder.join(number.to_string())).map_err(|error| failure(&error))?;
            Ok(Fetched::new(Secret::new(value), SecretVersion::from_bits(number)))
        }))
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn versions(&self) -> Option<&dyn Versions> {
        Some(self)
    }
}

impl Listing for Settings {
    fn names<'a>(&'a self, _page: Option<&'a str>, _call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>> {
        let folder = self.folder.clone();
        Box::pin(apart(move || Ok(entries::<SecretName>(&folder)?.into())))
    }
}

impl Versions for Settings {
    fn versions<'a>(
        &'a self,
        secret: &'a SecretName,
        _page: Option<&'a str>,
        _call: &'a Call,
    ) -> BoxFuture<'a, Result<Page<VersionInfo>, Failed>> {
        let folder = self.of(secret);
        Box::pin(apart(move || {
            let mut numbers: Vec<u128> = entries(&folder)?;
            numbers.sort_unstable_by(|a, b| b.cmp(a));
            let version = |number| VersionInfo::new(SecretVersion::from_bits(number));
            Ok(numbers.into_iter().map(version).collect::<Vec<_>>().into())
        }))
    }
}

impl Settings {
    /// The folder of a secret. Case doesn't count in names.
    fn of(&self, secret: &SecretName) -> PathBuf {
        self.folder.join(secret.as_str().to_ascii_lowercase())
    }
}

/// Does what may take long, and doesn't hold the runtime up.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, FetchError> + Send + 'static) -> Result<T, Failed> {
    Ok(tokio::task::spawn_blocking(work).await.expect("reading doesn't panic")?)
}

/// The names in a folder that are of that type.
fn entries<T: FromStr>(folder: &Path) -> Result<Vec<T>, FetchError> {
    let entries = std::fs::read_dir(folder).map_err(|error| failure(&error))?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// The error's kind alone: no value is in it, and no path.
fn failure(error: &std::io::Error) -> FetchError {
    match error.kind() {
        std::io::ErrorKind::NotFound => FetchError::NotFound,
        kind => ProviderError::new("folder", format!("the folder can't be read: {kind}"))
            .remedy("correct the permissions of `folder`")
            .of_store()
            .into(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = tempfile::tempdir()?;
    let secret = home.path().join("team/db-password");
    std::fs::create_dir_all(&secret)?;
    std::fs::write(secret.join("1"), "hunter2")?;
    std::fs::write(secret.join("2"), "correct-horse")?;

    // A configuration with faults is told as any other is.
    let schemas: [Arc<dyn StoreSchema>; 1] = [Arc::new(Folders)];
    let parse = |text: String| {
        let name = home.path().join("credflow.yaml").display().to_string();
        Config::parse_with(&Source::private(name, text), &schemas)
    };
    let faults = parse("stores: { team: { provider: folder, foldr: team, vault-url: x } }".to_owned());
    let faults = faults.expect_err("two faults").to_string();
    print!("{}", faults.replace(&*home.path().to_string_lossy(), "HOME"));

    // Plan, resolve, render: as with any store.
    std::fs::write(home.path().join("token"), "let-me-in\n")?;
    let store = "{ provider: folder, folder: team, token: { file: token }, max-concurrency: 2 }";
    let (config, _) = parse(format!("stores: {{ team: {store} }}"))?;
    let (workflow, _) = Workflow::read(&Source::new("migrate.yaml", WORKFLOW))?;
    let planned = workflow.plan(Some(&config))?;
    print!("\n{}", plan::human::write(&planned));
    let resolver = Resolver::new().with_provider(Arc::new(Folders));
    let resolved = resolver.resolve(&planned, ResolveOptions::default()).await?;

    // What there is: case doesn't count in names.
    let call = Call::until(Instant::now() + Duration::from_secs(60));
    let open = resolver.pool().open(&config.stores[0], &call).await?;
    let name: SecretName = "DB-Password".parse()?;
    let (names, versions) = (open.names(&call).await?, open.versions(&name, &call).await?);
    println!("\n{} secret listed; {name} has {} versions", names.len(), versions.len());

    // What a step prints is masked: by the values that were fetched, their fields, and what was needed to fetch them.
    let masks = Masks::new(resolved.safeguards().masked().map(|secret| &**secret));
    let shown = masks.mask(b"logged in with correct-horse\n");
    print!("\n{}", String::from_utf8(shown)?);
    Ok(())
}

//! credflow runs workflows whose steps need secrets from Azure Key Vault, or from [providers](store::Provider) of an engine's own.
//!
//! A workflow says where a secret is, `$<credential:store/secret[/version]>`. credflow finds every reference, plans
//! which secrets are needed, fetches each one once from the vault that the store names, and gives each step exactly
//! the values that it asked for.
//!
//! The stages are types, and each is made from the one before alone, so that none can be skipped:
//!
//! | stage | from | to |
//! |---|---|---|
//! | read | [`source::Source`], or a [`workflow::WorkflowBuilder`] | [`workflow::Workflow`] of [`reference::Template`]s |
//! | plan | a workflow and a [`config::Config`] | [`plan::Plan`] |
//! | resolve | a plan | [`resolve::Resolved`] |
//! | render | resolved values | [`render::FilledWorkflow`] |
//! | run | a filled workflow | [`run::Execution`] |
//!
//! Reading and planning are pure: they need no network and no secret, and find every fault before anything starts. What must
//! be masked and which variables no step gets travels with the values, so that running with the default options is safe.
//!
//! ```
//! use credflow::config::Config;
//! use credflow::resolve::{ResolveOptions, Resolver};
//! use credflow::run::{Event, Options, run};
//! use credflow::source::Source;
//! use credflow::workflow::Workflow;
//!
//! let config = Source::private("credflow.yaml", "
//! stores:
//!   payments:
//!     vault-url: https://payments.vault.azure.net
//!     tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90
//!     client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
//!     client-secret: { env: PAYMENTS_CLIENT_SECRET }
//! ");
//! let workflow = Source::new("deploy.yaml", "
//! steps:
//!   - run: ./migrate.sh
//!     env: { DB_PASSWORD: $<credential:payments/db-password> }
//! ");
//! let (config, _) = Config::parse(&config)?;
//! let (workflow, _) = Workflow::read(&workflow)?;
//! let plan = workflow.plan(Some(&config))?;
//! assert_eq!(plan.fetches()[0].secret.as_str(), "db-password");
//!
//! # async fn execute(plan: credflow::plan::Plan) -> Result<(), Box<dyn std::error::Error>> {
//! let filled = Resolver::new().resolve(&plan, ResolveOptions::default()).await?.render();
//! let execution = run(filled, Options::default(), Box::new(|event: Event| println!("{event:?}"))).await?;
//! assert!(execution.is_success());
//! # Ok(())
//! # }
//! # Ok::<(), credflow::diagnostic::Diagnostics>(())
//! ```

pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod diagnostic;
mod dotenv;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod event;
#[cfg(feature = "emulator")]
mod file;
pub mod mask;
pub mod place;
pub mod plan;
pub mod reference;
pub mod render;
pub mod resolve;
pub mod run;
pub mod secret;
pub mod source;
pub mod store;
mod trace;
pub mod workflow;
pub mod yaml;

/// The README's Rust blocks, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Those of the page on providers.
#[cfg(doctest)]
#[doc = include_str!("../docs/providers.md")]
struct ProvidersPage;

/// Those of the library's page.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct LibraryPage;

/// Those of the emulator's page.
#[cfg(all(doctest, feature = "emulator"))]
#[doc = include_str!("../docs/emulator.md")]
struct EmulatorPage;

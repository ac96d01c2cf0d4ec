//! The tests of what people and programs see, in one binary: a module for each subject.

// What several subjects share.

mod children;
mod clock;
mod local;
mod project;
mod running;
mod targets;
mod waiting;

mod audit;
mod backends;
mod builder;
mod ceilings;
mod command;
mod emulate;
mod emulator;
mod emulator_discovery;
mod emulator_faults;
mod emulator_secrets;
mod emulator_state;
mod env_files;
mod environments;
mod expressions;
mod fixtures;
mod floors;
mod forms;
mod get;
mod identities;
mod keys;
mod laws;
mod layers;
mod mask;
mod mutation;
mod output;
mod parts;
mod portable;
mod private_files;
mod probe;
mod processes;
mod providers;
mod readers;
mod remedies;
mod resolve;
mod resolver;
mod reveal;
mod run;
mod run_cli;
mod run_command;
mod run_steps;
mod sealed;
mod seen;
mod shown;
mod store;
mod terminal;
mod tls;
mod told;
#[cfg(feature = "tracing")]
mod tracing;
mod unusable;
mod words;
mod yaml;

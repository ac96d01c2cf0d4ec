//! What a workflow will need: each distinct secret once, with everybody who uses it.
//!
//! Planning is pure. It needs the workflow and the configuration, no network and no secret, and gives the same plan
//! for the same input. The writers beside it ([`human`], [`json`], [`yaml`]) show one.

mod build;
mod fetch;
pub mod human;
pub mod json;
mod place;
pub mod yaml;

use std::sync::Arc;

use crate::config::Store;
use crate::source::Source;
use crate::workflow::Workflow;

pub use fetch::{Fetch, FetchId, Use};
pub use place::{BindingPlace, NamedPlace, Section};

/// A workflow whose references are slots for the fetches that answer them.
#[derive(Debug)]
pub struct Plan {
    pub(crate) workflow: Workflow<Slots>,
    pub(crate) fetches: Vec<Fetch>,
    pub(crate) stores: Vec<Store>,
    pub(crate) secret_variables: Vec<String>,
}

/// What a variable is bound to after planning: texts and slots, in order.
#[derive(Debug)]
pub struct Slots(pub(crate) Box<[Slot]>);

/// A part of a value.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Text as it stands.
    Text(Arc<str>),
    /// The value of a fetch, or one of its fields (an index into [`Fetch::fields`]).
    Value(FetchId, Option<u32>),
}

impl Plan {
    /// What must be fetched, in the order of first use.
    pub fn fetches(&self) -> &[Fetch] {
        &self.fetches
    }

    /// The stores that the fetches name, in the order of first use.
    pub fn stores(&self) -> &[Store] {
        &self.stores
    }

    /// The store of a fetch.
    pub fn store(&self, fetch: &Fetch) -> &Store {
        &self.stores[fetch.store as usize]
    }

    /// The variables that hold client secrets of any store of the configuration, used here or not: no step has a use for
    /// them.
    pub fn secret_variables(&self) -> &[String] {
        &self.secret_variables
    }

    /// The workflow that was planned.
    pub fn workflow(&self) -> &Workflow<Slots> {
        &self.workflow
    }

    /// The workflow's file.
    pub fn source(&self) -> &Arc<Source> {
        self.workflow.source()
    }

    /// The same plan with its stores changed, an emulator's address put in for example.
    #[must_use]
    pub fn with_stores(mut self, mut change: impl FnMut(&mut Store)) -> Self {
        self.stores.iter_mut().for_each(&mut change);
        self
    }
}

impl Slots {
    /// Whether a fetched value is in it.
    pub fn is_secret(&self) -> bool {
        self.0.iter().any(|slot| matches!(slot, Slot::Value(..)))
    }

    /// The text of slots that hold no value.
    pub(crate) fn into_text(self) -> Arc<str> {
        let text = |slot| match slot {
            Slot::Text(text) => Some(text),
            Slot::Value(..) => None,
        };
        self.0.into_iter().find_map(text).unwrap_or_else(|| "".into())
    }
}

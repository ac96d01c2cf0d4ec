//! What a workflow will need: each distinct secret once, with everybody who uses it.
//!
//! Planning is pure. It needs the workflow and the configuration, no network and no secret, and gives the same plan
//! for the same input. The writers beside it ([`human`], [`json`], [`yaml`]) show one.
//!
//! A plan has a [`Purpose`]. One for a [`Run`] has what the steps see, so that a variable that every step overrides is
//! neither fetched nor noted. One to [`Render`] the file has every reference: the file holds them all.

mod build;
mod example;
mod fetch;
pub mod human;
pub mod json;
mod portable;
mod purpose;
pub mod yaml;

use std::marker::PhantomData;
use std::sync::Arc;

use crate::config::{Store, StoreProof};
use crate::reference::{EnvironmentName, SecretVersion};
use crate::source::Source;
use crate::workflow::{StepSet, Visibility, Workflow};

pub use crate::place::Place;
pub use crate::workflow::{BindingPlace, Section};
pub use fetch::{Fetch, FetchId, Use};
pub use portable::{PortablePlan, UnreadablePlan};
pub use purpose::{Purpose, Render, Run};

/// A workflow whose references are slots for the fetches that answer them. Clones are the same plan, and cheap.
#[derive(Debug)]
pub struct Plan<P = Run> {
    parts: Arc<Parts>,
    purpose: PhantomData<P>,
}

#[derive(Debug, Clone)]
struct Parts {
    workflow: Workflow<Slots>,
    visibility: Visibility,
    fetches: Vec<Fetch>,
    stores: Vec<Store>,
    proofs: Vec<StoreProof>,
    secret_variables: Vec<String>,
    environment: Option<EnvironmentName>,
}

impl<P> Clone for Plan<P> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), purpose: PhantomData }
    }
}

/// What a variable is bound to after planning: texts and slots, in order.
#[derive(Debug, Clone)]
pub struct Slots(pub(crate) Box<[Slot]>);

/// A part of a value.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    /// Text as it stands.
    Text(Arc<str>),
    /// The value of a fetch, or one of its fields (an index into [`Fetch::fields`]).
    Value(FetchId, Option<u32>),
}

impl<P> Plan<P> {
    /// What must be fetched, in the order of first use.
    pub fn fetches(&self) -> &[Fetch] {
        &self.parts.fetches
    }

    /// The stores that the fetches name, in the order of first use.
    pub fn stores(&self) -> &[Store] {
        &self.parts.stores
    }

    /// The fetch of an id that this plan gave out.
    ///
    /// # Panics
    /// When the id is another plan's, and this one has fewer fetches.
    pub fn fetch(&self, id: FetchId) -> &Fetch {
        &self.parts.fetches[id.index()]
    }

    /// The store of a fetch.
    pub fn store(&self, fetch: &Fetch) -> &Store {
        &self.parts.stores[fetch.store as usize]
    }

    /// The variables that hold client secrets of any store of the configuration, used here or not: no step has a use for
    /// them.
    pub fn secret_variables(&self) -> &[String] {
        &self.parts.secret_variables
    }

    /// What each store of the configuration proves itself by, used here or not: no step may show what proves it.
    pub(crate) fn proofs(&self) -> &[StoreProof] {
        &self.parts.proofs
    }

    /// The environment of the configuration that it was planned for.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        self.parts.environment.as_ref()
    }

    /// The workflow that was planned; of a plan for a [`Run`] without the bindings that no step sees.
    pub fn workflow(&self) -> &Workflow<Slots> {
        &self.parts.workflow
    }

    /// The workflow's file.
    pub fn source(&self) -> &Arc<Source> {
        self.parts.workflow.source()
    }

    /// The planned workflow itself; a copy where the plan has other clones.
    pub(crate) fn into_workflow(self) -> Workflow<Slots> {
        Arc::unwrap_or_clone(self.parts).workflow
    }

    /// The same plan, with the version to fetch of each secret that `version` knows one for and whose reference names none:
    /// all who resolve it get the same "latest".
    #[must_use]
    pub fn pinned(mut self, mut version: impl FnMut(&Fetch) -> Option<SecretVersion>) -> Self {
        for fetch in &mut Arc::make_mut(&mut self.parts).fetches {
            if fetch.version.is_none() {
                fetch.pinned = version(fetch);
            }
        }
        self
    }

    /// The same plan with its stores changed, an emulator's address put in for example. What proves a changed identity is
    /// masked and withheld as well.
    #[must_use]
    pub fn with_stores(mut self, mut change: impl FnMut(&mut Store)) -> Self {
        let Parts { stores, proofs, secret_variables, .. } = Arc::make_mut(&mut self.parts);
        for store in stores {
            change(store);
            let proof = StoreProof::of(&store.kind);
            if !proofs.contains(&proof) {
                secret_variables.extend(proof.variables().into_iter().map(str::to_owned));
                proofs.push(proof);
            }
        }
        self
    }
}

impl<P> Plan<P> {
    /// Who overrides a binding, as `JOB` or `JOB/STEP`.
    fn overridden_in(&self, place: BindingPlace) -> impl Iterator<Item = String> + '_ {
        let document = &self.parts.workflow.documents[place.document as usize];
        self.parts.visibility.hidden(place).iter().map(|(job, step)| document.place(*job, *step).path().to_string())
    }
}

impl<P: Purpose> Plan<P> {
    /// The steps that are given the value of a binding, each by its document and job, from 0, and its number: those that
    /// see it. To [`Render`] the file, a value that no step sees is counted for all steps below its binding.
    pub fn steps(&self, place: BindingPlace) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let document = place.document as usize;
        given::<P>(&self.parts.visibility, place).map(move |(job, step)| {
            let job = job as usize - 1;
            let number = self.parts.workflow.documents[document].jobs[job].steps[step as usize - 1].number;
            (document, job, number as usize)
        })
    }
}

impl Plan<Render> {
    /// Those of the fetches that a run of the workflow needs as well.
    pub fn fetches_of_run(&self) -> impl Iterator<Item = &Fetch> {
        let visibility = Visibility::of(&self.parts.workflow, StepSet::Runnable);
        self.parts.fetches.iter().filter(move |fetch| fetch.uses.iter().any(|used| visibility.is_seen(used.place)))
    }
}

/// The steps that are given the value of a binding, by job and step, from 1.
fn given<P: Purpose>(visibility: &Visibility, place: BindingPlace) -> impl Iterator<Item = (u32, u32)> + '_ {
    let is_for_nobody = P::WHOLE && !visibility.is_seen(place);
    let below = is_for_nobody.then(|| visibility.below(place));
    let seeing = (!is_for_nobody).then(|| visibility.steps(place));
    below.into_iter().flatten().chain(seeing.into_iter().flatten())
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

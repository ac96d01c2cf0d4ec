//! A plan that travels: from where a workflow is submitted to where its steps run.
//!
//! It holds the workflow's text and names: which steps, which secrets in which versions, and of each store its provider and its
//! vault's address, to be compared. It holds no value and no identity. Where it arrives, the configuration of that machine
//! says how stores are reached: a plan from elsewhere can't point an identity at a file, a command or another vault.

mod form;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Fetch, Plan, Purpose, Run};
use crate::config::{Config, Store};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::reference::SecretVersion;
use crate::source::{MAX_BYTES, Source, SourceError, Span};
use crate::workflow::{Step, Workflow};

use form::Form;
pub use form::UnreadablePlan;

/// A plan that can be written down, sent, and made a [`Plan`] again where it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PortablePlan {
    form: Form,
    workflow: Text,
    steps: BTreeSet<StepKey>,
    stores: BTreeMap<String, Vault>,
    fetches: Vec<Wanted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    text: String,
}

/// A step of a text: its job, its number there, and where it stands. Aliases may have one text for several steps, and documents
/// several jobs of one id; all three together are one step's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepKey {
    job: String,
    step: u32,
    at: u32,
}

impl StepKey {
    fn of<V>(job: &str, step: &Step<V>) -> Self {
        Self { job: job.to_owned(), step: step.number, at: step.settings.span.start }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vault {
    provider: String,
    address: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    store: String,
    secret: String,
    /// As the workflow names it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    version: Option<String>,
    /// What "latest" means.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pinned: Option<String>,
}

impl Plan<Run> {
    /// The plan as one that can travel.
    pub fn to_portable(&self) -> PortablePlan {
        let source = self.source();
        let jobs = self.workflow().documents.iter().flat_map(|document| &document.jobs);
        let steps = jobs.flat_map(|job| job.steps.iter().map(|step| StepKey::of(&job.id, step))).collect();
        let stores = self.stores().iter().map(|store| (store.name.to_string(), Vault::of(store)));
        PortablePlan {
            form: Form,
            workflow: Text { name: source.name().to_owned(), text: source.text().to_owned() },
            steps,
            stores: stores.collect(),
            fetches: self.fetches().iter().map(|fetch| self.wanted(fetch)).collect(),
        }
    }

    /// The same for one step, told by the places of its document and job, from 0, and its number: with what that step is given
    /// and nothing else. Nothing when there is no such step.
    pub fn for_step(&self, document: usize, job: usize, number: u32) -> Option<PortablePlan> {
        let body = self.workflow().documents.get(document)?.jobs.get(job)?;
        let step = body.steps.iter().find(|step| step.number == number)?;
        let mut plan = self.to_portable();
        plan.steps = BTreeSet::from([StepKey::of(&body.id, step)]);
        let key = (document, job, number as usize);
        let is_given = |fetch: &&Fetch| fetch.uses.iter().any(|used| self.steps(used.place).any(|step| step == key));
        plan.fetches = self.fetches().iter().filter(is_given).map(|fetch| self.wanted(fetch)).collect();
        plan.stores.retain(|name, _| plan.fetches.iter().any(|wanted| wanted.store == *name));
        Some(plan)
    }
}

impl<P: Purpose> Plan<P> {
    fn wanted(&self, fetch: &Fetch) -> Wanted {
        let version = |version: Option<SecretVersion>| version.map(|version| version.to_string());
        Wanted {
            store: self.store(fetch).name.to_string(),
            secret: fetch.secret.to_string(),
            version: version(fetch.version),
            pinned: version(fetch.pinned),
        }
    }
}

impl PortablePlan {
    /// Reads a plan from its JSON.
    ///
    /// # Errors
    /// When it is none, or one of another version. Nothing of it is in the error.
    pub fn from_json(text: &str) -> Result<Self, UnreadablePlan> {
        // A plan of another form may have other keys, and is told by its form alone.
        #[derive(Deserialize)]
        struct Head {
            form: u32,
        }
        let malformed =
            |error: serde_json::Error| UnreadablePlan::Malformed { line: error.line(), column: error.column().max(1) };
        let Head { form } = serde_json::from_str(text).map_err(malformed)?;
        Form::try_from(form)?;
        serde_json::from_str(text).map_err(malformed)
    }

    /// The plan as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("internal error: texts and numbers are JSON")
    }

    /// The plan again, with the stores of this machine's configuration.
    ///
    /// # Errors
    /// A workflow's text that is larger than a file may be. Every fault of it, every store and credential that this
    /// configuration doesn't have or has otherwise, by name, and steps or versions that can't be.
    pub fn into_plan(self, config: Option<&Config>) -> Result<Plan, Diagnostics> {
        if self.workflow.text.len() > MAX_BYTES {
            let name = format!("the workflow of the plan, {},", printable(&self.workflow.name));
            return Err(Diagnostic::from(SourceError::TooLarge { name }).into());
        }
        let source = Source::new(self.workflow.name.clone(), self.workflow.text.clone());
        let (workflow, _) = Workflow::read(&source)?;
        let mut left = self.steps.clone();
        let workflow = workflow.with_steps(|job, step| left.remove(&StepKey::of(job, step)));
        let mut faults = Faults { source: &source, list: Diagnostics::new() };
        for StepKey { job, step, .. } in left {
            let message =
                format!("the plan names step {step} of the job `{}`, which its workflow doesn't have", printable(&job));
            faults.push(message, "submit the workflow anew", None);
        }
        let plan = match workflow.plan(config) {
            Ok(plan) => plan,
            Err(others) => {
                self.compare_named(config, &mut faults);
                return Err(faults.list.and(others));
            }
        };
        self.compare_stores(&plan, &mut faults);
        let pins = self.compare_fetches(&plan, &mut faults);
        faults.list.finish(Some(()))?;
        let stores = plan.stores().to_vec();
        Ok(plan.pinned(|fetch| pins.get(&Name::of(stores[fetch.store as usize].name.as_str(), fetch)).copied()))
    }

    /// The stores alone, where nothing could be planned.
    fn compare_named(&self, config: Option<&Config>, faults: &mut Faults<'_>) {
        let stores = config.map_or(&[][..], |config| &config.stores);
        for here in stores {
            let name = here.name.as_str();
            let (here, there) = (Vault::of(here), self.stores.get(name));
            if let Some(there) = there.filter(|there| **there != here) {
                faults.push_moved(name, &here, there, None);
            }
        }
    }

    fn compare_stores(&self, plan: &Plan, faults: &mut Faults<'_>) {
        let at = |name: &str| {
            let first = plan.fetches().iter().find(|fetch| plan.store(fetch).name.as_str() == name);
            first.and_then(|fetch| fetch.spans().first().copied())
        };
        for store in plan.stores() {
            let name = store.name.as_str();
            let (here, there) = (Vault::of(store), self.stores.get(name));
            match there {
                Some(there) if *there == here => {}
                Some(there) => faults.push_moved(name, &here, there, at(name)),
                None => faults.push(
                    format!("this machine's configuration names the store `{name}`, which the plan was not made for"),
                    "make the named credentials of both machines the same",
                    at(name),
                ),
            }
        }
    }

    /// What "latest" means, by secret.
    fn compare_fetches(&self, plan: &Plan, faults: &mut Faults<'_>) -> HashMap<Name, SecretVersion> {
        let mut here: BTreeMap<Name, Option<Span>> = plan
            .fetches()
            .iter()
            .map(|fetch| (Name::of(plan.store(fetch).name.as_str(), fetch), fetch.spans().first().copied()))
            .collect();
        let mut pins = HashMap::new();
        for wanted in &self.fetches {
            let name = Name {
                store: wanted.store.clone(),
                secret: wanted.secret.to_ascii_lowercase(),
                version: wanted.version.clone(),
            };
            if here.remove(&name).is_none() {
                let message = format!("the plan was made for {name}, which this machine's configuration does not name");
                faults.push(message, "make the named credentials of both machines the same", None);
                continue;
            }
            match wanted.pinned.as_deref().map(str::parse) {
                None => {}
                Some(Ok(version)) => drop(pins.insert(name, version)),
                Some(Err(error)) => {
                    faults.push(format!("the version of {name} {error}"), "submit the workflow anew", None);
                }
            }
        }
        for (name, span) in here {
            let message = format!("this machine's configuration names {name}, which the plan was not made for");
            faults.push(message, "make the named credentials of both machines the same", span);
        }
        pins
    }
}

impl fmt::Display for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", printable(&self.provider), printable(&self.address))
    }
}

impl Vault {
    fn of(store: &Store) -> Self {
        Self { provider: store.provider().to_owned(), address: store.address().into_owned() }
    }
}

/// A secret, as the workflow and the configuration name it; without regard to case, as vaults do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Name {
    store: String,
    secret: String,
    version: Option<String>,
}

impl Name {
    fn of(store: &str, fetch: &Fetch) -> Self {
        Self {
            store: store.to_owned(),
            secret: fetch.secret.as_str().to_ascii_lowercase(),
            version: fetch.version.map(|version| version.to_string()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", printable(&self.store), printable(&self.secret))?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "/{}", printable(version)))
    }
}

/// What differs between the plan and this machine.
struct Faults<'s> {
    source: &'s Arc<Source>,
    list: Diagnostics,
}

impl Faults<'_> {
    fn push_moved(&mut self, name: &str, here: &Vault, there: &Vault, at: Option<Span>) {
        self.push(
            format!("the store `{name}` is {here}, and {there} where the plan was made"),
            "make the configurations of both machines the same, or submit the workflow with this one's",
            at,
        );
    }

    fn push(&mut self, message: String, help: &str, at: Option<Span>) {
        let fault = Diagnostic::error(Code::PlanDiffers, message).help(help);
        self.list.push(at.into_iter().fold(fault, |fault, span| fault.at(self.source, span, "")));
    }
}

//! From a workflow and a configuration to a plan.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use super::example::example;
use super::fetch::{Fetch, FetchId, Use};
use super::purpose::{Purpose, Run};
use super::{Parts, Plan, Slot, Slots, given};
use crate::config::{Config, Credential, EnvironmentError, Store, StoreProof};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Suggestions};
use crate::reference::{Part, Pointer, Reference, SecretName, SecretVersion, StoreName, Target, Template};
use crate::source::{Source, Span};
use crate::workflow::{BindingPlace, StepSet, Visibility, Workflow};

impl Workflow<Template> {
    /// Plans what the workflow's steps need when they are run. What none of them sees isn't planned: a variable that every
    /// step that could see it overrides, and all that belongs to steps that never run (`if: false`). Without a
    /// configuration only a workflow without references has a plan.
    ///
    /// To write the file with its values, [`plan_for`](Self::plan_for) [`Render`](super::Render).
    ///
    /// # Errors
    /// Every reference to an unknown store or credential, and every use that is out of a credential's scope. References, when
    /// the configuration has environments and none is [chosen](Config::choose).
    pub fn plan(self, config: Option<&Config>) -> Result<Plan, Diagnostics> {
        self.plan_for::<Run>(config)
    }

    /// Plans what the workflow needs for a purpose.
    ///
    /// # Errors
    /// As [`plan`](Self::plan), of what the purpose needs.
    pub fn plan_for<P: Purpose>(self, config: Option<&Config>) -> Result<Plan<P>, Diagnostics> {
        let (workflow, steps) = if P::WHOLE { (self, StepSet::All) } else { (self.seen(), StepSet::Runnable) };
        let visibility = Visibility::of(&workflow, steps);
        let empty = Config::default();
        let mut builder = Builder {
            config: config.unwrap_or(&empty),
            source: Arc::clone(workflow.source()),
            fetches: Vec::new(),
            known: HashMap::new(),
            stores: Vec::new(),
            store_ids: HashMap::new(),
            fields: HashMap::new(),
            scoped: Vec::new(),
            suggestions: Suggestions::default(),
            faults: Diagnostics::new(),
        };
        let example = if config.is_none() { example(&workflow) } else { String::new() };
        let is_chosen = config.map(Config::is_chosen);
        let workflow = workflow.try_map(|place, _, template| {
            let parts = template.into_parts();
            let mut slots = Vec::with_capacity(parts.len());
            for part in parts {
                slots.extend(match (part, &is_chosen) {
                    (Part::Text(text), _) => Some(Slot::Text(text)),
                    (Part::Reference(reference, span), Some(Ok(()))) => builder.answer(place, &reference, span),
                    (Part::Reference(_, span), None) => return Err(no_configuration(&builder.source, span, &example)),
                    (Part::Reference(_, span), Some(Err(error))) => {
                        return Err(no_environment(&builder.source, span, error));
                    }
                });
            }
            Ok(Slots(slots.into()))
        })?;
        for (place, span, credential) in std::mem::take(&mut builder.scoped) {
            builder.check_scope(&workflow, place, span, credential, given::<P>(&visibility, place));
        }
        let Builder { fetches, stores, faults, .. } = builder;
        faults.finish(Some(()))?;
        let proofs: Vec<StoreProof> = config.into_iter().flat_map(Config::proofs).collect();
        let secret_variables = proofs.iter().flat_map(StoreProof::variables).map(str::to_owned).collect();
        let environment = config.and_then(Config::environment).cloned();
        let parts = Parts { workflow, visibility, fetches, stores, proofs, secret_variables, environment };
        Ok(Plan { parts: Arc::new(parts), purpose: PhantomData })
    }
}

fn no_configuration(source: &Arc<Source>, span: Span, example: &str) -> Diagnostic {
    let help = "write `credflow.yaml` beside the workflow or in a folder above, or name one with `--config`; this one would do, \
                with your vault's address:";
    Diagnostic::error(Code::NoConfiguration, "there is no configuration that says where credentials are")
        .at(source, span, "the first reference")
        .help(format!("{help}\n{example}"))
}

fn no_environment(source: &Arc<Source>, span: Span, error: &EnvironmentError) -> Diagnostic {
    Diagnostic::error(Code::NoEnvironment, error.to_string()).at(source, span, "the first reference")
}

struct Builder<'c> {
    config: &'c Config,
    source: Arc<Source>,
    fetches: Vec<Fetch>,
    known: HashMap<(u32, SecretName, Option<SecretVersion>), FetchId>,
    stores: Vec<Store>,
    store_ids: HashMap<StoreName, u32>,
    fields: HashMap<(FetchId, Pointer), u32>,
    /// The uses of credentials whose scopes are yet to be looked at.
    scoped: Vec<(BindingPlace, Span, &'c Credential)>,
    suggestions: Suggestions,
    faults: Diagnostics,
}

impl Builder<'_> {
    /// The slot with the fetch and field that answer one reference; nothing, with a complaint, for one that can't be answered.
    fn answer(&mut self, place: BindingPlace, reference: &Reference, span: Span) -> Option<Slot> {
        let (store, secret, version) = match &reference.target {
            Target::Secret { store, secret, version } => (self.store(store, span)?, secret.clone(), *version),
            Target::Named(name) => {
                let config = self.config;
                let Some(credential) = config.credential(name) else {
                    let names = config.credentials.iter().map(|credential| credential.name.as_str());
                    self.unknown(
                        Code::UnknownCredential,
                        "credential",
                        name.as_str(),
                        &names.collect::<Vec<_>>(),
                        span,
                    );
                    return None;
                };
                self.scoped.push((place, span, credential));
                (self.store(&credential.store, span)?, credential.secret.clone(), credential.version)
            }
        };
        let next = FetchId(u32::try_from(self.fetches.len()).expect("internal error: fewer fetches than bytes"));
        let id = *self.known.entry((store, secret.clone(), version)).or_insert(next);
        if id == next {
            // Most secrets are used once.
            let uses = Vec::with_capacity(1);
            self.fetches.push(Fetch { store, secret, version, pinned: None, fields: Vec::new(), uses });
        }
        let fetch = &mut self.fetches[id.index()];
        let field = reference.pointer.as_ref().map(|pointer| {
            *self.fields.entry((id, pointer.clone())).or_insert_with(|| {
                fetch.fields.push(pointer.clone());
                u32::try_from(fetch.fields.len() - 1).expect("internal error: fewer fields than bytes")
            })
        });
        fetch.uses.push(Use { place, span, field });
        Some(Slot::Value(id, field))
    }

    fn store(&mut self, name: &StoreName, span: Span) -> Option<u32> {
        if let Some(&id) = self.store_ids.get(name) {
            return Some(id);
        }
        let config = self.config;
        let Some(store) = config.store(name) else {
            let names = config.stores.iter().map(|store| store.name.as_str());
            self.unknown(Code::UnknownStore, "store", name.as_str(), &names.collect::<Vec<_>>(), span);
            return None;
        };
        let id = u32::try_from(self.stores.len()).expect("internal error: fewer stores than bytes");
        self.stores.push(store.clone());
        self.store_ids.insert(name.clone(), id);
        Some(id)
    }

    fn unknown(&mut self, code: Code, what: &str, name: &str, known: &[&str], span: Span) {
        let help = match self.suggestions.nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => format!("the configuration has no {what}s"),
            None => format!("the configuration has {}", known.join(", ")),
        };
        let diagnostic =
            Diagnostic::error(code, format!("no {what} is named `{name}`")).at(&self.source, span, "").help(help);
        self.faults.push(diagnostic);
    }

    /// Complains of the first step that would be given the credential and is out of its scope.
    fn check_scope(
        &mut self,
        workflow: &Workflow<Slots>,
        place: BindingPlace,
        span: Span,
        credential: &Credential,
        given: impl Iterator<Item = (u32, u32)>,
    ) {
        let document = &workflow.documents[place.document as usize];
        let mut outside =
            given.map(|(job, step)| document.place(job, step)).filter(|step| !credential.scope.allows(*step));
        if let Some(path) = outside.next() {
            let message = format!("the credential `{}` can't be used in {path}", credential.name);
            let label = if place.step == 0 { "this is for the steps below" } else { "" };
            let help = format!("its scope is {}; bind it in a step within, or widen the scope", credential.scope);
            let diagnostic = Diagnostic::error(Code::OutOfScope, message).at(&self.source, span, label).help(help);
            self.faults.push(diagnostic);
        }
    }
}

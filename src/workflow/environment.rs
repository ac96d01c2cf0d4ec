//! What a step sees: the bindings around it, inner over outer.

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter::once;

use super::place::{BindingPlace, Section};
use super::seen::overridden;
use super::traversal::within;
use super::{Binding, Condition, Document, Job, Step};

/// One variable of a step.
#[derive(Debug)]
pub struct Variable<'w, V> {
    /// The name that the process sees.
    pub name: String,
    /// What is bound to it.
    pub binding: &'w Binding<V>,
}

/// The variable that carries an input: `INPUT_` and the name in capitals, with `_` for what is no letter, digit or `_`. A
/// shell can't read variables with other names.
pub fn input_name(name: &str) -> String {
    let plain = |character: char| if character.is_alphanumeric() { character } else { '_' };
    format!("INPUT_{}", name.chars().map(plain).collect::<String>().to_uppercase())
}

/// A variable that a step itself has.
pub(super) struct OwnVariable<'w, V> {
    /// The name that the process sees.
    pub(super) name: Cow<'w, str>,
    pub(super) section: Section,
    pub(super) index: u32,
    pub(super) binding: &'w Binding<V>,
}

impl<V> Step<V> {
    /// What the step itself binds: `env`, then `with`, then `files`. Of one name, the last counts.
    pub(super) fn variables(&self) -> impl Iterator<Item = OwnVariable<'_, V>> {
        let env = self.env.iter().zip(0..).map(|it| (Section::Env, it));
        let with = self.with.iter().zip(0..).map(|it| (Section::With, it));
        let files = self.files.iter().zip(0..).map(|it| (Section::Files, it));
        env.chain(with).chain(files).map(|(section, (binding, index))| {
            let name = match section {
                Section::With => Cow::Owned(input_name(&binding.name)),
                Section::Env | Section::Files => Cow::Borrowed(&*binding.name),
            };
            OwnVariable { name, section, index, binding }
        })
    }
}

impl<V> Document<V> {
    /// The variables of one step: the document's, the job's, the step's own and its inputs, without those that something
    /// further in overrides. None for a step that never runs: it or its job has `if: false`.
    ///
    /// The variables of the step's `files` aren't among them, nor is what these override: they hold paths that come with
    /// the process.
    pub fn environment<'w>(&'w self, job: &'w Job<V>, step: &'w Step<V>) -> Vec<Variable<'w, V>> {
        if [job.settings.condition, step.settings.condition].contains(&Condition::Never) {
            return Vec::new();
        }
        self.variables(job, step)
    }

    /// Whether a step sees the environment around credflow: as the nearest around it says.
    pub(crate) fn inherits(&self, job: &Job<V>, step: &Step<V>) -> bool {
        let said = [step.settings.inherit_env, job.settings.inherit_env, self.inherit_env];
        said.into_iter().flatten().next().unwrap_or(true)
    }

    /// The same, of a step that never runs as well.
    pub(super) fn variables<'w>(&'w self, job: &'w Job<V>, step: &'w Step<V>) -> Vec<Variable<'w, V>> {
        let outer = BindingPlace::of_document(0);
        let (of_job, of_step) = (BindingPlace { job: 1, ..outer }, BindingPlace { job: 1, step: 1, ..outer });
        let mut hidden = HashSet::new();
        overridden(0, &self.env, once((1, job, once((1, step)))), |place, _| {
            hidden.insert(place);
        });
        let plain = |(place, binding): (_, &'w Binding<V>)| (place, Cow::Borrowed(&*binding.name), binding);
        let around = within(&self.env, outer).chain(within(&job.env, of_job)).map(plain);
        let own = step.variables().filter(|variable| variable.section != Section::Files).map(|variable| {
            let OwnVariable { name, section, index, binding } = variable;
            (BindingPlace { section, index, ..of_step }, name, binding)
        });
        let seen = around.chain(own).filter(|(place, ..)| !hidden.contains(place));
        seen.map(|(_, name, binding)| Variable { name: name.into_owned(), binding }).collect()
    }
}

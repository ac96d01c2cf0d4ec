//! All bindings of a workflow, in one order: the document's, then of each job its own, then of each step `env`, `with` and
//! `files`.

use super::{Binding, BindingPlace, Document, Job, Section, Step, Workflow};

impl<V> Workflow<V> {
    /// The same workflow with other leaves: each binding, where it stands, and what it was bound to, make what it is bound to
    /// from here on. Reading, planning and rendering are this.
    ///
    /// # Errors
    /// The first one of `fill`.
    pub(crate) fn try_map<W, E>(
        self,
        mut fill: impl FnMut(BindingPlace, &Binding<()>, V) -> Result<W, E>,
    ) -> Result<Workflow<W>, E> {
        let documents = (0..).zip(self.documents).map(|(at, document)| document.try_map(at, &mut fill));
        Ok(Workflow { documents: documents.collect::<Result<_, E>>()?, tree: self.tree })
    }

    /// Every binding with its place.
    pub(crate) fn places(&self) -> impl Iterator<Item = (BindingPlace, &Binding<V>)> {
        (0..).zip(&self.documents).flat_map(|(document, body)| {
            let outer = BindingPlace::of_document(document);
            let jobs = (1..).zip(&body.jobs).flat_map(move |(job, body)| {
                let own = BindingPlace { job, ..outer };
                let steps = (1..).zip(&body.steps).flat_map(move |(step, body)| {
                    let [env, with, files] = of_step(own, step);
                    within(&body.env, env).chain(within(&body.with, with)).chain(within(&body.files, files))
                });
                within(&body.env, own).chain(steps)
            });
            within(&body.env, outer).chain(jobs)
        })
    }

    /// Every binding.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding<V>> {
        self.places().map(|(_, binding)| binding)
    }
}

impl<V> Document<V> {
    /// The part of [`Workflow::try_map`] below the document of that number.
    pub(super) fn try_map<W, E>(
        self,
        number: u32,
        fill: &mut impl FnMut(BindingPlace, &Binding<()>, V) -> Result<W, E>,
    ) -> Result<Document<W>, E> {
        let outer = BindingPlace::of_document(number);
        Ok(Document {
            env: each(self.env, outer, fill)?,
            jobs: (1..).zip(self.jobs).map(|(at, job)| job.try_map(at, outer, fill)).collect::<Result<_, E>>()?,
            name: self.name,
            max_parallel: self.max_parallel,
            inherit_env: self.inherit_env,
            language: self.language,
            foreign: self.foreign,
        })
    }
}

impl<V> Job<V> {
    fn try_map<W, E>(
        self,
        number: u32,
        outer: BindingPlace,
        fill: &mut impl FnMut(BindingPlace, &Binding<()>, V) -> Result<W, E>,
    ) -> Result<Job<W>, E> {
        let own = BindingPlace { job: number, ..outer };
        Ok(Job {
            env: each(self.env, own, fill)?,
            steps: (1..).zip(self.steps).map(|(at, step)| step.try_map(at, own, fill)).collect::<Result<_, E>>()?,
            id: self.id,
            name: self.name,
            needs: self.needs,
            foreign: self.foreign,
            settings: self.settings,
        })
    }
}

impl<V> Step<V> {
    fn try_map<W, E>(
        self,
        number: u32,
        job: BindingPlace,
        fill: &mut impl FnMut(BindingPlace, &Binding<()>, V) -> Result<W, E>,
    ) -> Result<Step<W>, E> {
        let [env, with, files] = of_step(job, number);
        Ok(Step {
            env: each(self.env, env, fill)?,
            with: each(self.with, with, fill)?,
            files: each(self.files.into_vec(), files, fill)?.into(),
            number: self.number,
            script: self.script,
            id: self.id,
            name: self.name,
            run: self.run,
            shell: self.shell,
            working_directory: self.working_directory,
            retry: self.retry,
            foreign: self.foreign,
            settings: self.settings,
        })
    }
}

/// The places of the first bindings of a step.
fn of_step(job: BindingPlace, step: u32) -> [BindingPlace; 3] {
    [Section::Env, Section::With, Section::Files].map(|section| BindingPlace { step, section, ..job })
}

fn each<V, W, E>(
    bindings: Vec<Binding<V>>,
    first: BindingPlace,
    fill: &mut impl FnMut(BindingPlace, &Binding<()>, V) -> Result<W, E>,
) -> Result<Vec<Binding<W>>, E> {
    let filled = (0..).zip(bindings).map(|(index, binding)| {
        let (binding, value) = binding.take();
        let value = fill(BindingPlace { index, ..first }, &binding, value)?;
        Ok(binding.with(value))
    });
    filled.collect()
}

impl<V> Binding<V> {
    /// The binding, and what it is bound to.
    fn take(self) -> (Binding<()>, V) {
        (Binding { name: self.name, key: self.key, node: self.node, value: () }, self.value)
    }

    /// The same, bound to something else.
    fn with<W>(self, value: W) -> Binding<W> {
        Binding { name: self.name, key: self.key, node: self.node, value }
    }
}

/// The bindings of one mapping, whose first is at a place.
pub(super) fn within<V>(
    bindings: &[Binding<V>],
    first: BindingPlace,
) -> impl Iterator<Item = (BindingPlace, &Binding<V>)> {
    (0..).zip(bindings).map(move |(index, binding)| (BindingPlace { index, ..first }, binding))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::source::Source;

    #[test]
    fn a_binding_is_met_at_its_place() {
        let text = "env: { A: a, B: b }\njobs:\n  one: { env: { C: c }, steps: [{ run: x, env: { D: d }, with: { e: e }, files: { F: f } }] }\n  \
                    two: { steps: [{ run: x }, { run: x, env: { G: g, H: h } }] }\n---\nsteps: [{ run: x, env: { I: i } }]\n";
        let (workflow, _) = Workflow::read(&Source::new("w.yaml", text)).expect("a workflow");
        let listed: Vec<(BindingPlace, String)> =
            workflow.places().map(|(place, binding)| (place, binding.name.to_string())).collect();
        let names: String = listed.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, "ABCDeFGHI");
        for (place, name) in &listed {
            assert_eq!(*place.binding(&workflow).name, **name);
        }
        let mut met = Vec::new();
        let Ok(_) = workflow.try_map(|place, binding, _| {
            met.push((place, binding.name.to_string()));
            Ok::<_, Infallible>(())
        });
        assert_eq!(met, listed);
    }
}

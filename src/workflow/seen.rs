//! Which steps see which bindings.
//!
//! [`overridden`] is the one rule. A step's environment, what a plan fetches, and whom a value is noted for follow from it.

use std::collections::HashMap;

use super::place::{BindingPlace, Section};
use super::{Binding, Condition, Document, Job, Step, Workflow};

/// Tells of each binding that a step doesn't see because something further in has its name. A job's `env` overrides the
/// document's, a step's `env` both, its `with` these, and its `files` all others. Names are compared as they are written.
///
/// `tell` gets the binding and the step by its job and itself, from 1, in their order. When a whole job overrides a
/// binding of its document, it gets step 0 and none of the job's steps.
pub(super) fn overridden<'w, V: 'w, S: Iterator<Item = (u32, &'w Step<V>)>>(
    document: u32,
    env: &'w [Binding<V>],
    jobs: impl Iterator<Item = (u32, &'w Job<V>, S)>,
    mut tell: impl FnMut(BindingPlace, (u32, u32)),
) {
    let outer = BindingPlace::of_document(document);
    let shared = by_name(env);
    for (number, job, steps) in jobs {
        let within = BindingPlace { job: number, ..outer };
        for name in job.env.iter().map(|binding| &*binding.name) {
            if let Some(&index) = shared.get(name) {
                tell(BindingPlace { index, ..outer }, (number, 0));
            }
        }
        let own = by_name(&job.env);
        for (step, body) in steps {
            let may_repeat = !body.with.is_empty() || !body.files.is_empty();
            if shared.is_empty() && own.is_empty() && !may_repeat {
                continue;
            }
            let mut before = HashMap::new();
            for variable in body.variables() {
                let (section, index) = (variable.section, variable.index);
                let is_first = if may_repeat {
                    let weaker = before.insert(variable.name.clone(), (section, index));
                    if let Some((section, index)) = weaker {
                        tell(BindingPlace { step, section, index, ..within }, (number, step));
                    }
                    weaker.is_none()
                } else {
                    true
                };
                if !is_first {
                    continue;
                }
                if let Some(&index) = own.get(&*variable.name) {
                    tell(BindingPlace { index, ..within }, (number, step));
                } else if let Some(&index) = shared.get(&*variable.name) {
                    tell(BindingPlace { index, ..outer }, (number, step));
                }
            }
        }
    }
}

fn by_name<V>(bindings: &[Binding<V>]) -> HashMap<&str, u32> {
    bindings.iter().map(|binding| &*binding.name).zip(0..).collect()
}

/// Which steps of a workflow count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepSet {
    /// Those that may run: neither they nor their jobs have `if: false`, and no job that theirs depends on has.
    Runnable,
    /// All of them.
    All,
}

/// Which steps of a workflow see which of its bindings. It takes time and memory in proportion to the workflow, however
/// many steps see a binding: what is kept is who doesn't.
#[derive(Debug, Clone)]
pub(crate) struct Visibility {
    documents: Vec<Steps>,
    /// By binding, the steps that don't see it as [`overridden`] tells them.
    hidden: HashMap<BindingPlace, Vec<(u32, u32)>>,
}

/// The steps of a document that count.
#[derive(Debug, Clone)]
struct Steps {
    /// By job, from 1; jobs without steps aren't here.
    jobs: Vec<(u32, Vec<u32>)>,
    count: usize,
}

impl Visibility {
    pub(crate) fn of<V>(workflow: &Workflow<V>, set: StepSet) -> Self {
        let mut hidden: HashMap<BindingPlace, Vec<(u32, u32)>> = HashMap::new();
        let mut documents = Vec::with_capacity(workflow.documents.len());
        for (number, document) in (0..).zip(&workflow.documents) {
            let steps = Steps::of(document, set);
            let jobs = steps.jobs.iter().map(|(job, steps)| {
                let body = &document.jobs[*job as usize - 1];
                (*job, body, steps.iter().map(|step| (*step, &body.steps[*step as usize - 1])))
            });
            overridden(number, &document.env, jobs, |place, step| hidden.entry(place).or_default().push(step));
            documents.push(steps);
        }
        Self { documents, hidden }
    }

    /// The steps that see a binding, by job and step, from 1.
    pub(crate) fn steps(&self, place: BindingPlace) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.all_but(place, self.hidden(place))
    }

    /// All steps below a binding, whether they see it or not.
    pub(crate) fn below(&self, place: BindingPlace) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.all_but(place, &[])
    }

    fn all_but<'v>(&'v self, place: BindingPlace, hidden: &'v [(u32, u32)]) -> impl Iterator<Item = (u32, u32)> + 'v {
        let jobs = &self.documents[place.document as usize].jobs;
        let jobs = one_or_all(jobs, place.job, |(job, _)| *job);
        let shown = |at: &(u32, u32)| hidden.binary_search(at).is_err();
        jobs.iter().filter(move |(job, _)| shown(&(*job, 0))).flat_map(move |(job, steps)| {
            let steps = one_or_all(steps, place.step, |step| *step);
            steps.iter().map(move |step| (*job, *step)).filter(shown)
        })
    }

    pub(crate) fn is_seen(&self, place: BindingPlace) -> bool {
        self.steps(place).next().is_some()
    }

    /// The steps that don't see a binding, as [`overridden`] tells them.
    pub(crate) fn hidden(&self, place: BindingPlace) -> &[(u32, u32)] {
        self.hidden.get(&place).map_or(&[], Vec::as_slice)
    }

    /// How many steps see a binding of a job or document, and of how many, where not all do.
    pub(crate) fn part(&self, place: BindingPlace) -> Option<(usize, usize)> {
        let hidden = self.hidden(place);
        if hidden.is_empty() || place.step > 0 {
            return None;
        }
        let document = &self.documents[place.document as usize];
        let steps_of = |job| one_or_all(&document.jobs, job, |(job, _)| *job).iter().map(|(_, steps)| steps.len());
        let all = if place.job == 0 { document.count } else { steps_of(place.job).sum() };
        let less: usize = hidden.iter().map(|(job, step)| if *step == 0 { steps_of(*job).sum() } else { 1 }).sum();
        Some((all - less, all))
    }
}

/// The one with a number of a sorted list, which may not have it; all of them for 0.
fn one_or_all<T>(list: &[T], number: u32, of: impl Fn(&T) -> u32) -> &[T] {
    if number == 0 {
        return list;
    }
    list.binary_search_by_key(&number, of).map_or(&[], |at| std::slice::from_ref(&list[at]))
}

impl Steps {
    fn of<V>(document: &Document<V>, set: StepSet) -> Self {
        let never = match set {
            StepSet::Runnable => document.never_run(),
            StepSet::All => vec![false; document.jobs.len()],
        };
        let counts = |step: &Step<V>| set == StepSet::All || step.settings.condition != Condition::Never;
        let jobs = (1..).zip(&document.jobs).zip(never).filter(|(_, never)| !never).map(|((number, job), _)| {
            let steps = (1..).zip(&job.steps).filter(|(_, step)| counts(step)).map(|(step, _)| step);
            (number, steps.collect::<Vec<u32>>())
        });
        let jobs: Vec<(u32, Vec<u32>)> = jobs.filter(|(_, steps)| !steps.is_empty()).collect();
        let count = jobs.iter().map(|(_, steps)| steps.len()).sum();
        Self { jobs, count }
    }
}

impl<V> Document<V> {
    /// Which of its jobs never run: those of `if: false`, and those that wait for the success of one that never runs.
    pub(crate) fn never_run(&self) -> Vec<bool> {
        let mut never = vec![false; self.jobs.len()];
        let conditions = || self.jobs.iter().map(|job| job.settings.condition).enumerate();
        let mut found: Vec<usize> = conditions().filter(|(_, is)| *is == Condition::Never).map(|(at, _)| at).collect();
        if found.is_empty() {
            return never;
        }
        let mut dependents = vec![Vec::new(); self.jobs.len()];
        for (at, _) in conditions().filter(|(_, condition)| *condition == Condition::Success) {
            self.jobs[at].needs.iter().for_each(|&need| dependents[need].push(at));
        }
        while let Some(job) = found.pop() {
            if !std::mem::replace(&mut never[job], true) {
                found.extend(&dependents[job]);
            }
        }
        never
    }
}

impl<V> Workflow<V> {
    /// The same workflow without the bindings that no step sees when it is run. Jobs that never run say so themselves
    /// afterwards, so that nothing can start them without their variables.
    pub(crate) fn seen(mut self) -> Self {
        let visibility = Visibility::of(&self, StepSet::Runnable);
        if self.places().all(|(place, _)| visibility.is_seen(place)) {
            return self;
        }
        let keep = |bindings: &mut Vec<Binding<V>>, at: BindingPlace| {
            let mut indices = 0..;
            bindings.retain(|_| {
                let index = indices.next().expect("internal error: an index for each binding");
                visibility.is_seen(BindingPlace { index, ..at })
            });
        };
        for (number, document) in (0..).zip(&mut self.documents) {
            let never = document.never_run();
            let outer = BindingPlace::of_document(number);
            keep(&mut document.env, outer);
            for ((job, body), never) in (1..).zip(&mut document.jobs).zip(never) {
                let within = BindingPlace { job, ..outer };
                keep(&mut body.env, within);
                if never {
                    body.settings.condition = Condition::Never;
                }
                for (step, body) in (1..).zip(&mut body.steps) {
                    let own = BindingPlace { step, ..within };
                    keep(&mut body.env, own);
                    keep(&mut body.with, BindingPlace { section: Section::With, ..own });
                    let mut files = std::mem::take(&mut body.files).into_vec();
                    keep(&mut files, BindingPlace { section: Section::Files, ..own });
                    body.files = files.into();
                }
            }
        }
        self
    }
    /// The same workflow without `files`, and without what no step sees: for those who pass on variables alone.
    #[must_use]
    pub fn without_files(self) -> Self {
        let mut seen = self.seen();
        let steps = seen.documents.iter_mut().flat_map(|document| &mut document.jobs).flat_map(|job| &mut job.steps);
        steps.for_each(|step| step.files = Box::default());
        seen
    }
}

//! `needs`: which job waits for which.

use std::collections::HashMap;

use super::keys::Key;
use super::text::stands_for;
use super::{Document, Job, Language, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Kind, NodeId, shorten};

/// So many rings of jobs are told of.
const MOST_RINGS: usize = 100;

/// So many jobs of a ring are named.
const RING: usize = 8;

/// The names under `needs`: a text or a list of texts.
pub(super) fn names(reader: &mut Reader<'_>, node: NodeId) -> Vec<(String, NodeId)> {
    let tree = reader.tree;
    let items: Vec<NodeId> = match tree.kind(node) {
        Kind::Sequence => tree.children(node).collect(),
        Kind::Mapping => {
            reader.wrong_type(node, "needs", "the name of a job or a list of names");
            return Vec::new();
        }
        _ => vec![node],
    };
    let mut names = Vec::new();
    for item in items {
        let target = tree.resolve(item);
        if !reader.visit(target) {
            break;
        }
        if !stands_for(reader, target, Key::Needs)
            && let Some(name) = reader.text(target, "needs")
        {
            names.push((name.to_owned(), item));
        }
    }
    names
}

/// Turns names into indices, and complains of unknown ones and of jobs that wait for each other.
/// In GitHub's language, ids that differ in capitals alone are the same.
pub(super) fn link<V>(
    reader: &mut Reader<'_>,
    language: Language,
    jobs: &mut [Job<V>],
    needs: &[Vec<(String, NodeId)>],
) {
    let ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
    let index: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let folded: HashMap<String, usize> = match language {
        Language::GitHub => ids.iter().enumerate().map(|(at, id)| (id.to_lowercase(), at)).collect(),
        Language::Credflow => HashMap::new(),
    };
    for (job, needed) in jobs.iter_mut().zip(needs) {
        for (name, node) in needed {
            match index.get(name.as_str()).or_else(|| folded.get(&name.to_lowercase())) {
                Some(&at) if !job.needs.contains(&at) => job.needs.push(at),
                Some(_) => {}
                None => {
                    let message = format!("no job is named `{}`", shorten(name));
                    let help = match reader.nearest(name, ids.iter().map(String::as_str)) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => String::new(),
                    };
                    reader.fault(Code::UnknownNeed, *node, message, "", &help);
                }
            }
        }
    }
    for cycle in cycles(jobs) {
        let name = |at: &usize| shorten(&ids[*at]);
        let mut path: Vec<String> = cycle.iter().take(RING).map(name).collect();
        if cycle.len() > RING {
            path.push(format!("{} more", cycle.len() - RING));
        }
        path.extend(cycle.first().map(name));
        let message = format!("jobs wait for each other: {}", path.join(" needs "));
        let mut diagnostic = Diagnostic::error(Code::NeedCycle, message);
        for &at in &cycle {
            diagnostic = diagnostic.at(reader.tree.source(), jobs[at].settings.span, "");
        }
        reader.faults.push(diagnostic.help("take one of these `needs` away"));
    }
}

impl<V> Document<V> {
    /// Whether some of its jobs may run at once: whether `needs` leaves their order open.
    pub fn has_independent_jobs(&self) -> bool {
        let mut waiting: Vec<usize> = self.jobs.iter().map(|job| job.needs.len()).collect();
        let mut ready: Vec<usize> = (0..waiting.len()).filter(|&at| waiting[at] == 0).collect();
        let mut dependents = vec![Vec::new(); waiting.len()];
        for (at, job) in self.jobs.iter().enumerate() {
            job.needs.iter().for_each(|&need| dependents[need].push(at));
        }
        while let [only] = ready[..] {
            ready.clear();
            for &dependent in &dependents[only] {
                waiting[dependent] -= 1;
                if waiting[dependent] == 0 {
                    ready.push(dependent);
                }
            }
        }
        !ready.is_empty()
    }
}

/// Rings of jobs that wait for each other, each beginning with its first of the file. A job is in one of them at most.
fn cycles<V>(jobs: &[Job<V>]) -> Vec<Vec<usize>> {
    let mut waiting: Vec<usize> = jobs.iter().map(|job| job.needs.len()).collect();
    let mut dependents = vec![Vec::new(); jobs.len()];
    for (at, job) in jobs.iter().enumerate() {
        job.needs.iter().for_each(|&need| dependents[need].push(at));
    }
    let mut ready: Vec<usize> = (0..jobs.len()).filter(|&at| waiting[at] == 0).collect();
    let mut rings = Vec::new();
    loop {
        while let Some(at) = ready.pop() {
            for &dependent in &dependents[at] {
                // One that was taken out of a ring waits for nothing.
                if waiting[dependent] > 0 {
                    waiting[dependent] -= 1;
                    if waiting[dependent] == 0 {
                        ready.push(dependent);
                    }
                }
            }
        }
        match ring(jobs, &waiting) {
            Some(ring) if rings.len() < MOST_RINGS => {
                for &job in &ring {
                    waiting[job] = 0;
                }
                ready.extend(&ring);
                rings.push(ring);
            }
            _ => return rings,
        }
    }
}

/// A ring of jobs that still wait.
fn ring<V>(jobs: &[Job<V>], waiting: &[usize]) -> Option<Vec<usize>> {
    // Whatever still waits is in a ring or behind one; following needs that still wait leads into the ring.
    let mut at = waiting.iter().position(|&count| count > 0)?;
    let mut path: Vec<usize> = Vec::new();
    let mut places = vec![None; jobs.len()];
    loop {
        if let Some(start) = places[at] {
            let mut ring = path.split_off(start);
            let first = ring.iter().enumerate().min_by_key(|&(_, job)| *job).map_or(0, |(place, _)| place);
            ring.rotate_left(first);
            return Some(ring);
        }
        places[at] = Some(path.len());
        path.push(at);
        at = jobs[at].needs.iter().copied().find(|&need| waiting[need] > 0)?;
    }
}

//! Failed fetches as complaints: one for each thing that went wrong, not one for each secret that it hit.

use std::collections::HashMap;

use super::Advise;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Fetch, FetchId, Plan};
use crate::store::FetchError;

/// One complaint for each secret, and one for all secrets of a store that fail for the store's own reason.
pub(super) fn failures<P>(plan: &Plan<P>, failures: &[(FetchId, FetchError)], advise: &Advise) -> Vec<Diagnostic> {
    let mut groups: Vec<(Vec<&Fetch>, &FetchError)> = Vec::new();
    let mut of_stores = HashMap::new();
    for (id, error) in failures {
        let fetch = plan.fetch(*id);
        let next = groups.len();
        let of_store = error.is_of_store().then(|| (fetch.store, error.code(), error.to_string()));
        let at = of_store.map_or(next, |key| *of_stores.entry(key).or_insert(next));
        match groups.get_mut(at) {
            Some((group, _)) => group.push(fetch),
            None => groups.push((vec![fetch], error)),
        }
    }
    groups.into_iter().map(|(group, error)| complaint(plan, &group, error, advise)).collect()
}

fn complaint<P>(plan: &Plan<P>, group: &[&Fetch], error: &FetchError, advise: &Advise) -> Diagnostic {
    let first = group[0];
    let store = plan.store(first);
    let what = match group {
        [one] => format!("the secret `{}` of the store `{}`", one.secret, store.name),
        many => format!("{} secrets of the store `{}`", many.len(), store.name),
    };
    let message = format!("cannot fetch {what}: {error}");
    let mut spans: Vec<_> = group.iter().flat_map(|fetch| fetch.spans()).collect();
    spans.sort_unstable();
    spans.dedup();
    let diagnostic = spans.into_iter().fold(Diagnostic::error(Code::Fetch, message), |diagnostic, span| {
        diagnostic.at(plan.source(), span, error.code())
    });
    diagnostic.help(advise(error, store, &first.secret, first.version))
}

//! A plan for people: the stores, the secrets of each, and who uses them.

use std::fmt::Write;

use super::{Fetch, Plan};
use crate::diagnostic::human::counted;
use crate::source::printable;

/// The plan as text. The same plan gives the same bytes.
pub fn write<P>(plan: &Plan<P>) -> String {
    let mut out = String::new();
    let secrets = plan.fetches().len();
    let uses: usize = plan.fetches().iter().map(|fetch| fetch.uses.len()).sum();
    let name = plan.workflow().documents.first().map_or("", |document| &document.name);
    let environment = plan.environment().map_or_else(String::new, |name| format!(", environment {name}"));
    let _ = writeln!(
        out,
        "{}: {} of {}, used in {}{environment}",
        printable(name),
        counted(secrets, "secret"),
        counted(plan.stores().len(), "store"),
        counted(uses, "place"),
    );
    for (index, store) in plan.stores().iter().enumerate() {
        let provider = store.own_provider().map_or_else(String::new, |name| format!("{name}: "));
        let _ = writeln!(out, "\n{} ({}{})", store.name, printable(&provider), printable(&store.address()));
        for fetch in plan.fetches().iter().filter(|fetch| fetch.store as usize == index) {
            one(&mut out, plan, fetch);
        }
    }
    out
}

fn one<P>(out: &mut String, plan: &Plan<P>, fetch: &Fetch) {
    let version = fetch.version.map_or_else(|| "latest".to_owned(), |version| version.to_string());
    let _ = writeln!(out, "  {} ({version})", fetch.secret);
    let rows: Vec<(String, String, String)> = fetch
        .uses
        .iter()
        .map(|used| {
            let path = used.place.named(plan.workflow()).path().to_string();
            let path = match plan.parts.visibility.part(used.place) {
                // What no step sees is in the plan for the file's sake.
                Some((0, _)) if path.is_empty() => "no step".to_owned(),
                Some((0, _)) => format!("{path} (no step)"),
                Some((seeing, all)) if path.is_empty() => format!("{seeing} of {}", counted(all, "step")),
                Some((seeing, all)) => format!("{path} ({seeing} of {})", counted(all, "step")),
                None if path.is_empty() => "every step".to_owned(),
                None => path,
            };
            let several = plan.workflow().documents.len() > 1;
            let path = if several { format!("[{}] {path}", used.place.document + 1) } else { path };
            let field = used.field.map_or_else(String::new, |field| format!(" {}", fetch.fields[field as usize]));
            let place = plan.source().locate(used.span.start).to_string();
            let key = printable(&used.place.binding(plan.workflow()).name);
            (printable(&place), printable(&path), format!("{key}{field}"))
        })
        .collect();
    let widest = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
    };
    let (first, second) = (widest(|row| &row.0), widest(|row| &row.1));
    for (place, path, key) in &rows {
        let _ = writeln!(out, "    {place:first$}  {path:second$}  {key}");
    }
}

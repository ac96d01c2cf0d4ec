//! References in variables that no step sees.

use std::collections::HashSet;

use super::seen::{StepSet, Visibility};
use super::{Binding, BindingPlace, Section, Workflow, input_name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::reference::Template;
use crate::source::Span;

impl Workflow<Template> {
    /// A warning for each variable with a reference that every step overrides: a run never fetches its value. Rendering
    /// the file does.
    pub fn unseen(&self) -> Diagnostics {
        let visibility = Visibility::of(self, StepSet::All);
        let mut faults = Diagnostics::new();
        let secret = || self.places().filter(|(_, binding)| binding.value.references().next().is_some());
        let unseen = |place| !visibility.hidden(place).is_empty() && !visibility.is_seen(place);
        if !secret().any(|(place, _)| unseen(place)) {
            return faults;
        }
        // One scalar may be bound in several places through aliases.
        let seen: HashSet<_> =
            secret().filter(|(place, _)| visibility.is_seen(*place)).map(|(_, binding)| binding.node).collect();
        for (place, binding) in secret().filter(|(place, binding)| unseen(*place) && !seen.contains(&binding.node)) {
            let inner = visibility.hidden(place).first().and_then(|by| self.inner(place, binding, *by));
            faults.push(self.overridden(place, binding, inner));
        }
        faults.sort();
        faults
    }

    fn overridden(&self, place: BindingPlace, binding: &Binding<Template>, inner: Option<Span>) -> Diagnostic {
        let named = place.named(self);
        let name = process_name(place.section, binding);
        let within = match (named.job, named.step) {
            (_, Some(_)) => "in the same step".to_owned(),
            (Some(job), None) => format!("in every step of the job `{}`", printable(job)),
            (None, None) => "in every step".to_owned(),
        };
        let message = format!("`{}` is overridden {within}; its value is never fetched", printable(&name));
        let span = binding.value.references().next().map_or_else(|| self.tree.span(binding.node), |(_, span)| span);
        let diagnostic = Diagnostic::warning(Code::Overridden, message).at(self.source(), span, "no step sees this");
        let diagnostic = match inner {
            Some(inner) => diagnostic.at(self.source(), inner, "overridden here"),
            None => diagnostic,
        };
        diagnostic.help("remove it, or remove what overrides it where the value is needed")
    }

    /// Where a job or step binds the name of an outer binding again.
    fn inner(&self, place: BindingPlace, outer: &Binding<Template>, by: (u32, u32)) -> Option<Span> {
        let name = process_name(place.section, outer);
        let job = &self.documents[place.document as usize].jobs[by.0 as usize - 1];
        let binding = if by.1 == 0 {
            job.env.iter().find(|binding| *binding.name == *name)
        } else {
            let own = job.steps[by.1 as usize - 1].variables().filter(|variable| variable.name == name);
            own.last().map(|variable| variable.binding)
        };
        binding.map(|binding| self.tree.span(binding.node))
    }
}

/// The name that a process sees.
fn process_name(section: Section, binding: &Binding<Template>) -> String {
    if section == Section::With { input_name(&binding.name) } else { binding.name.to_string() }
}

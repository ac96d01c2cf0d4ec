//! Variables that no process can be given, whatever their credentials hold.

use super::{Binding, Workflow};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::reference::{Part, Template};

impl Workflow<Template> {
    /// An error of each variable whose own text has a NUL character: the system takes it for the end.
    pub fn unusable(&self) -> Diagnostics {
        let mut faults = Diagnostics::new();
        for document in &self.documents {
            let jobs = &document.jobs;
            let steps = jobs.iter().flat_map(|job| &job.steps).flat_map(|step| step.env.iter().chain(&step.with));
            let variables = document.env.iter().chain(jobs.iter().flat_map(|job| &job.env)).chain(steps);
            for binding in variables.filter(|binding| has_nul(binding)) {
                let name = printable(&binding.name);
                let message = format!("the value of `{name}` has a NUL character, which no variable can hold");
                let diagnostic = Diagnostic::error(Code::Unusable, message);
                let span = self.tree.span(binding.node);
                faults.push(
                    diagnostic.at(self.source(), span, "").help("take it away, or write the value to one of `files`"),
                );
            }
        }
        faults
    }
}

fn has_nul(binding: &Binding<Template>) -> bool {
    binding.value.parts().iter().any(|part| matches!(part, Part::Text(text) if text.contains('\0')))
}

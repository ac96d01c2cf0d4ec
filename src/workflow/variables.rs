//! Variables without a file of jobs: what `exec` resolves.

use std::sync::Arc;

use super::{Binding, Document, Job, ONLY_JOB, Settings, Step, Workflow};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dotenv::assignments;
use crate::reference::{Shared, Template};
use crate::source::{Source, Span};
use crate::yaml::{NodeId, Tree};

impl Workflow<Template> {
    /// The workflow of one step with these variables, from a text of `NAME=VALUE` lines as dotenv files have them:
    /// empty lines, `#` comments, `export `, single quotes (nothing within is special) and double quotes (with the
    /// escapes `\\n \\r \\t \\" \\\\ \\$`). A name that is given twice has its last value.
    ///
    /// # Errors
    /// Every line that is none of these, and every malformed reference.
    pub fn of_variables(source: &Arc<Source>, name: &str) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::new();
        let mut env: Vec<Binding<Template>> = Vec::new();
        let mut shared = Shared::default();
        for assignment in assignments(source, &mut faults) {
            let wrong = |malformed: &crate::reference::Malformed, span| {
                let diagnostic = Diagnostic::error(Code::MalformedReference, malformed.message.clone())
                    .at(source, span, "")
                    .help(malformed.help.clone());
                faults.push(diagnostic);
            };
            let place = |_, part: std::ops::Range<usize>| match assignment.verbatim {
                Some(start) => Span::new(start + part.start, start + part.end),
                None => assignment.span,
            };
            let value = Template::parse(&assignment.value, &mut shared, place, wrong);
            env.retain(|known| *known.name != *assignment.name);
            env.push(Binding { name: assignment.name.into(), node: NodeId::NONE, value });
        }
        let step = Step {
            number: 1,
            id: None,
            name: None,
            env,
            with: Vec::new(),
            run: None,
            shell: None,
            working_directory: None,
            settings: Settings::default(),
        };
        let job = Job {
            id: ONLY_JOB.to_owned(),
            name: None,
            needs: Vec::new(),
            env: Vec::new(),
            steps: vec![step],
            settings: Settings::default(),
        };
        let document = Document { name: name.to_owned(), env: Vec::new(), jobs: vec![job] };
        let workflow = Self { tree: Arc::new(Tree::empty(source)), documents: vec![document] };
        faults.finish(Some(workflow)).map(|(workflow, _)| workflow)
    }
}

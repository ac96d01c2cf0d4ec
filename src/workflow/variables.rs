//! Variables without a file of jobs: what `exec` resolves.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Binding, Document, Job, Language, ONLY_JOB, Settings, Step, Workflow};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dotenv::assignments;
use crate::reference::{Shared, Template, near_misses};
use crate::source::{Source, Span};
use crate::yaml::{NodeId, Tree, shorten};

impl Workflow<Template> {
    /// The workflow of one step with these variables, from a text of `NAME=VALUE` lines as dotenv files have them:
    /// empty lines, `#` comments, `export `, single quotes (nothing within is special) and double quotes (with the
    /// escapes `\\n \\r \\t \\" \\\\ \\$`). A name that is given twice has its last value.
    ///
    /// Beside it are its faults: every line that is none of these, and every malformed reference. What they are about
    /// isn't in the workflow.
    pub fn of_variables(source: &Arc<Source>, name: &str) -> (Self, Diagnostics) {
        let mut faults = Diagnostics::new();
        let mut env: Vec<Binding<Template>> = Vec::new();
        let mut places = HashMap::new();
        let mut shared = Shared::default();
        for assignment in assignments(source, &mut faults) {
            let wrong = |malformed: &crate::reference::Malformed, span| {
                let label = format!("in the variable `{}`", shorten(&assignment.name));
                let diagnostic = Diagnostic::error(Code::MalformedReference, malformed.message.clone())
                    .at(source, span, label)
                    .help(malformed.help.clone());
                faults.push(diagnostic);
            };
            let place = |_, part: std::ops::Range<usize>| match assignment.verbatim {
                Some(start) => Span::new(start + part.start, start + part.end),
                None => assignment.span,
            };
            let value = Template::parse(&assignment.value, &mut shared, place, wrong);
            if near_misses(&assignment.value).next().is_some() {
                let label = format!("in the variable `{}`", shorten(&assignment.name));
                let diagnostic = Diagnostic::warning(Code::NearMiss, "this looks like a reference and is plain text")
                    .at(source, assignment.span, label)
                    .help("a reference begins with `$<credential:` and ends with `>`");
                faults.push(diagnostic);
            }
            let name: Arc<str> = assignment.name.into();
            let binding = Binding { name: Arc::clone(&name), key: NodeId::NONE, node: NodeId::NONE, value };
            let at = *places.entry(name).or_insert(env.len());
            if at < env.len() {
                env[at] = binding;
            } else {
                env.push(binding);
            }
        }
        let step = Step {
            number: 1,
            script: NodeId::NONE,
            id: None,
            name: None,
            env,
            with: Vec::new(),
            files: Box::default(),
            run: None,
            shell: None,
            working_directory: None,
            retry: None,
            foreign: Box::default(),
            settings: Settings::default(),
        };
        let job = Job {
            id: ONLY_JOB.to_owned(),
            name: None,
            needs: Vec::new(),
            env: Vec::new(),
            steps: vec![step],
            foreign: Vec::new(),
            settings: Settings::default(),
        };
        let document = Document {
            name: name.to_owned(),
            env: Vec::new(),
            jobs: vec![job],
            max_parallel: None,
            inherit_env: None,
            language: Language::Credflow,
            foreign: Vec::new(),
        };
        let workflow = Self { tree: Arc::new(Tree::empty(source)), documents: vec![document] };
        (workflow, faults)
    }
}

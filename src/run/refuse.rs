//! What can't be run, found before anything starts.

use std::cell::OnceCell;
use std::env;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, printable};
use crate::render::Filled;
use crate::source::Span;
use crate::workflow::{
    Condition, Document, FILE, Foreign, Groups, Interpreter, Job, Language, Owner, Step, What, Workflow,
};

/// What of a workflow credflow can't execute: unknown keys, what needs GitHub's own machinery, and texts that no process
/// can be given; one diagnostic of each kind, with all its places. Empty when it can be run. It needs no values, so that it
/// can be asked before anything is fetched. `clean_env` says that steps don't see the environment of this process.
pub fn refuse<V>(workflow: &Workflow<V>, clean_env: bool) -> Diagnostics {
    let mut groups = Groups::new(workflow.source());
    let has_bash = OnceCell::new();
    for (number, document) in workflow.documents.iter().enumerate() {
        let outer = Owner::workflow(number);
        document.foreign.iter().for_each(|foreign| refuse_foreign(&mut groups, foreign, &outer));
        let never = document.never_run();
        for ((at, job), never) in (1..).zip(&document.jobs).zip(never) {
            let owner = Owner::job(number, at, job);
            job.foreign.iter().for_each(|foreign| refuse_foreign(&mut groups, foreign, &owner));
            for (step, body) in (1..).zip(&job.steps) {
                let owner = owner.step(step, body);
                let mut refusals = Refusals { groups: &mut groups, owner, clean_env, has_bash: &has_bash };
                refusals.content(body);
                if !never && body.settings.condition != Condition::Never {
                    refusals.script(workflow, document, job, body);
                }
            }
        }
    }
    let mut faults = Diagnostics::new();
    faults.extend(groups.finish(Severity::Error));
    faults.sort();
    faults
}

fn refuse_foreign(groups: &mut Groups<'_>, foreign: &Foreign, owner: &Owner) {
    let (what, help) = match &foreign.what {
        What::Key(key) => (format!("credflow doesn't execute `{}`", key.name), key.advice),
        What::Unknown { name, help } => (format!("unknown key `{}`", printable(name)), &**help),
        What::Condition => {
            let help = "use `success()`, `failure()`, `always()`, `true` or `false`";
            ("credflow doesn't evaluate other conditions of `if`".to_owned(), help)
        }
        What::Expression(expression) => (format!("credflow doesn't evaluate `{expression}`"), expression.advice()),
    };
    groups.add(Code::CannotRun, what, help, owner, foreign.span);
}

/// What is refused of one step.
struct Refusals<'g, 'w> {
    groups: &'g mut Groups<'w>,
    owner: Owner,
    clean_env: bool,
    has_bash: &'g OnceCell<bool>,
}

impl Refusals<'_, '_> {
    fn add(&mut self, code: Code, what: impl Into<String>, help: &str, span: Span) {
        self.groups.add(code, what.into(), help, &self.owner, span);
    }

    /// What it is made of, whether it runs or not.
    fn content<V>(&mut self, step: &Step<V>) {
        step.foreign.iter().for_each(|foreign| refuse_foreign(self.groups, foreign, &self.owner));
        let is_action =
            step.foreign.iter().any(|foreign| matches!(&foreign.what, What::Key(key) if key.name == "uses"));
        if step.run.is_none() && !is_action {
            self.add(Code::MissingKey, "nothing to run", "give it a script under `run`", step.settings.span);
        }
    }

    /// How its script would be run.
    fn script<V>(&mut self, workflow: &Workflow<V>, document: &Document<V>, job: &Job<V>, step: &Step<V>) {
        let span = step.settings.span;
        if step.run.is_none() {
            return;
        }
        match document.interpreter(step) {
            Interpreter::Nothing => {
                self.add(Code::CannotRun, "`shell` names no program", "take it away to use `sh -e`", span);
            }
            Interpreter::Script => {
                let what = format!("`shell` names no program: `{FILE}` is a file with the script");
                self.add(Code::CannotRun, what, "write the program that reads it before it: `shell: bash {0}`", span);
            }
            _ if step.shell.is_none() && self.lacks_bash(document, job, step) => {
                let what = "a file with `on` runs its scripts with bash, and there is none in PATH";
                self.add(Code::CannotRun, what, "install bash, or give each step a `shell`", span);
            }
            _ => {}
        }
        let inherits = !self.clean_env && document.inherits(job, step);
        for (name, span) in document.runner_variables(&workflow.tree, job, step) {
            if !inherits || env::var_os(&name).is_none() {
                let what = format!("nothing sets `{}`, a variable of GitHub's runner", printable(&name));
                self.add(Code::CannotRun, what, "set it under `env`, or leave this part to GitHub", span);
            }
        }
    }

    /// Whether a step's script is read by bash because of the file's language, and bash is nowhere in PATH. That isn't known
    /// where the workflow itself sets PATH.
    fn lacks_bash<V>(&self, document: &Document<V>, job: &Job<V>, step: &Step<V>) -> bool {
        let mut own = [&document.env, &job.env, &step.env].into_iter().flatten();
        if document.language != Language::GitHub || own.any(|binding| &*binding.name == "PATH") {
            return false;
        }
        !self.has_bash.get_or_init(|| {
            let path = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&path).any(|folder| folder.join(format!("bash{}", env::consts::EXE_SUFFIX)).is_file())
        })
    }
}

/// The variables of steps that no process can be given, by their names and values.
pub(super) fn unusable(workflow: &Workflow<Filled>) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for document in &workflow.documents {
        let steps = document.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
        for (job, step) in steps {
            unusable_in(workflow, document, job, step, &mut faults);
        }
    }
    faults.sort();
    faults
}

fn unusable_in(
    workflow: &Workflow<Filled>,
    document: &Document<Filled>,
    job: &Job<Filled>,
    step: &Step<Filled>,
    faults: &mut Diagnostics,
) {
    for variable in document.environment(job, step) {
        let span = workflow.tree.span(variable.binding.node);
        if let Some(message) = unusable_variable(&variable.name, variable.binding.value.expose()) {
            faults.push(Diagnostic::error(Code::Unusable, message).at(workflow.source(), span, ""));
        }
    }
}

/// Why no process can be given a variable; nothing for one that it can. The value isn't in what is said.
pub fn unusable_variable(name: &str, value: &str) -> Option<String> {
    let shown = printable(name);
    if name.is_empty() || name.contains(['=', '\0']) {
        Some(format!("`{shown}` can't be the name of a variable"))
    } else if value.contains('\0') {
        Some(format!("the value of `{shown}` has a NUL character, which no variable can hold"))
    } else {
        None
    }
}

//! Workflows that a program makes.

mod text;

use super::{Retry, Settings, Workflow};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Template;
use crate::source::{MAX_BYTES, Source};

/// A workflow that a program makes. What is built is checked, planned and run as a file is; faults stand at the names of
/// workflow, job and step.
///
/// ```
/// use credflow::workflow::{JobBuilder, StepBuilder, WorkflowBuilder};
///
/// let migrate = StepBuilder::new("./migrate.sh")
///     .name("Migrate")
///     .env("DATABASE_URL", "postgres://app:$<credential:payments/db-password>@db.internal/app".parse()?);
/// let (workflow, _warnings) = WorkflowBuilder::new("deploy")
///     .env("LOG_LEVEL", "info".parse()?)
///     .job(JobBuilder::new("migrate").step(migrate))
///     .job(JobBuilder::new("release").needs("migrate").step(StepBuilder::new("./release.sh")))
///     .build()?;
/// assert_eq!(workflow.documents()[0].jobs[1].needs, [0]);
///
/// // No configuration says where `payments` is.
/// let faults = workflow.plan(None).expect_err("no configuration").to_string();
/// assert!(faults.contains("--> deploy/migrate/Migrate\n"), "{faults}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WorkflowBuilder {
    name: String,
    env: Vec<(String, Template)>,
    jobs: Vec<JobBuilder>,
    max_parallel: Option<usize>,
    inherit_env: Option<bool>,
}

/// A job of a [`WorkflowBuilder`].
#[derive(Debug, Clone)]
pub struct JobBuilder {
    id: String,
    name: Option<String>,
    needs: Vec<String>,
    env: Vec<(String, Template)>,
    steps: Vec<StepBuilder>,
    settings: Settings,
}

/// A step of a [`JobBuilder`].
#[derive(Debug, Clone)]
pub struct StepBuilder {
    run: String,
    id: Option<String>,
    name: Option<String>,
    env: Vec<(String, Template)>,
    with: Vec<(String, Template)>,
    files: Vec<(String, Template)>,
    shell: Option<String>,
    working_directory: Option<String>,
    retry: Option<Retry>,
    settings: Settings,
}

impl WorkflowBuilder {
    /// A workflow of that name, without jobs.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), env: Vec::new(), jobs: Vec::new(), max_parallel: None, inherit_env: None }
    }

    /// Adds a variable of every step.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: Template) -> Self {
        self.env.push((name.into(), value));
        self
    }

    /// Adds a job.
    #[must_use]
    pub fn job(mut self, job: JobBuilder) -> Self {
        self.jobs.push(job);
        self
    }

    /// How many jobs may run at once; any number otherwise.
    #[must_use]
    pub fn max_parallel(self, most: usize) -> Self {
        Self { max_parallel: Some(most), ..self }
    }

    /// Whether steps see the environment around credflow; they do otherwise.
    #[must_use]
    pub fn inherit_env(self, inherits: bool) -> Self {
        Self { inherit_env: Some(inherits), ..self }
    }

    /// The workflow, and warnings about it.
    ///
    /// # Errors
    /// All faults that a file would have: names that can't be or are there twice, `needs` in a circle, a job without steps, …
    pub fn build(self) -> Result<(Workflow<Template>, Diagnostics), Diagnostics> {
        let (text, places) = text::write(&self);
        if text.len() > MAX_BYTES {
            let message = format!("the workflow `{}` is larger than {} MiB", self.name, MAX_BYTES >> 20);
            return Err(Diagnostic::error(Code::TooLarge, message).into());
        }
        Workflow::read(&Source::with_places(self.name, text, places))
    }
}

impl JobBuilder {
    /// A job of that id, without steps.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            needs: Vec::new(),
            env: Vec::new(),
            steps: Vec::new(),
            settings: Settings::default(),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Adds the id of a job that must have succeeded before.
    #[must_use]
    pub fn needs(mut self, id: impl Into<String>) -> Self {
        self.needs.push(id.into());
        self
    }

    /// Adds a variable of its steps.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: Template) -> Self {
        self.env.push((name.into(), value));
        self
    }

    /// Adds a step behind the others.
    #[must_use]
    pub fn step(mut self, step: StepBuilder) -> Self {
        self.steps.push(step);
        self
    }

    /// When it runs, how long, and what its failure means.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

impl StepBuilder {
    /// A step that runs a script.
    pub fn new(run: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            id: None,
            name: None,
            env: Vec::new(),
            with: Vec::new(),
            files: Vec::new(),
            shell: None,
            working_directory: None,
            retry: None,
            settings: Settings::default(),
        }
    }

    /// Its id, which no other step of the job has.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: Template) -> Self {
        self.env.push((name.into(), value));
        self
    }

    /// Adds an input: a variable `INPUT_NAME`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Template) -> Self {
        self.with.push((name.into(), value));
        self
    }

    /// Adds a variable with the path of a file that holds the value.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, value: Template) -> Self {
        self.files.push((name.into(), value));
        self
    }

    /// The program that reads the script, with its arguments.
    #[must_use]
    pub fn shell(self, shell: impl Into<String>) -> Self {
        Self { shell: Some(shell.into()), ..self }
    }

    /// The folder in which the script runs.
    #[must_use]
    pub fn working_directory(self, folder: impl Into<String>) -> Self {
        Self { working_directory: Some(folder.into()), ..self }
    }

    /// How it is tried again when it fails.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry: Some(retry), ..self }
    }

    /// When it runs, how long, and what its failure means.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

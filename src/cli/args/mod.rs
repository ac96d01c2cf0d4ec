//! What may be typed.

mod emulate;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::OsStringValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(super) use emulate::{Emulate, EmulateAction, Export, ExportFormat, Project, Sdk};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs workflows whose steps need secrets from Azure Key Vault.
///
/// A workflow says where a secret is, `$<credential:store/secret>`, and `credflow.yaml` says where the stores are.
/// credflow plans what is needed, fetches each secret once, and gives each step exactly its own.
#[derive(Debug, Parser)]
#[command(name = "credflow", version, styles = STYLES, max_term_width = 100)]
#[command(after_help = "Example:\n  credflow check deploy.yaml && credflow run deploy.yaml")]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Args)]
pub(super) struct Global {
    /// The configuration [default: credflow.yaml beside the workflow, or in a folder above].
    #[arg(long, global = true, env = "CREDFLOW_CONFIG", value_name = "FILE", value_parser = OsStringValueParser::new())]
    config: Option<OsString>,
    /// The environment, where the configuration has `environments`; `check` and `stores` take all of them without it.
    #[arg(long, global = true, env = "CREDFLOW_ENVIRONMENT", value_name = "NAME")]
    environment: Option<String>,
    /// Say nothing but errors and results.
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Say more: which version each secret has, retries and pauses; twice (-vv) each request.
    #[arg(long, short, global = true, conflicts_with = "quiet", action = ArgAction::Count)]
    pub(super) verbose: u8,
}

impl Global {
    /// The configuration that was named; an empty name, as of a variable that is set to nothing, is none.
    pub(super) fn config(&self) -> Option<PathBuf> {
        self.config.as_ref().filter(|name| !name.is_empty()).map(PathBuf::from)
    }

    /// The environment that was named; an empty name is none.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.as_deref().filter(|name| !name.is_empty())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Find every fault in workflows and their configuration; needs no network and no secret.
    #[command(after_help = "Example:\n  credflow check --format github .github/workflows/*.yaml")]
    Check(Check),
    /// Show what would be fetched, from where, and for whom; needs no network and no secret.
    ///
    /// A variable that every step overrides, and those of steps that never run, are fetched only to render the file.
    #[command(after_help = "Example:\n  credflow plan deploy.yaml --format json")]
    Plan(Plan),
    /// Write the workflow with its values, masked unless told otherwise.
    #[command(
        after_help = "Example:\n  credflow render deploy.yaml --reveal -o deploy.rendered.yaml\n  eval \"$(credflow render deploy.yaml --format shell --step migrate/1 --reveal)\""
    )]
    Render(Render),
    /// Write one value to standard output, exactly; to a terminal only with `--reveal`.
    #[command(
        after_help = "Example:\n  token=$(credflow get payments/api-token)\n  credflow get 'shared/smtp#/password' > password"
    )]
    Get(Get),
    /// Run the workflow: its jobs by their needs, its steps with their own secrets, its output masked.
    #[command(after_help = "Example:\n  credflow run deploy.yaml --job migrate")]
    Run(Run),
    /// Run one command with the references in its environment resolved, its output masked.
    #[command(
        after_help = "Example:\n  credflow exec --env DB_PASSWORD=payments/db-password -- ./migrate.sh\n  DB_PASSWORD='$<credential:payments/db-password>' credflow exec -- ./migrate.sh"
    )]
    Exec(Exec),
    /// Look into the file that `--audit` wrote.
    #[command(
        after_help = "Example:\n  credflow run deploy.yaml --audit audit.jsonl && credflow audit verify audit.jsonl"
    )]
    Audit(Audit),
    /// List the stores of the configuration, or test them.
    #[command(after_help = "Example:\n  credflow stores test")]
    Stores(Stores),
    /// Run a local Key Vault and Entra ID in the foreground, for work without Azure.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Example:\n  credflow emulate vaults.yaml &\n  eval \"$(credflow emulate vaults.yaml --print-env python)\""
    )]
    Emulate(Emulate),
    /// Write completions for a shell.
    #[command(
        after_help = "Example:\n  credflow completions bash > ~/.local/share/bash-completion/completions/credflow"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The workflows; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// What the files are for: for `run`, all that it would refuse is told as well.
    #[arg(long = "for", value_enum, value_name = "PURPOSE", default_value_t = PlanPurpose::Render)]
    pub(super) purpose: PlanPurpose,
    /// Take warnings for errors.
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// How faults are written.
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people, on stderr.
    Human,
    /// For programs, on stdout.
    Json,
    /// As annotations of GitHub Actions, on stdout; GitHub shows ten errors and ten warnings of a step.
    Github,
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The workflow; `-` is standard input.
    pub(super) file: PathBuf,
    /// How the plan is written; the same plan gives the same bytes.
    #[arg(long, value_enum, default_value_t = PlanFormat::Human)]
    pub(super) format: PlanFormat,
    /// What the plan is for.
    #[arg(long = "for", value_enum, value_name = "PURPOSE", default_value_t = PlanPurpose::Run)]
    pub(super) purpose: PlanPurpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanPurpose {
    /// `run`: what the steps see.
    Run,
    /// `render --format yaml`: every reference of the file.
    Render,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// The members of the JSON form, as YAML.
    Yaml,
}

#[derive(Debug, Args)]
pub(super) struct Fetching {
    /// Serve the stores from a local Key Vault inside this process, filled from this file.
    #[arg(long, value_name = "VAULTS")]
    pub(super) emulate: Option<PathBuf>,
    /// How long fetching may take in all, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// Where it is written down who was given which value.
#[derive(Debug, Args)]
pub(super) struct Audited {
    /// Add a line to this file for each value that is given to somebody: who fetched it, for which step.
    #[arg(long, value_name = "FILE")]
    pub(super) audit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    pub(super) action: AuditAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditAction {
    /// Find lines that were changed or taken away.
    #[command(after_help = "Example:\n  credflow audit verify audit.jsonl")]
    Verify {
        /// The audit.
        file: PathBuf,
        /// The hash that the last line had once: that line must be there still.
        #[arg(long, value_name = "HASH")]
        last: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Render {
    /// The workflow; `-` is standard input.
    pub(super) file: PathBuf,
    /// What is written: the file itself, jobs and steps with their environments, or the variables of one step.
    #[arg(long, value_enum, default_value_t = RenderFormat::Yaml)]
    pub(super) format: RenderFormat,
    /// The step: JOB/STEP, by id, name or #number.
    #[arg(long, value_name = "JOB/STEP")]
    pub(super) step: Option<String>,
    /// Show the values.
    #[arg(long)]
    pub(super) reveal: bool,
    /// Write into a file that only its owner can read, whole or not at all.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) audited: Audited,
    #[command(flatten)]
    pub(super) fetching: Fetching,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The value: STORE/SECRET, STORE/SECRET/VERSION or a credential's name; a field of JSON follows as #/field.
    #[arg(value_name = "REF")]
    pub(super) reference: String,
    /// Show the value on a terminal.
    #[arg(long)]
    pub(super) reveal: bool,
    #[command(flatten)]
    pub(super) audited: Audited,
    #[command(flatten)]
    pub(super) fetching: Fetching,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RenderFormat {
    /// The workflow's own file; every byte outside of references stays.
    Yaml,
    /// Jobs and steps with their environments.
    Json,
    /// The variables of one step as a dotenv file that all its readers, shells among them, read alike.
    Dotenv,
    /// The variables of one step as `export` lines.
    Shell,
    /// The variables of one step for `docker run --env-file`.
    DockerEnv,
    /// The variables of one step to append to `$GITHUB_ENV`.
    GithubEnv,
    /// The variables of one step as commands for Azure Pipelines.
    AzureVso,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The workflow.
    pub(super) file: PathBuf,
    /// Only this job, without what it needs.
    #[arg(long)]
    pub(super) job: Option<String>,
    /// Only this step: JOB/STEP, by id, name or #number.
    #[arg(long, value_name = "JOB/STEP", conflicts_with = "job")]
    pub(super) step: Option<String>,
    /// Show what would run and be fetched, and stop.
    #[arg(long = "dry-run")]
    pub(super) dry: bool,
    /// How many jobs may run at once.
    #[arg(long, value_name = "JOBS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) max_parallel: Option<u16>,
    /// Write the masked output of each step into a file of this folder.
    #[arg(long, value_name = "FOLDER")]
    pub(super) log_dir: Option<PathBuf>,
    /// What became of each step.
    #[arg(
        long,
        value_name = "FILE",
        help = "Write what became of each step: JUnit XML for a name that ends in .xml, else JSON; may be given twice"
    )]
    pub(super) report: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) surroundings: Surroundings,
    #[command(flatten)]
    pub(super) audited: Audited,
    #[command(flatten)]
    pub(super) fetching: Fetching,
}

/// What a process finds around it.
#[derive(Debug, Args)]
pub(super) struct Surroundings {
    /// Pass on PATH, HOME, LANG, TERM and TMPDIR alone of the environment.
    #[arg(long)]
    pub(super) clean_env: bool,
    /// Use pipes for the output, even on a terminal.
    #[arg(long)]
    pub(super) no_tty: bool,
    /// Tell GitHub Actions or Azure Pipelines to mask the fetched values in the rest of the job.
    #[arg(long)]
    pub(super) register_masks: bool,
}

#[derive(Debug, Args)]
pub(super) struct Exec {
    /// Add a variable: STORE/SECRET, a credential's name, or a text with `$<credential:…>`; may be given more than once.
    #[arg(long, short, value_name = "NAME=REF", value_parser = assigned)]
    pub(super) env: Vec<Assigned>,
    /// Add a file of NAME=VALUE lines to the environment; may be given more than once, and later lines count.
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Vec<PathBuf>,
    /// Leave standard output as it is, for a dump into a file; standard error stays masked.
    #[arg(long)]
    pub(super) no_mask: bool,
    #[command(flatten)]
    pub(super) surroundings: Surroundings,
    #[command(flatten)]
    pub(super) audited: Audited,
    #[command(flatten)]
    pub(super) fetching: Fetching,
    /// The command and its arguments.
    #[arg(required = true, last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct Stores {
    #[command(subcommand)]
    pub(super) action: Option<StoresAction>,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoresAction {
    /// Test each store: name, TLS, token, permission, api-version, clock and latency; no value is fetched.
    #[command(after_help = "Example:\n  credflow stores test --emulate vaults.yaml")]
    Test(Test),
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub(super) format: TestFormat,
    #[command(flatten)]
    pub(super) fetching: Fetching,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TestFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// A variable and what is assigned to it.
#[derive(Debug, Clone)]
pub(super) struct Assigned {
    pub(super) name: String,
    pub(super) value: String,
}

fn assigned(text: &str) -> Result<Assigned, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(Assigned { name: name.to_owned(), value: value.to_owned() }),
        _ => Err("write NAME=STORE/SECRET".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number of seconds, more than 0 and at most a day".to_owned()),
    }
}

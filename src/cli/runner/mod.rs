//! The CI runner around this process: which one it is, and what it is told to mask.

mod log;

use std::io::IsTerminal;

use zeroize::Zeroizing;

use super::streams::OwnStream;
use super::{Exit, Terminal};
use crate::mask::{Listener, Runner};
use crate::render::FilledWorkflow;

pub(super) use log::RunnerLog;

/// The variables by which CI services say that they are around. Most set the first one.
const SERVICES: [&str; 14] = [
    "CI",
    "GITHUB_ACTIONS",
    "TF_BUILD",
    "GITLAB_CI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "CIRCLECI",
    "TRAVIS",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "DRONE",
    "bamboo_buildKey",
];

/// The variable that says that a CI service is around, if one is.
pub(super) fn service() -> Option<&'static str> {
    let is_set = |name: &&str| {
        std::env::var_os(name)
            .is_some_and(|value| !value.is_empty() && !value.eq_ignore_ascii_case("false") && value != "0")
    };
    SERVICES.into_iter().find(is_set)
}

/// The runner that this process runs in, by the variables that they document.
pub(super) fn around() -> Option<Runner> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_set("GITHUB_ACTIONS") {
        return Some(Runner::GitHub);
    }
    is_set("TF_BUILD").then_some(Runner::AzurePipelines)
}

/// What the runner around is to know.
pub(super) struct Registration {
    runner: Option<Runner>,
    /// Where it is told the values, if it is to be.
    channel: Option<OwnStream>,
}

impl Registration {
    /// Sees to it that values can be registered, if that is asked for: before anything is fetched. `run` tells them where its
    /// groups go, so that they come before all output; the standard output of `exec` is somebody's data.
    pub(super) fn new(is_asked_for: bool, is_run: bool, terminal: &Terminal) -> Result<Self, Exit> {
        let runner = around();
        if !is_asked_for {
            return Ok(Self { runner, channel: None });
        }
        let streams: &[OwnStream] = if is_run { &[OwnStream::Stdout, OwnStream::Stderr] } else { &[OwnStream::Stderr] };
        let channel = streams.iter().copied().find(|stream| stream.is_pipe());
        let (runner, channel) = match (runner, channel) {
            (None, _) => {
                let why = "is for GitHub Actions and Azure Pipelines, and this is neither: `GITHUB_ACTIONS` or `TF_BUILD` \
                           would be `true`; leave it out here";
                return Err(refuse(why, terminal));
            }
            (Some(_), _) if std::io::stdout().is_terminal() => {
                return Err(refuse("writes values, and standard output is a terminal; leave it out here", terminal));
            }
            (Some(runner), None) => {
                let stream = if is_run { "standard output and standard error" } else { "standard error" };
                let name = runner.name();
                let why = format!("tells {name} the values on {stream}, and no pipe is there that it could read");
                return Err(refuse(&format!("{why}; don't redirect it"), terminal));
            }
            (Some(runner), Some(channel)) => (runner, channel),
        };
        Ok(Self { runner: Some(runner), channel: Some(channel) })
    }

    /// Who may be shown what steps add to the masks.
    pub(super) fn listener(&self) -> Option<Listener> {
        let is_heard = OwnStream::Stdout.is_pipe() || OwnStream::Stderr.is_pipe();
        let runner = self.runner.filter(|_| is_heard && !std::io::stdout().is_terminal())?;
        Some(Listener { runner, knows_values: self.channel.is_some() })
    }

    /// Tells the runner the values of a workflow, or a person how that is done.
    pub(super) async fn tell(&self, workflow: &FilledWorkflow, terminal: &Terminal) -> Result<(), Exit> {
        let Some(runner) = self.runner else { return Ok(()) };
        let values = workflow.safeguards().values();
        if values.is_empty() {
            return Ok(());
        }
        let Some(channel) = self.channel else {
            let name = runner.name();
            let hint =
                format!("hint: {name} doesn't know the fetched values; `--register-masks` has it mask them, too");
            say(terminal, move |terminal| terminal.say(&hint)).await;
            return Ok(());
        };
        let commands: Vec<_> = values.iter().map(|value| runner.mask_commands(value.expose())).collect();
        let mut all = Zeroizing::new(String::with_capacity(commands.iter().map(|command| command.len()).sum()));
        for command in &commands {
            all.push_str(command);
        }
        let told = move |terminal: &Terminal| {
            let told = terminal.pass(channel == OwnStream::Stderr, all.as_bytes());
            told.map_err(|_| terminal.error(&format!("cannot tell {} the values: nobody reads them", runner.name())))
        };
        say(terminal, told).await.map_err(|()| Exit::World)
    }
}

/// Writes on a thread that may wait.
async fn say<T: Send + 'static>(terminal: &Terminal, say: impl FnOnce(&Terminal) -> T + Send + 'static) -> T {
    let terminal = terminal.clone();
    let said = tokio::task::spawn_blocking(move || say(&terminal)).await;
    said.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

fn refuse(why: &str, terminal: &Terminal) -> Exit {
    terminal.error(&format!("`--register-masks` {why}"));
    Exit::Child(Exit::Usage.code())
}

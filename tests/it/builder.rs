//! Workflows that a program makes.

use std::time::Duration;

use credflow::config::Config;
use credflow::plan::{PortablePlan, human};
use credflow::reference::{Part, Reference, Template};
use credflow::run::Options;
use credflow::source::Source;
use credflow::workflow::{Condition, JobBuilder, Retry, Settings, StepBuilder, Workflow, WorkflowBuilder};
use proptest::prelude::*;

use crate::running::{TOKEN, filled, start};

const CONFIG: &str = "
stores:
  payments: { vault-url: https://payments.vault.azure.net, identity: azure-cli }
credentials:
  release-token: { store: payments, secret-name: release-token, scope: deploy/release/* }
";

fn config() -> Config {
    Config::parse(&Source::private("credflow.yaml", CONFIG)).expect("a configuration").0
}

fn template(text: &str) -> Template {
    text.parse().expect("a template")
}

#[test]
fn it_is_what_a_file_of_the_same_is() {
    let retry = Retry { attempts: 3, delay: Duration::from_millis(1500), backoff: 2.0 };
    let settings = Settings {
        condition: Condition::Always,
        timeout: Some(Duration::from_secs(90)),
        continue_on_error: true,
        inherit_env: Some(false),
        ..Settings::default()
    };
    let step = StepBuilder::new("cat \"$KEY\"\nexit 1\n")
        .id("ship")
        .name("Ship: it")
        .env("TOKEN", template("<$<credential:payments/token>>"))
        .with("dry-run", template("$$<credential:a/b>"))
        .file("KEY", template("$<credential:payments/key#/pem>"))
        .shell("bash -e {0}")
        .working_directory("/tmp")
        .retry(retry)
        .settings(settings.clone());
    let job = JobBuilder::new("release").name("Release").needs("build").env("A", template("b")).step(step);
    let job = job.settings(Settings { inherit_env: Some(true), ..Settings::default() });
    let builder = WorkflowBuilder::new("deploy").max_parallel(2).inherit_env(true).env("B", template("c")).job(job);
    let builder = builder.job(JobBuilder::new("build").step(StepBuilder::new("make")));
    let (workflow, warnings) = builder.build().expect("a workflow");
    assert!(warnings.is_empty(), "{warnings}");
    let document = &workflow.documents()[0];
    assert_eq!((&*document.name, document.max_parallel, document.inherit_env), ("deploy", Some(2), Some(true)));
    let job = &document.jobs[0];
    assert_eq!((&*job.id, job.name.as_deref(), &*job.needs), ("release", Some("Release"), &[1][..]));
    assert_eq!(job.settings.inherit_env, Some(true));
    let step = &job.steps[0];
    assert_eq!(step.run.as_deref(), Some("cat \"$KEY\"\nexit 1\n"));
    assert_eq!((step.id.as_deref(), step.name.as_deref()), (Some("ship"), Some("Ship: it")));
    assert_eq!((step.shell.as_deref(), step.working_directory.as_deref()), (Some("bash -e {0}"), Some("/tmp")));
    assert_eq!(step.retry.as_deref(), Some(&retry));
    let read = &step.settings;
    assert_eq!((read.condition, read.timeout), (settings.condition, settings.timeout));
    assert!(read.continue_on_error && read.inherit_env == Some(false));
    let values: Vec<String> = workflow.bindings().map(|binding| binding.value.to_string()).collect();
    let expected =
        ["c", "b", "<$<credential:payments/token>>", "$$<credential:a/b>", "$<credential:payments/key#/pem>"];
    assert_eq!(values, expected);
}

#[test]
fn faults_stand_at_three_names() {
    let step = |name: &str| StepBuilder::new("echo").name(name);
    let many = (0..3).fold(JobBuilder::new("many"), |job, at| {
        job.step(step(&format!("Step {at}")).with("x", template("${{ github.sha }}")).id(if at > 0 {
            "same"
        } else {
            "other"
        }))
    });
    let builder = WorkflowBuilder::new("deploy")
        .env("no=name", template("x"))
        .job(
            JobBuilder::new("one")
                .needs("two")
                .step(step("a").settings(Settings { timeout: Some(Duration::ZERO), ..Settings::default() })),
        )
        .job(
            JobBuilder::new("two")
                .needs("one")
                .needs("three")
                .step(StepBuilder::new(" ").env("$<credential:a/b>", template("x"))),
        )
        .job(JobBuilder::new("two").step(step("b")))
        .job(JobBuilder::new("empty"))
        .job(many);
    let read = builder.build().expect_err("faults").to_string();
    let builder = WorkflowBuilder::new("deploy")
        .env("ALL", template("$<credential:release-token>"))
        .job(JobBuilder::new("release").step(step("Ship").env("A", template("x $<credential:paiments/db>"))))
        .job(JobBuilder::new("build").step(step("Make").env("B", template("$<credential:release-tokne>"))));
    let (workflow, _) = builder.build().expect("a workflow");
    let planned = workflow.plan(Some(&config())).expect_err("faults").to_string();
    insta::assert_snapshot!(format!("{read}\n{planned}"));
}

#[test]
fn what_a_run_refuses_is_told_by_names() {
    let step = || StepBuilder::new("true").with("sha", template("${{ github.sha }}"));
    let jobs = ["a", "b"].map(|id| JobBuilder::new(id).step(step()));
    let builder = jobs.into_iter().fold(WorkflowBuilder::new("deploy"), WorkflowBuilder::job);
    let (workflow, _) = builder.build().expect("a workflow");
    insta::assert_snapshot!(credflow::run::refuse(&workflow, false).to_string());
}

#[test]
fn its_plan_is_told_by_names_and_travels() {
    let step = StepBuilder::new("./migrate.sh").env("URL", template("postgres://app:$<credential:payments/db>@db"));
    let builder = WorkflowBuilder::new("deploy").job(JobBuilder::new("migrate").step(step));
    let (workflow, _) = builder.build().expect("a workflow");
    let plan = workflow.plan(Some(&config())).expect("a plan");
    insta::assert_snapshot!(human::write(&plan));
    let portable = PortablePlan::from_json(&plan.to_portable().to_json()).expect("a plan");
    let again = portable.into_plan(Some(&config())).expect("the same plan");
    assert_eq!(again.fetches()[0].secret.as_str(), "db");
}

#[test]
#[cfg(unix)]
fn it_runs() {
    let step = StepBuilder::new("echo \"$TOKEN\" | tr a-z A-Z; echo \"$TOKEN\"")
        .env("TOKEN", template("$<credential:test/token>"));
    let builder = WorkflowBuilder::new("deploy").job(JobBuilder::new("main").step(step));
    let (workflow, _) = builder.build().expect("a workflow");
    let told = start(filled(workflow), Options::default());
    assert_eq!(told.text(), format!("{}\n***\n", TOKEN.to_uppercase()));
}

/// Without the places, which are those of another text.
fn parts(template: &Template) -> Vec<Result<String, Reference>> {
    let part = |part: &Part| match part {
        Part::Text(text) => Ok(text.to_string()),
        Part::Reference(reference, _) => Err((**reference).clone()),
    };
    template.parts().iter().map(part).collect()
}

/// Any text, with pieces of references in it.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[$<>{}:/#|\\\\\"' \\n\\t-]{0,6}",
        Just("$<credential:".to_owned()),
        Just("$$<credential:".to_owned()),
        Just("$<credential:payments/db>".to_owned()),
        Just("$<credential:payments/db#/a~1b%20c>".to_owned()),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The law: what is written of a template is read as the same template.
    #[test]
    fn a_template_is_its_text(text in any_text()) {
        if let Ok(template) = text.parse::<Template>() {
            let again: Template = template.to_string().parse().expect("it was one");
            prop_assert_eq!(parts(&again), parts(&template));
        }
    }

    /// The law: a workflow has the names, values and scripts that it was built with, whatever they hold.
    #[test]
    fn a_workflow_is_what_it_was_built_of(
        names in prop::collection::vec("\\PC{1,20}", 3),
        variable in "[^=\\x00]{1,20}",
        value in any_text(),
        script in any::<String>(),
    ) {
        // What no file may have.
        prop_assume!(!script.trim().is_empty());
        let [workflow, job, step] = &names[..] else { unreachable!() };
        let value: Template = value.parse().unwrap_or_else(|_| template("x"));
        // No shell says which names a variable may have.
        let built = StepBuilder::new(script.clone()).name(step.clone()).shell("python").env("A", value.clone());
        let builder = WorkflowBuilder::new(workflow.clone()).env(variable.clone(), value.clone());
        let read = builder.job(JobBuilder::new(job.clone()).step(built)).build();
        let (read, _) = read.map_err(|faults| TestCaseError::fail(faults.to_string()))?;
        let document = &read.documents()[0];
        prop_assert_eq!(&document.name, workflow);
        prop_assert_eq!(&document.jobs[0].id, job);
        prop_assert_eq!(document.jobs[0].steps[0].name.as_deref(), Some(&**step));
        prop_assert_eq!(document.jobs[0].steps[0].run.as_deref(), Some(&*script));
        prop_assert_eq!(&*document.env[0].name, &*variable);
        for binding in read.bindings() {
            prop_assert_eq!(parts(&binding.value), parts(&value));
        }
    }
}

#[test]
fn a_name_stays_a_name() {
    for name in [
        "<<",
        "null",
        "~",
        "true",
        "1",
        "- a",
        "a: b",
        "# c",
        "&a",
        "*a",
        "!t",
        "\"",
        "'",
        "\\",
        "a\u{85}b",
        "é\u{2028}",
    ] {
        let job = JobBuilder::new(name).step(StepBuilder::new("true").name(name).id(name));
        let (workflow, _): (Workflow<Template>, _) =
            WorkflowBuilder::new(name).job(job).build().unwrap_or_else(|faults| panic!("{name}: {faults}"));
        let document = &workflow.documents()[0];
        let step = &document.jobs[0].steps[0];
        assert_eq!([&*document.name, &*document.jobs[0].id, &*step.label()], [name; 3]);
    }
}

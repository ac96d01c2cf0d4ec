//! Reading, planning and rendering 20 MB against the YAML parser alone on the same bytes.

#![allow(clippy::print_stdout, clippy::use_debug, clippy::cast_precision_loss, missing_docs, reason = "a bench prints")]

mod common;

use std::sync::Arc;

use credflow::config::Config;
use credflow::plan::Plan;
use credflow::source::Source;
use credflow::workflow::Workflow;
use credflow::yaml::{Rewrite, Tree};
use granit_parser::Parser;

fn main() {
    let (config, _) = Config::parse(&Source::private("credflow.yaml", common::CONFIG)).expect("a configuration");
    distinct(&config);
    let text = common::large();
    println!("{:.1} MB, 100,000 references", text.len() as f64 / 1e6);
    let parser = common::best(5, || {
        let options = granit_parser::options! { strict_indentation: true, emit_comments: false };
        Parser::new_from_str_with_options(&text, options).flatten().count()
    });
    let source = Source::new("large.yaml", text.clone());
    let planning = common::best(5, || plan(&source, &config));
    common::ratio("read and plan / parser", planning, parser, 2.0);
    let rendering = common::best(3, || {
        let plan = plan(&source, &config);
        render(&plan)
    });
    common::ratio("read, plan and render with the check / parser", rendering, parser, 4.0);
}

/// References of which no two are alike: memory against the file's size, time against a tenth of them.
fn distinct(config: &Config) {
    let few = Source::new("distinct.yaml", common::distinct(100_000));
    let size = few.text().len() as f64 / 1e6;
    match common::memory(|| plan(&few, config)) {
        Some(found) => {
            let verdict = if found <= size * 10.0 { "within" } else { "ABOVE" };
            println!("100,000 distinct references: {found:.0} MB of memory for {size:.1} MB, {verdict} 10 times");
        }
        None => println!("100,000 distinct references: this system doesn't tell how much memory they take"),
    }
    let many = Source::new("distinct.yaml", common::distinct(1_000_000));
    let tenth = common::best(3, || plan(&few, config));
    let whole = common::best(3, || plan(&many, config));
    common::ratio("1,000,000 distinct references / 100,000", whole, tenth, 11.0);
}

fn plan(source: &Arc<Source>, config: &Config) -> Plan {
    let (workflow, _) = Workflow::read(source).expect("a workflow");
    workflow.plan(Some(config)).expect("a plan")
}

fn render(plan: &Plan) -> usize {
    let workflow = plan.workflow();
    let tree: &Tree = workflow.tree();
    let mut rewrite = Rewrite::new(tree);
    for binding in workflow.bindings().filter(|binding| binding.value.is_secret()) {
        rewrite.replace(binding.node, "postgres://app:correct horse \"battery\"@db.internal:5432/app");
    }
    rewrite.write().expect("a rewriting").len()
}

//! The command `credflow`; all of it is in [`credflow::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut terminal = credflow::cli::Terminal::of_process();
    ExitCode::from(credflow::cli::main(std::env::args_os(), &mut terminal))
}

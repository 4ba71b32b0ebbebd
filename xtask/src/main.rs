//! House keeping: the test runner, the house rules, generated references, the benchmark.

mod bench;
mod browser;
mod command;
mod fuzz;
mod generate;
mod house;
mod postgres;
mod rust_tests;
mod sdk;
mod suite;
mod tally;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test              everything that must hold before a change goes in
  tidy              the house rules that clippy cannot check
  generate          writes what the binary documents itself: settings, schema, translation
  fuzz-check        compiles the fuzz targets
  bench [--json] [--rounds N] [--seconds N] [--idle N] [--only A,B] [--no-step]
                    failsoft beside plain nginx and straight, on this machine";

/// What a command of this program ends with; the error is words for a person.
type Done<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", &[][..]),
    };
    let done = match command {
        "test" => suite::test(),
        "tidy" => tidy::tidy(),
        "generate" => generate::generate(),
        "fuzz-check" => fuzz::check(),
        "bench" => bench::bench(rest),
        "bench-load" => bench::load(rest),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            if !words.is_empty() {
                eprintln!("xtask: {words}");
            }
            ExitCode::FAILURE
        }
    }
}

//! `failsoft fake`: a provider that fails on purpose.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use failsoft_fake::{FAULTS, Fake, FakeOptions, FaultRow, Imitated, ONWARD, Scenario};
use tokio::signal::unix::{SignalKind, signal};

use crate::settings::{BAD_USAGE, FAILED, print};

/// What `fake` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct FakeArgs {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// Which model does what, as TOML; other models do what their name says.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Print the table of faults, and stop.
    #[arg(long)]
    list: bool,
}

/// Runs until told to stop.
pub(crate) async fn run(args: FakeArgs) -> ExitCode {
    if args.list {
        print(&table());
        return ExitCode::SUCCESS;
    }
    let scenario = match scenario(args.scenario.as_deref()) {
        Ok(scenario) => scenario,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    let fake = match Fake::start(FakeOptions { listen: args.listen, scenario }) {
        Ok(fake) => fake,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    print(&format!("listening on http://{}", fake.address()));
    eprintln!("{}", first_steps(fake.address()));
    told_to_stop().await;
    let seen = fake.attempts().len();
    fake.stop().await;
    eprintln!("\nstopped after {seen} attempt{}", if seen == 1 { "" } else { "s" });
    ExitCode::SUCCESS
}

/// Ctrl-C, or what supervisors send.
async fn told_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        Some(()) = terminated => {}
        else => std::future::pending().await,
    }
}

fn scenario(file: Option<&std::path::Path>) -> Result<Scenario, String> {
    let Some(file) = file else { return Ok(Scenario::default()) };
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {shown}: {error}"))?;
    text.parse().map_err(|error| format!("{shown}: {error}"))
}

fn first_steps(address: SocketAddr) -> String {
    format!(
        "
It speaks every dialect and takes any key of the right kind (AWS: the secret is
`secret`). The model's name is the fault:

  curl -i http://{address}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{\"model\": \"once:fail-503\", \"messages\": [{{\"role\": \"user\", \"content\": \"hi\"}}]}}'

All faults:   failsoft fake --list
What it saw:  curl http://{address}/__fake/attempts
Stop it with ctrl-C."
    )
}

/// The table of faults, 80 columns wide.
fn table() -> String {
    let width = FAULTS.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let lines = |rows: &[FaultRow]| {
        rows.iter().fold(String::new(), |mut lines, row| {
            let _ = writeln!(lines, "{:width$}  {}", row.name, row.does);
            lines
        })
    };
    let mut table = lines(FAULTS);
    let onward = lines(ONWARD);
    let onward = onward.trim_end();
    let providers: Vec<_> = Imitated::names().collect();
    let providers_shown: Vec<_> = providers.chunks(8).map(|line| line.join(", ")).collect();
    let _ = write!(
        table,
        "
In front of a fault:
  once:FAULT       the first attempt only, healthy afterwards
  first-3:FAULT    the first three attempts
  for-10s:FAULT    ten seconds, counted from the first attempt
  A+B              one after the other: once:reset+first-2:fail-429-ra2

Behind a fault, or alone, what the model does when the conversation holds the
beginning of its answer (`cut-after-40~echoes`, `no-prefill~restarts`). It is
asked to go on by a last turn of its own, or by a user's turn that quotes the
end of it:
{onward}

A fault is chosen by the header x-fake-fault, else by a key `fake:FAULT`, else
by the scenario, else by the model's name. Any other model is healthy.

Paths, behind any prefix:
  /chat/completions   /messages   /responses   /embeddings
  /models/MODEL:generateContent   /models/MODEL:streamGenerateContent[?alt=sse]
  /model/MODEL/converse           /model/MODEL/converse-stream

A healthy model says what is asked for, the first that fits:
  say: XYZ         a line of the system prompt: the answer is XYZ
  tools' outcomes  \"Tool get_weather said: 18 degrees\", a line each
  tools            calls the first, or the forced one, by its schema
  a JSON schema    the simplest JSON that satisfies it
  images, files    \"I see 1 image (image/png, 68 bytes).\"
  anything else    the same sixty words
It keeps to stop sequences and bounds, thinks when asked to, and refuses what
the real API refuses.

A scenario file:
  token_delay = \"15ms\"       # of all models; also first_token, ping_every
  gate = \"closed\"            # after a token each waits for POST /__fake/open
  [models.primary]
  provider = \"{}\"        # whose errors it has
  steps = [{{ fault = \"fail-503\", for = \"1m\" }}, {{ fault = \"slow-2s\", times = 2 }}]
  [default]
  fault = \"once:reset\"       # models without an entry
  onward = \"no-prefill\"      # how they go on

Errors are known of:
  {}",
        providers.first().copied().unwrap_or_default(),
        providers_shown.join(",\n  ")
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_a_terminal_of_eighty_columns() {
        let table = table();
        let wide: Vec<_> = table.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }

    #[test]
    fn the_scenario_in_the_table_is_a_good_one() {
        let table = table();
        let (_, scenario) = table.split_once("A scenario file:\n").expect("an example");
        let scenario: Scenario = scenario
            .split_once("\n\n")
            .map_or(scenario, |(text, _)| text)
            .parse()
            .expect("a good one");
        assert!(scenario.models.contains_key("primary") && scenario.default.is_some());
    }

    #[test]
    fn a_scenario_that_cannot_be_read_is_named_with_its_problems() {
        let missing = scenario(Some("/nonexistent/scenario.toml".as_ref())).expect_err("no file");
        assert!(missing.starts_with("cannot read /nonexistent/scenario.toml: "), "{missing}");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bad.toml");
        std::fs::write(&file, "a = 1\nb = 2\n").expect("a file");
        let bad = scenario(Some(&file)).expect_err("two problems");
        assert!(bad.contains("bad.toml: the scenario has 2 problems"), "{bad}");
    }
}

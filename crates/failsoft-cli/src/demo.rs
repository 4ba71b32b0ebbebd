//! `failsoft demo`: two fake providers, one of which fails by a script, and the same traffic
//! straight to it and through failsoft.

mod client;
mod screen;
mod script;
mod summary;
mod tally;
mod traffic;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use failsoft_fake::{Fake, FakeOptions, fingerprint};
use failsoft_gateway::{Gateway, GatewayOptions};
use failsoft_journal::{Page, Reader, Story, Style};

use crate::settings::{FAILED, print, print_json};
use summary::{Ended, Summary};
use traffic::Traffic;

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// How long it runs.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
    /// Print one machine-readable document instead of the summary.
    #[arg(long)]
    json: bool,
    /// Keep the record of the run in this file, for `failsoft explain` and `failsoft report`.
    #[arg(long, value_name = "FILE")]
    keep_journal: Option<PathBuf>,
}

/// How many of the calls with the most attempts are looked at for the best story.
const CANDIDATES: usize = 24;

/// Runs the demo to its end, or to ctrl-C.
pub(crate) async fn run(args: DemoArgs) -> ExitCode {
    match play(&args).await {
        Ok(summary) => {
            show(&args, &summary);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(FAILED)
        }
    }
}

async fn play(args: &DemoArgs) -> Result<Summary, String> {
    let length = Duration::from_secs(args.seconds);
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let aurora = provider(&script::of_aurora(length))?;
    let borealis = provider(script::of_borealis())?;
    let text = script::settings(|d| aurora.base_url(d), |d| borealis.base_url(d));
    let settings = failsoft_config::load(&text, folder.path(), &BTreeMap::new())
        .map_err(|problems| problems.to_string())?;
    let journal = settings.journal.path.clone();
    let gateway = Gateway::start(settings, GatewayOptions::default())
        .await
        .map_err(|error| error.to_string())?;
    introduce(args, &gateway);

    // The script begins with the traffic, not with the preparations.
    aurora.reset();
    let traffic = Arc::new(Traffic::new(aurora.address(), gateway.client_address(), length));
    let ended = tokio::select! {
        () = traffic.flow() => Ended::Played,
        () = screen::watch(&traffic) => Ended::Played,
        Ok(()) = tokio::signal::ctrl_c() => Ended::Interrupted,
    };
    gateway.stop().await;

    let tally = traffic.tally().clone();
    let seen: Vec<_> = [aurora.attempts(), borealis.attempts()].concat();
    let sent = |key| seen.iter().filter(|a| a.credential == Some(fingerprint(key))).count();
    let story = journal.as_deref().and_then(|journal| best_story(journal, &tally.eventful()));
    if let (Some(kept), Some(journal)) = (&args.keep_journal, &journal) {
        std::fs::copy(journal, kept)
            .map_err(|error| format!("cannot write {}: {error}", kept.display()))?;
    }
    Ok(Summary {
        length,
        ended,
        sent_straight: sent(traffic::KEY_OF_STRAIGHT),
        sent_by_failsoft: sent(script::KEY_OF_GATEWAY),
        tally,
        story,
    })
}

fn provider(scenario: &str) -> Result<Fake, String> {
    let scenario = scenario.parse().map_err(|error| format!("{error}"))?;
    Fake::start_in_thread(FakeOptions::playing(scenario)).map_err(|error| error.to_string())
}

/// The call with the most attempts in which the most happened.
fn best_story(journal: &Path, calls: &[&str]) -> Option<Story> {
    let reader = Reader::open(journal).ok()?;
    let stories = calls.iter().take(CANDIDATES).filter_map(|call| reader.call(call).ok().flatten());
    stories.max_by_key(|story| (story.attempts.len(), story.timeline.len()))
}

fn introduce(args: &DemoArgs, gateway: &Gateway) {
    eprintln!(
        "Two fake providers: aurora, about to fail, and borealis, which stands by.
For {} s the same questions go straight to aurora and through failsoft.
No keys, no network. The dashboard meanwhile: {}\n",
        args.seconds,
        gateway.login_link()
    );
}

fn show(args: &DemoArgs, summary: &Summary) {
    if args.json {
        return print_json(&summary.json());
    }
    let mut text = summary.text();
    if let Some(story) = &summary.story {
        let style = if std::io::stdout().is_terminal() { Style::Colour } else { Style::Plain };
        text.push_str("\nThe most eventful call, as `failsoft explain` tells it:\n\n");
        text.push_str(&story.render(&Page::new(style, 80).local()));
    }
    text.push_str(&match (&args.keep_journal, &summary.story) {
        (Some(kept), Some(story)) => further(&story.call, kept),
        (Some(kept), None) => further("CALL_ID", kept),
        (None, _) => "\nTo look into every call, run it with --keep-journal FILE.\n".to_owned(),
    });
    print(&text);
}

fn further(call: &str, journal: &Path) -> String {
    let journal = journal.display();
    format!(
        "\nMore: failsoft report --journal {journal}\n      failsoft explain {call} --journal {journal}\n"
    )
}

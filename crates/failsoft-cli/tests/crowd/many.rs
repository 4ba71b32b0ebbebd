//! Ten thousand streams at the same time, a fifth of them broken in the middle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::alone;
use crate::client::{Said, Sender, begin, connect, read};
use crate::house::{House, Plan, most_descriptors, until};

/// Streams that are open at once.
const CROWD: usize = 10_000;
/// On one connection of the client's.
const EACH: usize = 100;
/// What the gateway may hold in memory at its fullest.
const MOST_MEMORY: u64 = 600_000_000;
/// For everybody to have begun, and then for everybody to have ended.
const PATIENCE: Duration = Duration::from_secs(60);

/// One in so many is broken.
const ONE_IN: usize = 5;
/// How, in turn.
const BROKEN: [&str; 5] = ["cut", "reset", "stall", "error", "end"];
/// Eight tokens, of which the broken ones say four.
const TEXT: &str = "Characteristically, resilient infrastructure bends; interdependent components \
                    notwithstanding, continuation succeeds.";
const SAID: u32 = 4;
const SETTINGS: &str = r#"
[policy.limit]
max = 20000
[policy.timeouts]
stall = "30s"
first_token.patience = "60s"
first_token.timeout = "90s"
[routes.whole]
tiers = [["first/whole"], ["spare/rest"]]
"#;

/// What has come of the crowd so far.
#[derive(Default)]
struct Board {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

#[tokio::test]
async fn ten_thousand_streams_end_whole_or_with_an_error_and_leave_nothing_behind() {
    let _alone = alone().await;
    let crowd = as_many_as_fit();
    let mut house = House::open(&Plan { scenario: &scenario(), settings: &settings() });
    let idle = warm(&house).await;
    let (board, started) = (Arc::new(Board::default()), Instant::now());
    let streams = begin_all(&house, crowd, route, &board).await;
    until(PATIENCE, async || board.have_begun(crowd)).await;
    let begun = started.elapsed();
    let at_once = house.ready().await["calls_in_flight"].clone();
    let ended = board.ended.load(Ordering::Acquire);
    let full = (house.memory("VmRSS"), house.descriptors());
    house.open_gate().await;
    let mut outcomes = BTreeMap::new();
    for (nth, stream) in streams.into_iter().enumerate() {
        *outcomes.entry(outcome(nth, &stream.await.unwrap())).or_insert(0) += 1;
    }
    println!(
        "crowd {crowd} streams: {at_once} calls at once, all open after {begun:.1?}, all over after \
         {:.1?}: {outcomes:?}",
        started.elapsed()
    );
    println!(
        "crowd memory {} MB idle, {} MB when all were open, {} MB at its peak; {} open files, {} \
         idle",
        idle.memory / 1_000_000,
        full.0 / 1_000_000,
        house.memory("VmHWM") / 1_000_000,
        full.1,
        idle.descriptors,
    );
    assert_eq!((at_once, ended), (crowd.into(), 0), "they were to be open all at once");
    assert!(house.memory("VmHWM") < MOST_MEMORY, "{}", house.memory("VmHWM"));
    assert_eq!(outcomes.get("broken"), None, "{outcomes:?}");
    assert_eq!(outcomes.get("whole"), Some(&(crowd - crowd / ONE_IN)), "{outcomes:?}");
    nothing_is_left(&mut house, &idle).await;
}

/// Asks for all of them, on as few connections as they fit on.
async fn begin_all(
    house: &House,
    crowd: usize,
    route: fn(usize) -> &'static str,
    board: &Arc<Board>,
) -> Vec<JoinHandle<Said>> {
    let mut streams = Vec::with_capacity(crowd);
    for connection in 0..crowd.div_ceil(EACH) {
        let sender = connect(house.clients).await;
        for nth in connection * EACH..crowd.min((connection + 1) * EACH) {
            streams.push(tokio::spawn(stream(sender.clone(), route(nth), Arc::clone(board))));
        }
    }
    streams
}

/// What a gateway holds that nobody asks anything.
struct Idle {
    memory: u64,
    descriptors: usize,
    tasks: f64,
}

/// The first calls bring in what belongs to no stream; then the gateway is left alone until it is
/// idle.
async fn warm(house: &House) -> Idle {
    let descriptors = house.descriptors();
    let mut sender = connect(house.clients).await;
    let answer = begin(&mut sender, "spare/rest").await.unwrap();
    assert_eq!(read(answer).await, Said::Whole(TEXT.to_owned()));
    drop(sender);
    until(PATIENCE, async || none_in_flight(house).await).await;
    Idle {
        memory: house.memory("VmRSS"),
        descriptors,
        // The page is read on a connection, which is a task.
        tasks: house.metric("failsoft_tasks").await,
    }
}

/// Every permit, task and socket comes back.
async fn nothing_is_left(house: &mut House, idle: &Idle) {
    until(PATIENCE, async || none_in_flight(house).await).await;
    // What is kept for the next calls goes with the provider that keeps it open.
    house.stop_fake();
    until(PATIENCE, async || {
        let (open, tasks) = (house.descriptors(), house.metric("failsoft_tasks").await);
        let is_idle = open <= idle.descriptors && tasks <= idle.tasks;
        let seen = format!("{open} open files, {tasks} tasks");
        if is_idle { Ok(()) } else { Err(seen) }
    })
    .await;
    println!("crowd memory {} MB when all had left", house.memory("VmRSS") / 1_000_000);
}

/// No call, no connection, and nothing lent at any target.
async fn none_in_flight(house: &House) -> Result<(), String> {
    let ready = house.ready().await;
    let lent = ready["targets"].as_array().into_iter().flatten();
    let lent: u64 = lent.filter_map(|target| target["in_flight"].as_u64()).sum();
    let (calls, open) = (&ready["calls_in_flight"], &ready["connections"]);
    let seen = format!("{calls} calls, {lent} attempts, {open} connections");
    if seen == "0 calls, 0 attempts, 0 connections" { Ok(()) } else { Err(seen) }
}

/// Asks for one stream and follows it to its end.
async fn stream(mut sender: Sender, route: &str, board: Arc<Board>) -> Said {
    let response = match begin(&mut sender, route).await {
        Ok(response) => response,
        Err(error) => return Said::Broken(error.to_string()),
    };
    board.begun.fetch_add(1, Ordering::AcqRel);
    let said = read(response).await;
    board.ended.fetch_add(1, Ordering::AcqRel);
    said
}

impl Board {
    fn have_begun(&self, count: usize) -> Result<(), String> {
        let begun = self.begun.load(Ordering::Acquire);
        if begun >= count { Ok(()) } else { Err(format!("{begun} of {count} have begun")) }
    }
}

/// Where a stream goes.
fn route(nth: usize) -> &'static str {
    if nth.is_multiple_of(ONE_IN) { BROKEN[nth / ONE_IN % BROKEN.len()] } else { "whole" }
}

/// What became of a stream, in a word.
fn outcome(nth: usize, said: &Said) -> &'static str {
    match said {
        Said::Whole(text) if text == TEXT => match route(nth) {
            "whole" => "whole",
            _ => "resumed",
        },
        Said::Error(text) if TEXT.starts_with(text) && !text.is_empty() => "honest error",
        Said::Whole(_) | Said::Error(_) | Said::Broken(_) => {
            println!("stream {nth} ({}): {said:?}", route(nth));
            "broken"
        }
    }
}

/// The gateway needs a socket to the provider for each, and some for everything else.
fn as_many_as_fit() -> usize {
    let fit = most_descriptors().saturating_sub(2500);
    if fit < CROWD {
        println!("crowd ONLY {fit} OF {CROWD} STREAMS: this system allows no more open files");
    }
    fit.min(CROWD)
}

/// Nobody goes on before everybody has begun; who goes on with what another began is not held up.
fn scenario() -> String {
    let model = |name: &str, fault: &str| format!("[models.{name}]\nfault = \"{fault}\"\n");
    format!("gate = \"closed\"\ntoken_delay = \"200ms\"\ntext = \"{TEXT}\"\n")
        + &model("whole", "healthy")
        + &(model("rest", "healthy") + "gate = \"open\"\n")
        + &model("cut", &format!("cut-after-{SAID}"))
        + &model("reset", &format!("reset-after-{SAID}"))
        + &model("stall", &format!("stall-after-{SAID}-60s"))
        + &model("error", &format!("inband-error-after-{SAID}"))
        + &model("end", &format!("end-after-{SAID}"))
}

fn settings() -> String {
    let routes = BROKEN.map(|fault| {
        format!("[routes.{fault}]\ntiers = [[\"first/{fault}\"], [\"spare/rest\"]]\n")
    });
    SETTINGS.to_owned() + &routes.concat()
}

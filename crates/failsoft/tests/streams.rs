//! Streams that break after content, and go on from another target.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use failsoft_engine::{Event, Verdict, Why};
use failsoft_fake::Ending;
use failsoft_wire::Dialect;
use house::{Cases, House, PATIENT, call, said, speaking, words};
use http::StatusCode;
use http_body::Body as _;

/// How a stream breaks.
const BREAKS: &[&str] = &[
    "cut-after-1",
    "cut-after-40",
    "cut-inside-40",
    "cut-after-59",
    "reset-after-40",
    "stall-after-20",
    "inband-error-after-20",
    "bad-chunk-10",
    "end-after-20",
];

/// How another target goes on, and whether its model takes a prefill.
const ONWARD: &[(&str, bool)] = &[
    ("goes-on", false),
    ("restarts", false),
    ("overlaps-12", false),
    ("continues-thinking", false),
    ("goes-on", true),
    ("echoes", true),
    ("restarts", true),
    ("resends-space", true),
    ("loses-space", true),
    ("no-prefill", true),
];

/// The fallback's model goes on in this way.
fn going_on(dialect: Dialect, fault: &str, manner: &str, prefill: bool) -> House {
    let tiers = format!(r#"[["primary/{fault}"], ["fallback/{manner}"]]"#);
    let able = format!("[providers.fallback.models.\"{manner}\"]\nprefill = {prefill}\n");
    House::with_tiers(dialect, &tiers, &able)
}

fn verdict(house: &House) -> Verdict {
    let ended = |event: Event| {
        if let Event::CallEnded { verdict, .. } = event { Some(verdict) } else { None }
    };
    let verdicts: Vec<Verdict> = house.events.all().into_iter().filter_map(ended).collect();
    let [verdict] = verdicts[..] else { panic!("{verdicts:?}") };
    verdict
}

fn resumes(house: &House) -> usize {
    let resumed = |event: &Event| matches!(event, Event::AttemptStarted { why: Why::Resume, .. });
    house.events.all().iter().filter(|event| resumed(event)).count()
}

fn is_error(text: &str) -> bool {
    text.trim_end().lines().last().is_some_and(|line| line.contains("\"error\":{"))
}

/// Whether it ends as a whole answer does.
fn is_whole(text: &str) -> bool {
    let ends = ["[DONE]", "message_stop", "response.completed", "\"STOP\""];
    ends.iter().any(|end| text.contains(end))
}

/// Passes a waker on, and counts.
struct Counting {
    task: Waker,
    woken: AtomicUsize,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
        self.task.wake_by_ref();
    }
}

/// Whoever writes to the client asks for more before it writes.
#[tokio::test]
async fn what_was_waited_for_is_sent_before_there_is_a_look_for_more() {
    let house = House::new(Dialect::ChatCompletions, "slow-tokens-2ms", PATIENT);
    let answer = house.failsoft.send(call(Dialect::ChatCompletions, true, &[])).await;
    let (mut body, mut has_waited, mut is_given, mut given_way) =
        (answer.into_body(), false, false, 0);
    poll_fn(|cx| {
        let counting = Arc::new(Counting { task: cx.waker().clone(), woken: AtomicUsize::new(0) });
        let waker = Waker::from(Arc::clone(&counting));
        loop {
            match Pin::new(&mut body).poll_frame(&mut Context::from_waker(&waker)) {
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Ready(Some(frame)) => {
                    frame.unwrap();
                    assert!(!is_given, "there was a look for more");
                    is_given = std::mem::take(&mut has_waited);
                }
                Poll::Pending if std::mem::take(&mut is_given) => {
                    assert!(counting.woken.load(Ordering::SeqCst) > 0, "nobody asks again");
                    given_way += 1;
                }
                Poll::Pending => {
                    has_waited = true;
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
    assert!(given_way > 5, "{given_way} times");
}

#[tokio::test]
async fn a_broken_stream_goes_on_without_a_seam() {
    for dialect in speaking() {
        for fault in BREAKS {
            let case = format!("{dialect} {fault}");
            let house = House::new(dialect, fault, "");
            let answer = house.ask(dialect, true).await;
            assert_eq!(answer.status, StatusCode::OK, "{case}");
            assert_eq!(said(dialect, true, &answer), words(), "{case}: {}", answer.text());
            assert!(is_whole(&answer.text()) && !is_error(&answer.text()), "{case}");
            let verdict = verdict(&house);
            assert!(matches!(verdict, Verdict::Resumed { .. }), "{case}: {verdict:?}");
            assert!(resumes(&house) >= 1, "{case}");
        }
    }
}

#[tokio::test]
async fn whatever_way_a_target_goes_on_the_client_reads_the_answer_once() {
    for dialect in speaking() {
        for &(manner, prefill) in ONWARD {
            let case = format!("{dialect} {manner} prefill={prefill}");
            let house = going_on(dialect, "cut-after-40", manner, prefill);
            let answer = house.ask(dialect, true).await;
            assert_eq!(said(dialect, true, &answer), words(), "{case}: {}", answer.text());
            assert!(is_whole(&answer.text()), "{case}");
            assert!(matches!(verdict(&house), Verdict::Resumed { .. }), "{case}");
        }
    }
}

/// A model that refuses the beginning of an answer is asked in words, now and from then on.
#[tokio::test]
async fn a_refused_prefill_is_learnt_and_never_seen() {
    let dialect = Dialect::ChatCompletions;
    let house = going_on(dialect, "cut-after-40", "no-prefill", true);
    for asked in [2, 1] {
        let before = house.fallback.attempts().len();
        let answer = house.ask(dialect, true).await;
        assert_eq!(said(dialect, true, &answer), words());
        assert_eq!(house.fallback.attempts().len() - before, asked);
    }
}

#[tokio::test]
async fn what_does_not_fit_never_reaches_the_client() {
    for dialect in speaking() {
        for manner in ["preamble", "other-words"] {
            let case = format!("{dialect} {manner}");
            let house = going_on(dialect, "cut-after-40", manner, false);
            let answer = house.ask(dialect, true).await;
            let heard = said(dialect, true, &answer);
            assert!(heard.len() > 100 && words().starts_with(&heard), "{case}: {heard}");
            assert!(is_error(&answer.text()) && !is_whole(&answer.text()), "{case}");
            assert!(matches!(verdict(&house), Verdict::Failed { .. }), "{case}");
            assert_eq!(resumes(&house), 2, "{case}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_repeats_itself_without_end_is_none() {
    for dialect in speaking() {
        let house = House::with_tiers(dialect, r#"[["primary/repeat"]]"#, "");
        let answer = house.ask(dialect, true).await;
        let text = answer.text();
        assert!(
            is_error(&text) && !is_whole(&text),
            "{dialect}: {} {:?}",
            text.len(),
            text.lines().rev().take(4).collect::<Vec<_>>()
        );
        assert_eq!(resumes(&house), 0, "{dialect}");
        let allowed = "[policy]\nrepetition = \"allow\"\n";
        let house = House::with_tiers(dialect, r#"[["primary/repeat"]]"#, allowed);
        let answer = house.ask(dialect, true).await;
        assert!(!is_error(&answer.text()), "{dialect}");
    }
}

/// Nothing of a call whose arguments are cut goes out, so it can be asked again.
#[tokio::test]
async fn a_cut_tool_call_is_asked_again() {
    for dialect in speaking() {
        for (primary, fallback) in [("once:cut-tool", "tools"), ("bad-tool", "tools")] {
            let case = format!("{dialect} {primary}");
            let tiers = format!(r#"[["primary/{primary}+tools"], ["fallback/{fallback}"]]"#);
            let house = House::with_tiers(dialect, &tiers, "");
            let text = house.ask(dialect, true).await.text();
            assert!(!is_error(&text), "{case}: {text}");
            assert!(text.contains("lookup"), "{case}: {text}");
        }
    }
}

#[tokio::test]
async fn nothing_goes_out_before_the_whole_where_that_is_wanted() {
    let whole = "[policy]\ndelivery = \"whole\"\n";
    for dialect in speaking() {
        let house = House::new(dialect, "cut-after-40", whole);
        let response = house.failsoft.send(call(dialect, true, &[])).await;
        assert_eq!(response.headers()["x-failsoft-target"], "fallback/healthy", "{dialect}");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let answer = house::read(response).await;
        assert_eq!(said(dialect, true, &answer), words(), "{dialect}");
        assert!(is_whole(&answer.text()), "{dialect}");
        assert!(matches!(verdict(&house), Verdict::Served { .. }), "{dialect}");
        assert_eq!(house.primary.attempts()[0].ending, Ending::BrokenOff, "{dialect}");
    }
}

#[tokio::test]
async fn a_silence_is_filled_with_signs_of_life() {
    for dialect in speaking() {
        let slow = "[policy]\nheartbeat = \"50ms\"\n";
        let house = House::new(dialect, "stall-after-20", slow);
        let text = house.ask(dialect, true).await.text();
        let signs = text.lines().filter(|line| *line == ": failsoft").count();
        let speaks = dialect.heartbeat().is_some();
        assert_eq!(signs >= 3, speaks, "{dialect}: {signs} signs in a silence of 400 ms");
        assert_eq!(said(dialect, true, &house::read_text(&text)), words(), "{dialect}");
    }
}

/// Proxies give up on a head that does not come; an error then stands inside the stream.
#[tokio::test]
async fn the_head_does_not_wait_for_ever() {
    let early =
        "[policy]\nbegin_after = \"1s\"\n[routes.assistant.timeouts]\ndeadline = \"2500ms\"\n";
    let mut cases = Cases::new();
    for dialect in speaking().filter(|dialect| dialect.heartbeat().is_some()) {
        for (fault, whole) in [("late-1500ms", true), ("silent", false)] {
            cases.play(async move {
                let tiers = format!(r#"[["primary/{fault}"]]"#);
                let house = House::with_tiers(dialect, &tiers, early);
                let answer = house.ask(dialect, true).await;
                let text = answer.text();
                assert_eq!(answer.status, StatusCode::OK, "{dialect} {fault}");
                assert!(text.starts_with(": failsoft\n\n"), "{dialect} {fault}: {text}");
                assert_eq!(is_whole(&text), whole, "{dialect} {fault}: {text}");
                assert_eq!(is_error(&text), !whole, "{dialect} {fault}: {text}");
            });
        }
    }
    cases.pass().await;
}

#[tokio::test]
async fn a_plain_answer_that_repeats_itself_is_asked_elsewhere() {
    for dialect in speaking() {
        let house = House::new(dialect, "repeat", "");
        let answer = house.ask(dialect, false).await;
        assert_eq!(answer.header("x-failsoft-target"), "fallback/healthy", "{dialect}");
        let allowed = "[policy]\nrepetition = \"allow\"\n";
        let answer = House::new(dialect, "repeat", allowed).ask(dialect, false).await;
        assert_eq!(answer.header("x-failsoft-target"), "primary/repeat", "{dialect}");
    }
}

/// Nobody knows what it held: where another may go on it does, else the answer lacks it.
#[tokio::test]
async fn an_event_that_nobody_can_read_is_left_out_where_nobody_may_go_on() {
    let never = "[routes.assistant.resume]\nenabled = false\n";
    for dialect in speaking() {
        let house = House::new(dialect, "bad-chunk-10", never);
        let answer = house.ask(dialect, true).await;
        // In this dialect events are numbered, so that one is missing is known.
        let told = dialect == Dialect::Responses;
        assert_eq!(
            (is_whole(&answer.text()), is_error(&answer.text())),
            (!told, told),
            "{dialect}"
        );
        assert_ne!(said(dialect, true, &answer), words(), "{dialect}");
    }
}

#[tokio::test]
async fn a_small_bound_holds_over_all_targets_of_an_answer() {
    let chat = Dialect::ChatCompletions;
    for (fault, most, continued) in [("cut-after-20", 25, 1), ("cut-after-10", 25, 2)] {
        let body = format!(
            r#"{{"model":"assistant","stream":true,"max_tokens":{most},
            "messages":[{{"role":"user","content":"Say the words."}}]}}"#
        );
        let house = House::new(chat, fault, "");
        let asked = house::asking(chat, true, body, &[]);
        let answer = house::read(house.failsoft.send(asked).await).await;
        let heard = said(chat, true, &answer);
        assert!(words().starts_with(&heard), "{fault}: {heard}");
        assert!(heard.split(' ').count() <= most, "{fault}: {heard}");
        assert!(answer.text().contains(r#""finish_reason":"length""#), "{}", answer.text());
        assert!(answer.text().trim_end().ends_with("data: [DONE]"), "{}", answer.text());
        assert_eq!(resumes(&house), continued, "{fault}");
        let recorded = house.events.last_call();
        let verdict = if continued == 0 { "served" } else { "resumed" };
        assert_eq!(recorded.call.verdict.as_deref(), Some(verdict), "{fault}");
        assert_eq!(recorded.attempts[0].outcome.as_deref(), Some("failed"), "{fault}");
        let last = recorded.attempts.last().unwrap();
        assert!(last.output_tokens.unwrap() > 0, "{fault}: {last:?}");
    }
}

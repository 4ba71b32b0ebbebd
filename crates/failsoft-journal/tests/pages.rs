//! What `explain` prints.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod kept;
mod samples;

use failsoft_journal::*;
use kept::{broken_streams, filled};
use samples::*;

#[test]
fn a_call_is_told_line_by_line() {
    let (_folder, reader) = filled();
    let story = reader.call("0199-e").unwrap().unwrap();
    let expected = "\
Call 0199-exhausted  failed · 2 attempts · 5.10 s
  route assistant · chat_completions, streamed · interactive · 4.2 KB sent
  2026-11-23 14:02:07 UTC · OpenAI/Python 2.8.0
  deadline 2 min · at most 3 attempts

                           0                    2.55 s         5.10 s
  1 openai/gpt-5.6         ─                                          ✗ 95 ms
  2 local/llama-4          .......................................... ✗ 5.00 s
  . connecting · ─ waiting for content

     0 ms  →  attempt 1 to openai/gpt-5.6: the call's first
                key 3f9a · 2 attempts left after it, deadline in 2 min, 2 of 2
                targets open, tier 1, first content expected in 380 ms
              – anthropic/claude-sonnet-5-5 barred: breaker open until 14:02:10
                (11 of 20 failed in 30.0 s, 50 % open it)
    95 ms  ✗  attempt 1 failed after 95 ms, before first content: rate limited
              (HTTP 429, rate_limit_exceeded, asks to wait 40.0 s)
                “Rate limit reached for gpt-5.6 on tokens per min (TPM): Limit
                30000, Used 29481, Requested 2211.”
                request id req_9f
    95 ms  →  attempt 2 to local/llama-4: another target after the failure,
              translated to messages without seed, logprobs
                key 3f9a
              – not retried: the target asked for a longer wait than this call
                will make (40.0 s, at most 3.00 s)
   5.10 s  ✗  attempt 2 failed after 5.00 s, while connecting: network failure
   5.10 s  –  groq/llama-4-maverick barred: it asked to be left alone until
              14:02:51
   5.10 s  –  no failover: no other target may take it (0 of 4 targets open)

The client got an error (503): rate limited, said by openai/gpt-5.6, and was
told to try again in 30.0 s.
";
    assert_eq!(story.render(&Page::new(Style::Plain, 80)), expected);
}

#[test]
fn a_stream_that_went_on_is_told_with_its_seam() {
    let (_folder, reader) = broken_streams();
    let story = reader.call("0199-resumed").unwrap().unwrap();
    let expected = "\
Call 0199-resumed  resumed after a break · 3 attempts · 4.00 s
  route assistant · chat_completions, streamed · interactive · 4.2 KB sent
  2026-11-23 14:02:03 UTC · OpenAI/Python 2.8.0
  first content after 300 ms · deadline 2 min · at most 3 attempts

                           0                    2.00 s         4.00 s
  1 anthropic…e-sonnet-5-5 ...███████████████████████                 ✗ 2.50 s
  2 openai/gpt-5.6                                   ─                ✗ 100 ms
  3 openai/gpt-5.6                                    .....██████████ ✓ 1.40 s
  . connecting · ─ waiting for content · █ content to the client

     0 ms  →  attempt 1 to anthropic/claude-sonnet-5-5: the call's first
                key 3f9a
   300 ms  »  first content of attempt 1 to the client
   2.50 s  ✗  attempt 1 failed after 2.50 s, in mid-answer: server error (HTTP
              200), 1,200 tokens in, 310 out, 2 malformed events left out
   2.50 s  →  attempt 2 to openai/gpt-5.6: goes on where the stream broke off,
              given the answer's beginning
                key 3f9a
   2.60 s  ✗  attempt 2 failed after 100 ms, before first content: unsupported
              there (HTTP 400)
   2.60 s  →  attempt 3 to openai/gpt-5.6: goes on where the stream broke off,
              asked in words
                key 3f9a
   3.10 s  »  attempt 3 went on at character 1,234 as it was asked to
   4.00 s  ✓  attempt 3 answered after 1.40 s, 1,234 tokens in, 210 out

The client got the whole answer in 2 parts without a seam, the last from
openai/gpt-5.6 (200).
";
    assert_eq!(story.render(&Page::new(Style::Plain, 80)), expected);
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["attempts"][0]["dropped_events"], 2);
    assert_eq!(json["attempts"][0]["output_tokens"], 310);
    assert!(json["attempts"][0]["seam"].is_null() && json["attempts"][0]["onward"].is_null());
    assert_eq!(json["attempts"][2]["seam"], 1_234);
    assert_eq!(json["attempts"][2]["onward"], "asked");
    let cut = reader.call("0199-cut").unwrap().unwrap();
    let last = &cut.timeline.last().unwrap().says;
    assert_eq!(last, "not continued: what the client has cannot be continued");
}

#[test]
fn each_way_to_go_on_has_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    for (id, onward) in [("p", "prefill"), ("a", "asked"), ("n", "anew")] {
        let mut record = resumed(id, 0);
        record.attempts[2].onward = Some(onward);
        journal.recorder().record_call(record);
    }
    journal.close();
    let reader = Reader::open(&path).unwrap();
    for (id, said) in [
        ("p", "attempt 3 went on at character 1,234 by prefill"),
        ("a", "attempt 3 went on at character 1,234 as it was asked to"),
        ("n", "attempt 3 began the answer's text"),
    ] {
        let story = reader.call(id).unwrap().unwrap();
        assert!(story.timeline.iter().any(|happened| happened.says == said), "{story:?}");
    }
}

#[test]
fn pages_keep_to_their_width_and_colour_to_terminals() {
    let (_folder, reader) = filled();
    let story = reader.call("0199-r").unwrap().unwrap();
    for width in [60, 80, 120, 200] {
        let text = story.render(&Page::new(Style::Plain, width));
        assert!(!text.contains('\u{1b}'), "colour on plain paper");
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        let room = if width < 80 { 80 } else { usize::from(width) };
        assert!(longest <= room, "{longest} columns on {width}:\n{text}");
    }
    assert!(story.render(&Page::new(Style::Colour, 80)).contains("\u{1b}[32m"));
}

#[test]
fn json_has_the_documented_names() {
    let (_folder, reader) = filled();
    let story = serde_json::to_value(reader.call("0199-e").unwrap().unwrap()).unwrap();
    assert_eq!(story["call"], "0199-exhausted");
    assert_eq!(story["attempts"][0]["status"], 429);
    assert_eq!(story["timeline"][1]["what"], "attempt_started");
    assert_eq!(story["timeline"][3]["reason"], "wait_too_long");
    assert!(story["tag"].is_null());
    let document = include_str!("../../../docs/explain.md");
    let documented = |name: &str| document.contains(&format!("`{name}`"));
    let lane = &story["lanes"][0];
    for object in [&story, &story["attempts"][0], &story["timeline"][0], lane, &lane["segments"][0]]
    {
        for name in object.as_object().unwrap().keys() {
            assert!(documented(name), "docs/explain.md does not tell of {name}");
        }
    }
    for measure in failsoft_engine::Measure::ALL.map(failsoft_engine::Measure::as_str) {
        assert!(documented(measure), "docs/explain.md does not tell of {measure}");
    }
}

#[test]
fn bars_fit_any_width_and_say_what_an_attempt_did() {
    let all = [
        rescued("r", 0),
        exhausted("e", 0),
        hedged("h", 0),
        resumed("s", 0),
        left("l", 0),
        degraded("d", 0),
        healthy("ok", 0),
    ];
    for record in all {
        let story = Story::of(&record.recorded());
        for width in [60, 61, 79, 80, 120, 200] {
            for style in [Style::Plain, Style::Colour] {
                let text = story.render(&Page::new(style, width));
                let bare = without_colour(&text);
                assert_eq!(bare, story.render(&Page::new(Style::Plain, width)));
                // The first line holds the id, which is never cut.
                let longest = bare.lines().skip(1).map(|line| line.chars().count()).max();
                assert!(longest.unwrap() <= usize::from(width), "{width}:\n{bare}");
                assert!(bare.lines().all(|line| line.trim_end() == line), "{bare:?}");
            }
        }
    }
}

fn without_colour(text: &str) -> String {
    let mut out = String::new();
    for (place, piece) in text.split('\u{1b}').enumerate() {
        out.push_str(if place == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    out
}

#[test]
fn lanes_hold_what_each_attempt_did_when() {
    let story = Story::of(&hedged("h", 0).recorded());
    let lanes = serde_json::to_value(&story.lanes).unwrap();
    let segment = |kind: &str, start_ms: f64, end_ms: f64| serde_json::json!({ "kind": kind, "start_ms": start_ms, "end_ms": end_ms });
    assert_eq!(
        lanes[0]["segments"],
        serde_json::json!([segment("connecting", 0.0, 14.0), segment("waiting", 14.0, 1250.0)])
    );
    assert_eq!(
        lanes[1]["segments"],
        serde_json::json!([
            segment("connecting", 900.0, 914.0),
            segment("waiting", 914.0, 1250.0),
            segment("content", 1250.0, 2900.0)
        ])
    );
    assert_eq!((&lanes[0]["outcome"], &lanes[1]["why"]), (&"cancelled".into(), &"hedge".into()));
    let story = Story::of(&rescued("r", 0).recorded());
    let pauses = serde_json::to_value(&story.pauses).unwrap();
    assert_eq!(pauses, serde_json::json!([segment("pause", 412.0, 824.0)]));
}

#[test]
fn a_decision_is_told_with_its_figures_its_price_and_what_was_refused_for_it() {
    let story = Story::of(&rescued("r", 0).recorded());
    let told = |what: &str| story.timeline.iter().position(|it| it.what == what).unwrap();
    let (wait, refused) = (told("waiting"), told("refused"));
    assert_eq!(story.timeline[refused].instead, Some(wait));
    assert_eq!(story.timeline[refused].because.as_deref(), Some("budget 0.4 of 1 needed"));
    assert_eq!(story.timeline[wait].instead, None);
    // 1,234 tokens read at three dollars a million, and 210 written at fifteen.
    assert_eq!(story.attempts[2].cost_nanos, Some(1_234 * 3_000 + 210 * 15_000));
    assert_eq!(story.cost_in_vain_nanos, Some(1_234 * 3_000));
    assert_eq!(story.cost_nanos, Some(2 * 1_234 * 3_000 + 210 * 15_000));
    assert_eq!(story.tokens_in_vain, 1_234);
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["timeline"][refused]["grounds"]["budget_left_milli"], 400);
    assert_eq!(json["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(json["prompt_tokens"], 1_180);
}

/// Somebody else may have written the rows.
#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let mut recorded = rescued("r", 0).recorded();
    let evil = "x\u{1b}[2J\u{202e}y\n";
    recorded.call.tag = Some(evil.into());
    recorded.call.trace_id = Some(evil.into());
    for attempt in &mut recorded.attempts {
        attempt.words = Some(evil.into());
        attempt.grounds = Some(format!("{evil}=1").into());
        attempt.target.as_mut().unwrap().name = evil.into();
    }
    recorded.steps[0].what = evil.into();
    let story = Story::of(&recorded);
    let text = story.render(&Page::new(Style::Plain, 80)) + &serde_json::to_string(&story).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

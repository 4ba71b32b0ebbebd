//! What passes when, who can go on, and what becomes of calls, thoughts, tokens and ends.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "splice/heard.rs"]
mod heard;
#[path = "splice/told.rs"]
mod told;

use bytes::Bytes;
use failsoft_wire::neutral::{Maker, Part};
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{Dialect, Flaw, Hold, Onward, Resumable, Splicer, StreamReader, TokenCount};
use heard::hear;
use serde_json::json;
use told::{Ended, Said, presented, speak, stream};

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;
const CLIENTS: [Dialect; 4] = [CHAT, MESSAGES, RESPONSES, Dialect::GenerateContent];
const HOLD: Hold = Hold { tool_calls: true, text: false, everything: false };
const NO_HOLD: Hold = Hold { tool_calls: false, text: false, everything: false };

/// A splicer, and the reader a driver has beside it.
struct Line {
    splicer: Splicer,
    reader: StreamReader,
}

impl Line {
    fn new(dialect: Dialect, hold: Hold) -> Self {
        let splicer = Splicer::new(dialect, dialect, presented(), hold, false);
        Self { splicer, reader: StreamReader::new(dialect) }
    }

    /// What passes with these events.
    fn take(&mut self, events: &str) -> Result<String, Flaw> {
        for frame in frames(events) {
            if let Some(frame) = self.splicer.take_alike(frame)? {
                let meaning = self.reader.read(&frame);
                self.splicer.take(frame, meaning)?;
            }
        }
        Ok(String::from_utf8(self.splicer.passable().to_vec()).unwrap())
    }
}

fn frames(events: &str) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(Bytes::copy_from_slice(events.as_bytes()));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn chunk(delta: &serde_json::Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let chunk = json!({"id": "x", "model": "m", "created": 1, "odd": [1], "choices": [choice]});
    format!("data: {chunk}\n\n")
}

fn text(words: &str) -> String {
    chunk(&json!({ "content": words }), None)
}

fn call(index: u32, id: Option<&str>, arguments: &str) -> String {
    let name = id.map(|id| format!("tool_{id}"));
    let call =
        json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    chunk(&json!({ "tool_calls": [call] }), None)
}

fn said(words: &str) -> Vec<Said> {
    vec![Said::Text(words.to_owned())]
}

fn tool(name: &str, arguments: &str) -> Said {
    Said::Call { name: name.to_owned(), arguments: arguments.to_owned() }
}

/// A stream that breaks right before its end is told.
fn broken(splicer: &mut Splicer, dialect: Dialect, said: &[Said]) {
    let whole = stream(dialect, "t0", said, ("stop", &[4]));
    // The longest beginning after which nobody knows that it is whole.
    let cut = match dialect {
        Dialect::ChatCompletions => find(&whole, "\"finish_reason\":\"") - 4,
        Dialect::Messages => find(&whole, "event: message_delta"),
        Dialect::Responses => find(&whole, "event: response.completed"),
        Dialect::GenerateContent => find(&whole, "\"finishReason\""),
        Dialect::BedrockConverse | Dialect::Embeddings => find(&whole, "messageStop") - 30,
    };
    assert_eq!(speak(splicer, dialect, &whole, Some(cut)), Ok(Ended::Broken));
}

fn find(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

/// What is told of a whole answer by another target.
fn whole(
    splicer: &mut Splicer,
    dialect: Dialect,
    said: &[Said],
    stop: &str,
) -> Result<Ended, Flaw> {
    speak(splicer, dialect, &stream(dialect, "t1", said, (stop, &[3, 5])), None)
}

#[test]
fn an_answer_of_the_clients_dialect_passes_byte_for_byte() {
    let mut line = Line::new(CHAT, HOLD);
    let role = chunk(&json!({"role": "assistant", "content": ""}), None);
    assert_eq!(line.take(&format!(": wait\n\n{role}: wait\n\n")).unwrap(), "");
    assert!(!line.splicer.has_content() && !line.splicer.has_released());
    let hi = text("hi");
    assert_eq!(line.take(&hi).unwrap(), format!("{role}{hi}"));
    assert!(line.splicer.has_content() && line.splicer.has_released());
    assert_eq!(line.take(": wait\n\n").unwrap(), ": wait\n\n");
    let finish = chunk(&json!({}), Some("stop"));
    assert_eq!(line.take(&finish).unwrap(), "", "it may not be true");
    let more = text(" there");
    assert_eq!(line.take(&more).unwrap(), format!("{finish}{more}"), "it was not");
    assert_eq!(line.take(&finish).unwrap(), "");
    line.splicer.end(Some(b"data: [DONE]\n\n")).unwrap();
    assert_eq!(line.splicer.passable(), format!("{finish}data: [DONE]\n\n"));
}

#[test]
fn numbered_events_keep_their_order() {
    let mut line = Line::new(RESPONSES, HOLD);
    let event = |number: u32, kind: &str, more: &str| {
        let kind = format!("response.{kind}");
        format!(
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number},\"output_index\":0{more}}}\n\n"
        )
    };
    let words = event(1, "output_text.delta", r#","content_index":0,"delta":"hi""#);
    assert_eq!(line.take(&words).unwrap(), words);
    let busy = event(2, "in_progress", "");
    assert_eq!(line.take(&busy).unwrap(), busy, "nothing is before it");
    let done = event(3, "output_text.done", r#","content_index":0,"text":"hi""#);
    let late = event(4, "in_progress", "");
    assert_eq!(line.take(&(done.clone() + &late)).unwrap(), "", "it must not overtake the end");
    assert_eq!(line.take(": wait\n\n").unwrap(), ": wait\n\n");
    let more = event(5, "output_text.delta", r#","content_index":0,"delta":"!""#);
    assert_eq!(line.take(&more).unwrap(), done + &late + &more);
}

#[test]
fn content_that_comes_with_the_end_waits_for_it() {
    let mut line = Line::new(CHAT, HOLD);
    let hi = text("hi");
    assert_eq!(line.take(&hi).unwrap(), hi);
    let last = chunk(&json!({"content": " there"}), Some("stop"));
    assert_eq!(line.take(&last).unwrap(), "");
    assert_eq!(line.splicer.delivered().text(), "hi");
    assert_eq!(line.splicer.resumable(), Resumable::Anywhere);
    line.splicer.end(None).unwrap();
    assert_eq!(line.splicer.passable(), last);
}

#[test]
fn what_all_was_said_of_that_its_bound_allows_ends_as_length() {
    for client in CLIENTS {
        for (bound, who) in [
            (None, Resumable::Anywhere),
            (Some(5), Resumable::Anywhere),
            (Some(4), Resumable::Said),
        ] {
            let splicer = Splicer::new(client, client, presented(), HOLD, false);
            let mut splicer = splicer.with_bound(bound, 7);
            broken(&mut splicer, client, &said("twenty letters and 1"));
            assert_eq!(splicer.resumable(), who, "{client} {bound:?}");
            if who == Resumable::Said {
                splicer.end_at_bound();
                let end = String::from_utf8(splicer.passable().to_vec()).unwrap();
                let words = ["\"length\"", "max_tokens", "max_output_tokens", "MAX_TOKENS"];
                assert!(words.iter().any(|word| end.contains(word)), "{client}: {end}");
            }
        }
    }
}

#[test]
fn what_is_no_text_is_repaired_and_nothing_else_is_touched() {
    let mut line = Line::new(CHAT, HOLD);
    let before = text("gr\u{fc}n") + &text("gelb");
    assert_eq!(line.take(&before).unwrap(), before);
    let odd: Vec<u8> =
        text("r@t").bytes().map(|byte| if byte == b'@' { 0xfc } else { byte }).collect();
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(Bytes::from(odd));
    let frame = decoder.next_frame().unwrap().unwrap();
    let meaning = line.reader.read(&frame);
    line.splicer.take(frame, meaning).unwrap();
    assert_eq!(line.take(&text("again")).unwrap(), text("r\u{fffd}t") + &text("again"));
    assert_eq!(line.splicer.delivered().text(), "gr\u{fc}ngelbr\u{fffd}tagain");
}

#[test]
fn tool_calls_wait_until_they_are_whole() {
    let mut line = Line::new(CHAT, HOLD);
    let hi = text("hi");
    assert_eq!(line.take(&hi).unwrap(), hi);
    let first = call(0, Some("a"), "{\"x\":") + &call(0, None, "1}");
    assert_eq!(line.take(&first).unwrap(), "");
    assert!(line.splicer.waiting() >= first.len());
    let second = call(1, Some("b"), "{}");
    assert_eq!(line.take(&second).unwrap(), first, "the next tells that it is whole");
    assert_eq!(line.splicer.resumable(), Resumable::Anywhere);
    let calls = |line: &Line| {
        let parts = line.splicer.delivered().parts();
        parts.iter().filter(|part| matches!(part, Part::ToolCall(_))).count()
    };
    assert_eq!(calls(&line), 1);
    let finish = chunk(&json!({}), Some("tool_calls"));
    assert_eq!(line.take(&finish).unwrap(), second);
    assert_eq!(calls(&line), 2);
    line.splicer.end(None).unwrap();
    assert_eq!(line.splicer.passable(), finish);
}

#[test]
fn calls_that_come_side_by_side_wait_for_each_other() {
    let mut line = Line::new(CHAT, HOLD);
    line.take(&text("hi")).unwrap();
    let mixed = call(0, Some("a"), "{\"x\":")
        + &call(1, Some("b"), "{\"y\":")
        + &call(0, None, "1}")
        + &call(1, None, "2}");
    assert_eq!(line.take(&mixed).unwrap(), "");
    assert_eq!(line.splicer.resumable(), Resumable::Anywhere, "nothing of them went out");
    let finish = chunk(&json!({}), Some("tool_calls"));
    assert_eq!(line.take(&finish).unwrap(), mixed);
    let mut line = Line::new(CHAT, NO_HOLD);
    assert_eq!(line.take(&mixed).unwrap(), mixed, "unless nobody wants that");
    assert_eq!(line.splicer.resumable(), Resumable::Never, "half a call went out");
}

#[test]
fn arguments_that_are_no_json_are_told_by_a_stop_or_are_none() {
    for (finish, outcome) in [
        ("tool_calls", Err(Flaw::InvalidToolArguments)),
        ("length", Ok(())),
        ("content_filter", Ok(())),
    ] {
        let mut line = Line::new(CHAT, HOLD);
        let events = text("hi") + &call(0, Some("a"), "{\"x\":") + &chunk(&json!({}), Some(finish));
        assert_eq!(line.take(&events).unwrap(), text("hi"));
        assert_eq!(line.splicer.end(None), outcome, "{finish}");
        let rest = call(0, Some("a"), "{\"x\":") + &chunk(&json!({}), Some(finish));
        let passes = if outcome.is_ok() { rest } else { String::new() };
        assert_eq!(line.splicer.passable(), passes, "{finish}");
    }
}

#[test]
fn what_must_be_whole_is_held_whole() {
    let events = [text("{\"a\":"), text("1}"), chunk(&json!({}), Some("stop"))];
    for (hold, passes) in [
        (Hold { text: true, ..NO_HOLD }, [0, 0, 2]),
        (Hold { everything: true, ..NO_HOLD }, [0, 0, 0]),
        (NO_HOLD, [1, 2, 2]),
    ] {
        let mut line = Line::new(CHAT, hold);
        let mut told = String::new();
        for (event, passes) in events.iter().zip(passes) {
            told += &line.take(event).unwrap();
            assert_eq!(told, events[..passes].concat(), "{hold:?}");
        }
        assert!(line.splicer.has_content());
        line.splicer.end(None).unwrap();
        told.push_str(std::str::from_utf8(&line.splicer.passable()).unwrap());
        assert_eq!(told, events.concat());
    }
}

#[test]
fn calls_that_went_out_are_kept_and_not_told_again() {
    for client in CLIENTS {
        for target in Dialect::TARGETS {
            let mut splicer = Splicer::new(client, client, presented(), HOLD, false);
            let before = [
                Said::Text("Let me look.".to_owned()),
                tool("look", "{\"at\":1,\"by\":\"me\"}"),
                tool("see", "{}"),
            ];
            let stream = stream(client, "t0", &before, ("stop", &[4]));
            let cut = stream.len() - if client == CHAT { 500 } else { 700 };
            let mut told = Vec::new();
            if client != Dialect::GenerateContent {
                assert_eq!(speak(&mut splicer, client, &stream, Some(cut)), Ok(Ended::Broken));
                told.extend(splicer.passable());
            } else {
                broken(&mut splicer, client, &before[..2]);
            }
            told.extend(splicer.passable());
            let onward = splicer.onward(false, false);
            assert_eq!(onward, Onward::Asked);
            splicer.resume(target, onward, None);
            // Not a word of the text again: it was whole.
            let again =
                [tool("look", "{ \"by\":\"me\", \"at\":1}"), tool("see", "{}"), tool("end", "{}")];
            assert_eq!(whole(&mut splicer, target, &again, "stop"), Ok(Ended::Whole));
            told.extend(splicer.passable());
            let heard = hear(client, &told);
            let names: Vec<_> = heard.calls.iter().map(|call| call.0.as_str()).collect();
            assert_eq!(names, ["look", "see", "end"], "{target} to {client}");
            assert_eq!(heard.text, "Let me look.");
            let stops = ["tool_calls", "tool_use", "response.completed", "STOP"];
            let at = CLIENTS.iter().position(|known| *known == client).unwrap();
            assert_eq!(heard.stop, stops[at]);
        }
    }
}

#[test]
fn if_only_thoughts_went_out_another_target_starts_over_in_the_same_message() {
    for client in CLIENTS {
        for target in Dialect::TARGETS {
            let mut splicer = Splicer::new(client, client, presented(), HOLD, false);
            let thought = Said::Thought("Let me weigh all of it.".to_owned());
            let stream =
                stream(client, "t0", &[thought, Said::Text("Yes".to_owned())], ("stop", &[4]));
            let cut = find(&stream, "eigh");
            assert_eq!(speak(&mut splicer, client, &stream, Some(cut)), Ok(Ended::Broken));
            let mut told = splicer.passable().to_vec();
            assert!(!told.is_empty() && splicer.delivered().is_empty());
            assert_eq!(splicer.resumable(), Resumable::Anywhere);
            let onward = splicer.onward(true, true);
            assert_eq!(onward, Onward::Anew);
            splicer.resume(target, onward, Some(Maker(2)));
            let over = [Said::Thought("Hm.".to_owned()), Said::Text("No, never.".to_owned())];
            assert_eq!(whole(&mut splicer, target, &over, "stop"), Ok(Ended::Whole));
            told.extend(splicer.passable());
            let heard = hear(client, &told);
            assert_eq!(heard.text, "No, never.", "{target} to {client}");
            assert!(heard.thoughts.starts_with("Let me w"), "{}", heard.thoughts);
            assert!(heard.thoughts.ends_with("Hm."), "{}", heard.thoughts);
        }
    }
}

#[test]
fn json_goes_on_from_a_prefill_only() {
    let mut splicer = Splicer::new(CHAT, MESSAGES, presented(), HOLD, true);
    assert_eq!(splicer.resumable(), Resumable::Anywhere);
    broken(&mut splicer, MESSAGES, &said("{\"a\":1,"));
    assert_eq!(splicer.resumable(), Resumable::ByPrefill);
    let hold = Hold { text: true, ..HOLD };
    let mut splicer = Splicer::new(CHAT, CHAT, presented(), hold, true);
    broken(&mut splicer, CHAT, &said("{\"a\":1,"));
    assert_eq!(splicer.resumable(), Resumable::Anywhere, "nobody has any of it");
    assert_eq!(splicer.onward(true, false), Onward::Anew);
}

#[test]
fn not_everything_can_be_gone_on_with() {
    let second = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n";
    let refusal = chunk(&json!({"refusal": "I will not"}), None);
    let image = json!({"images": [{"type": "image_url", "image_url": {"url": "https://a.b/c"}}]});
    let image = chunk(&image, None) + &text("c");
    let sound = chunk(&json!({"audio": {"id": "a", "data": "UklGRg=="}}), None);
    for events in [second, &refusal, &image, &sound] {
        let mut line = Line::new(CHAT, HOLD);
        line.take(&(text("a") + events)).unwrap();
        assert_eq!(line.splicer.resumable(), Resumable::Never, "{events}");
    }
}

#[test]
fn tokens_of_all_targets_are_summed() {
    let words = "Some words that were said. ".repeat(20);
    for client in CLIENTS {
        let mut splicer = Splicer::new(client, MESSAGES, presented(), HOLD, false);
        // It told 100 tokens read, as this dialect does at the beginning.
        let mut bytes = stream(MESSAGES, "t0", &said(&words), ("stop", &[9]));
        let told = "\"usage\":{\"input_tokens\":0";
        if let Some(at) = bytes.windows(told.len()).position(|window| window == told.as_bytes()) {
            bytes.splice(at..at + told.len(), "\"usage\":{\"input_tokens\":70".bytes());
        }
        let cut = bytes.len() - 800;
        assert_eq!(speak(&mut splicer, MESSAGES, &bytes, Some(cut)), Ok(Ended::Broken));
        let had = splicer.delivered().text().len();
        let before = splicer.usage();
        assert_eq!(
            before,
            TokenCount { input: 70, output: u32::try_from(had.div_ceil(4)).unwrap() }
        );
        let mut told = splicer.passable().to_vec();
        splicer.resume(CHAT, Onward::Prefill { echoes: true }, None);
        assert_eq!(whole(&mut splicer, CHAT, &said(&words), "stop"), Ok(Ended::Whole));
        told.extend(splicer.passable());
        let sum = TokenCount { input: 170, output: before.output + 10 };
        assert_eq!(splicer.usage(), sum, "{client}");
        let heard = hear(client, &told);
        assert_eq!(heard.usage, (u64::from(sum.input), u64::from(sum.output)), "{client}");
    }
}

#[test]
fn a_restart_that_was_allowed_too_little_does_not_fit() {
    let words: String = (1..=36).map(|n| format!("word{n} ")).collect();
    let rest = "and so the whole of it ends here.";
    for (stop, outcome) in [("length", Err(Flaw::DoesNotFit)), ("stop", Ok(Ended::Whole))] {
        let mut splicer = Splicer::new(CHAT, CHAT, presented(), HOLD, false);
        broken(&mut splicer, CHAT, &said(&words));
        splicer.resume(CHAT, Onward::Asked, None);
        assert_eq!(whole(&mut splicer, CHAT, &said(&(words.clone() + rest)), stop), outcome);
        // Where only the last words come again, the bound is the caller's own.
        let mut splicer = Splicer::new(CHAT, CHAT, presented(), HOLD, false);
        broken(&mut splicer, CHAT, &said(&format!("{words}{rest}")));
        let last = splicer.delivered().last_words().to_owned();
        splicer.resume(CHAT, Onward::Asked, None);
        let again = said(&format!("{last} More."));
        assert_eq!(whole(&mut splicer, CHAT, &again, stop), Ok(Ended::Whole));
    }
}

#[test]
fn nothing_to_add_is_an_end_after_a_prefill_and_a_refusal_is_none() {
    for client in CLIENTS {
        for target in Dialect::TARGETS {
            for (stop, outcome) in
                [("stop", Ok(Ended::Whole)), ("content_filter", Err(Flaw::DoesNotFit))]
            {
                let mut splicer = Splicer::new(client, client, presented(), HOLD, false);
                broken(&mut splicer, client, &said("Everything was said already."));
                let mut told = splicer.passable().to_vec();
                splicer.resume(target, Onward::Prefill { echoes: false }, None);
                if stop != "stop" && target == Dialect::GenerateContent {
                    continue; // there, it is a failure of its own
                }
                assert!(splicer.may_add_nothing());
                assert_eq!(whole(&mut splicer, target, &[], stop), outcome, "{target} {stop}");
                told.extend(splicer.passable());
                if stop == "stop" {
                    assert_eq!(hear(client, &told).text, "Everything was said already.");
                }
            }
        }
    }
}

#[test]
fn the_same_over_and_over_is_a_flaw_nobody_goes_on_with() {
    for target in [CHAT, MESSAGES] {
        let mut splicer = Splicer::new(CHAT, target, presented(), HOLD, false);
        let bytes = stream(target, "t0", &said(&"I see. ".repeat(4000)), ("stop", &[50]));
        assert_eq!(speak(&mut splicer, target, &bytes, None), Err(Flaw::Repeats));
        assert!(splicer.delivered().text().len() < 11 * 1024, "it was seen early");
        assert_eq!(splicer.resumable(), Resumable::Never);
    }
}

#[test]
fn what_is_held_is_watched_too() {
    let line = format!("{{\"x\":{}", "\n\t".repeat(12_000));
    for (target, client) in [(CHAT, CHAT), (CHAT, MESSAGES)] {
        let before = [Said::Text("Let me look.".to_owned()), tool("look", &line)];
        let bytes = stream(target, "t0", &before, ("stop", &[50]));
        let mut splicer = Splicer::new(client, target, presented(), HOLD, false);
        assert_eq!(speak(&mut splicer, target, &bytes, None), Err(Flaw::Repeats));
        let mut splicer = Splicer::new(client, MESSAGES, presented(), HOLD, false);
        broken(&mut splicer, MESSAGES, &before[..1]);
        splicer.resume(target, Onward::Prefill { echoes: true }, None);
        assert_eq!(speak(&mut splicer, target, &bytes, None), Err(Flaw::Repeats));
        assert_eq!(splicer.resumable(), Resumable::Never);
    }
}

#[test]
fn silence_is_an_answer_only_where_everything_was_said() {
    let thought = [Said::Thought("Done, I think.".to_owned())];
    let before = [Said::Text("Let me look.".to_owned()), tool("look", "{}"), tool("see", "{}")];
    for (had, outcome) in [(&before[..1], Err(Flaw::DoesNotFit)), (&before[..], Ok(Ended::Whole))] {
        let mut splicer = Splicer::new(MESSAGES, MESSAGES, presented(), HOLD, false);
        broken(&mut splicer, MESSAGES, had);
        let mut told = splicer.passable().to_vec();
        splicer.resume(CHAT, Onward::Asked, None);
        assert_eq!(splicer.may_add_nothing(), outcome.is_ok());
        assert_eq!(whole(&mut splicer, CHAT, &thought, "stop"), outcome);
        told.extend(splicer.passable());
        if outcome.is_ok() {
            let heard = hear(MESSAGES, &told);
            assert_eq!((heard.calls.len(), heard.stop.as_str()), (2, "tool_use"));
        }
    }
}

#[test]
fn calls_of_two_targets_that_have_the_same_id_are_told_apart() {
    for client in [CHAT, MESSAGES, RESPONSES] {
        let mut splicer = Splicer::new(client, MESSAGES, presented(), HOLD, false);
        broken(&mut splicer, MESSAGES, &[tool("look", "{\"at\":1}")]);
        let mut told = splicer.passable().to_vec();
        assert_eq!(splicer.onward(true, false), Onward::Anew);
        splicer.resume(CHAT, Onward::Anew, None);
        let other = stream(CHAT, "t0", &[tool("end", "{}")], ("stop", &[4]));
        assert_eq!(speak(&mut splicer, CHAT, &other, None), Ok(Ended::Whole));
        told.extend(splicer.passable());
        assert_eq!(hear(client, &told).call_ids, ["call_t0_0", "call_t0_0_2"]);
    }
}

#[test]
fn ids_model_and_time_stay_as_first_told() {
    for client in CLIENTS {
        for first in Dialect::TARGETS {
            let mut splicer = Splicer::new(client, first, presented(), HOLD, false);
            broken(&mut splicer, first, &said("The first words of it, "));
            let mut told = splicer.passable().to_vec();
            let had = splicer.delivered().text().to_owned();
            splicer.resume(MESSAGES, Onward::Prefill { echoes: true }, None);
            let again = said(&(had + "and the last."));
            assert_eq!(whole(&mut splicer, MESSAGES, &again, "stop"), Ok(Ended::Whole));
            told.extend(splicer.passable());
            let heard = hear(client, &told);
            assert!(heard.text.ends_with("and the last."));
            assert!(!heard.id.is_empty() && !heard.id.contains("t1"), "{}", heard.id);
            assert_ne!(heard.model, "t1", "{first} to {client}");
        }
    }
}

//! Streams that are passed on up to any event, and go on as another target's: to the client's own
//! reader, and to the accumulators of its SDK, they are one.

#![expect(clippy::wildcard_enum_match_arm, reason = "of all the rest nothing is asked")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Thread;
use crate::neutral::{
    Assembler, Delta, Maker, Part, PartStart, Piece, Reply, Rest, Seal, Stop, StopReason, Usage,
    deltas,
};
use crate::records::{self, frames};
use crate::sse::Frame;
use crate::translate::WriteDeltas;
use crate::{Dialect, Presented, StreamReader};

const CLIENTS: [Dialect; 4] =
    [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent];

fn presented(id: &str) -> Presented {
    Presented {
        id: id.to_owned(),
        model: "shown".to_owned(),
        created: 1_700_000_000,
        include_usage: true,
        maker: None,
    }
}

/// A stream that broke: what the client has, and what was read of it.
struct Broken {
    dialect: Dialect,
    sent: Vec<u8>,
    thread: Thread,
    /// The answer itself is whole.
    is_whole: bool,
    had: Vec<Delta>,
    /// What the rest of the stream would have said.
    missed: Vec<Delta>,
}

impl Broken {
    fn at(dialect: Dialect, frames: &[Frame], cut: usize) -> Self {
        let (mut thread, mut reader) = (Thread::new(dialect), dialect.deltas());
        let (mut sent, mut had, mut missed) = (Vec::new(), Vec::new(), Vec::new());
        let mut judge = StreamReader::new(dialect);
        for (at, frame) in frames.iter().enumerate() {
            if at < cut {
                thread.follow(frame);
                judge.read(frame);
                sent.extend_from_slice(&frame.bytes);
                reader.read(frame, &mut had);
            } else {
                reader.read(frame, &mut missed);
            }
        }
        reader.end(&mut missed);
        let is_whole = judge.end().is_ok();
        Self { dialect, sent, thread, is_whole, had, missed }
    }

    /// Whether it is of the kind that is gone on with.
    fn is_continuable(&self) -> bool {
        let is_odd = |delta: &&Delta| match delta {
            Delta::PartBegin { choice, start } => {
                *choice > 0 || matches!(start, PartStart::Foreign(_) | PartStart::Media(_))
            }
            Delta::Finish { .. } | Delta::End => true,
            Delta::Begin(_) | Delta::Piece { .. } | Delta::PartEnd { .. } | Delta::Usage(_) => {
                false
            }
        };
        let is_in_call = matches!(
            open(&self.had),
            Some(PartStart::ToolCall { .. } | PartStart::Media(_) | PartStart::Foreign(_))
        );
        let has_begun = self.had.iter().any(|delta| matches!(delta, Delta::Piece { .. }));
        self.thread.is_continuable()
            && has_begun
            && !is_in_call
            && !self.is_whole
            && !self.had.iter().any(|delta| is_odd(&delta))
    }

    /// A writer that knows what the client has.
    fn writer(&self) -> Box<dyn WriteDeltas> {
        let mut writer = self.dialect.events(presented("second"));
        let mut nowhere = Vec::new();
        for delta in coalesced(&self.had) {
            writer.write(&delta, &mut nowhere);
        }
        writer.pick_up(&self.thread);
        writer
    }

    /// The whole stream, as the client gets it.
    fn went_on(&self) -> Vec<u8> {
        let mut whole = self.sent.clone();
        let mut writer = self.writer();
        for delta in &self.missed {
            writer.write(delta, &mut whole);
        }
        whole
    }
}

fn open(deltas: &[Delta]) -> Option<&PartStart> {
    let mut open = None;
    for delta in deltas {
        match delta {
            Delta::PartBegin { start, .. } => open = Some(start),
            Delta::PartEnd { .. } => open = None,
            _ => {}
        }
    }
    open
}

/// The same in as few pieces as it takes.
fn coalesced(had: &[Delta]) -> Vec<Delta> {
    let mut assembler = Assembler::default();
    let mut out = Vec::new();
    for delta in had {
        match delta {
            Delta::Begin(_) => out.push(delta.clone()),
            Delta::PartBegin { .. } => {
                assembler = Assembler::default();
                assembler.push(delta);
            }
            Delta::Piece { .. } => assembler.push(delta),
            Delta::PartEnd { .. } => {
                out.extend(as_part(std::mem::take(&mut assembler).reply()));
                out.push(delta.clone());
            }
            Delta::Finish { .. } | Delta::Usage(_) | Delta::End => {}
        }
    }
    if open(had).is_some() {
        out.extend(as_part(assembler.reply()));
    }
    out
}

fn as_part(reply: Reply) -> Vec<Delta> {
    let mut pieces = deltas(&reply);
    pieces.retain(|delta| {
        matches!(delta, Delta::PartBegin { .. } | Delta::Piece { .. })
            && !matches!(delta, Delta::Piece { piece: Piece::Logprobs(_), .. })
    });
    pieces
}

fn read(dialect: Dialect, stream: &[u8]) -> Reply {
    let (mut reader, mut deltas) = (dialect.deltas(), Vec::new());
    frames(dialect, stream).iter().for_each(|frame| reader.read(frame, &mut deltas));
    reader.end(&mut deltas);
    assembled(&deltas)
}

fn assembled(deltas: &[Delta]) -> Reply {
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assembler.reply()
}

/// What an answer says, without how it is spelled.
fn said(reply: &Reply) -> Vec<String> {
    let part = |part: &Part| match part {
        Part::Text { text, citations, .. } => format!("text {text:?} {}", citations.len()),
        Part::Refusal(text) => format!("refusal {text:?}"),
        Part::Thinking { text, seal, .. } => {
            // One that nobody made is none.
            let seal = seal.as_ref().map(|seal| &seal.value);
            let seal = seal.filter(|value| !value.contains(&Maker::NOBODY.mark()));
            format!("thinking {text:?} {seal:?}")
        }
        Part::ToolCall(call) => {
            let arguments: Value = serde_json::from_str(call.input().as_str()).unwrap();
            format!("call {} {} {arguments}", call.id, call.name)
        }
        Part::Media(_) => "media".to_owned(),
        Part::ToolResult(_) | Part::Foreign(_) => "foreign".to_owned(),
    };
    let mut lines = vec![format!("{:?} {:?} {:?}", reply.id, reply.model, reply.created)];
    for choice in &reply.choices {
        lines.extend(choice.parts.iter().map(part));
        lines.push(format!("{:?}", choice.stop.as_ref().map(|stop| stop.reason)));
    }
    lines
}

fn events(dialect: Dialect, stream: &[u8]) -> Vec<Value> {
    let frames = frames(dialect, stream);
    frames.iter().filter_map(|frame| serde_json::from_slice(frame.data()?).ok()).collect()
}

/// What an SDK that puts the events together relies on.
fn check_order(dialect: Dialect, stream: &[u8], sent: usize) {
    let tail = events(dialect, &stream[sent..]);
    match dialect {
        Dialect::ChatCompletions => chat_order(&events(dialect, &stream[..sent]), &tail),
        Dialect::Messages => messages_order(&events(dialect, stream)),
        Dialect::Responses => responses_order(&events(dialect, stream)),
        Dialect::GenerateContent | Dialect::BedrockConverse | Dialect::Embeddings => {}
    }
}

fn chat_order(head: &[Value], tail: &[Value]) {
    let deltas = |chunk: &Value| chunk["choices"][0]["delta"].clone();
    let has_role = |chunk: &Value| deltas(chunk).get("role").is_some();
    assert!(
        !(head.iter().any(has_role) && tail.iter().any(has_role)),
        "SDKs would say the role twice"
    );
    let calls = |chunks: &[Value]| {
        let calls = chunks
            .iter()
            .map(deltas)
            .flat_map(|delta| delta["tool_calls"].as_array().cloned().unwrap_or_default());
        let named = calls.filter(|call| call["id"].as_str().is_some_and(|id| !id.is_empty()));
        named.map(|call| call["index"].as_u64().unwrap_or(0)).collect::<Vec<_>>()
    };
    let (known, new) = (calls(head), calls(tail));
    assert!(new.iter().all(|index| !known.contains(index)), "{known:?} {new:?}");
    let ids: Vec<_> = tail.iter().map(|chunk| (&chunk["id"], &chunk["created"])).collect();
    if let Some(first) = head.iter().find(|chunk| chunk["choices"][0].is_object()) {
        assert!(ids.iter().all(|id| *id == (&first["id"], &first["created"])), "{ids:?}");
    }
}

fn messages_order(events: &[Value]) {
    let (mut open, mut count, mut starts) = (None, 0, 0);
    for event in events {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => starts += 1,
            "content_block_start" => {
                assert_eq!((open, index), (None, Some(count)), "{event}");
                open = index;
                count += 1;
            }
            "content_block_delta" => assert!(index.is_some() && index == open, "{event}"),
            "content_block_stop" => {
                assert!(index.is_some() && index == open, "{event}");
                open = None;
            }
            _ => {}
        }
    }
    assert_eq!((open, starts), (None, 1));
    assert_eq!(events.iter().filter(|event| event["type"] == "message_stop").count(), 1);
}

fn responses_order(events: &[Value]) {
    let numbers: Vec<_> =
        events.iter().filter_map(|event| event["sequence_number"].as_u64()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
    let mut items: BTreeMap<u64, (Value, Option<Value>)> = BTreeMap::new();
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        let at = event["output_index"].as_u64();
        if kind == "response.output_item.added" {
            let fresh = items.insert(at.unwrap(), (event["item"]["id"].clone(), None));
            assert!(fresh.is_none() && at == Some(items.len() as u64 - 1), "{event}");
        } else if kind == "response.output_item.done" {
            let known = items.get_mut(&at.unwrap()).unwrap();
            assert_eq!(known.0, event["item"]["id"], "{event}");
            assert!(known.1.replace(event["item"].clone()).is_none(), "{event}");
        } else if let Some(id) = event.get("item_id") {
            let known = &items[&at.unwrap()];
            assert_eq!((&known.0, &known.1), (id, &None), "{event}");
        }
    }
    let last = events.last().unwrap();
    let output: Vec<_> = items.into_values().map(|(_, item)| item.expect("ended")).collect();
    assert_eq!(last["response"]["output"], Value::from(output));
    let first = &events[0]["response"];
    for key in ["id", "model", "tools", "temperature", "instructions", "store"] {
        if let Some(told) = first.get(key) {
            assert_eq!(&last["response"][key], told, "{key}");
        }
    }
}

fn check(dialect: Dialect, stream: &[u8], name: &str, most: usize) -> usize {
    let frames = frames(dialect, stream);
    let unbroken = read(dialect, stream);
    let mut count = 0;
    // Behind every event of short streams, and behind some of long ones.
    for cut in (1..frames.len()).step_by(frames.len().div_ceil(most)) {
        let broken = Broken::at(dialect, &frames, cut);
        if !broken.is_continuable() {
            continue;
        }
        count += 1;
        let whole = broken.went_on();
        let place = || format!("{name}, after {cut} of {}", frames.len());
        let mut judge = StreamReader::new(dialect);
        records::frames(dialect, &whole).iter().for_each(|frame| _ = judge.read(frame));
        assert_eq!(judge.end(), Ok(()), "{}", place());
        assert_eq!(said(&read(dialect, &whole)), said(&unbroken), "{}", place());
        let checked = std::panic::catch_unwind(|| check_order(dialect, &whole, broken.sent.len()));
        assert!(checked.is_ok(), "{}:\n{}", place(), String::from_utf8_lossy(&whole));
    }
    count
}

#[test]
fn recorded_streams_go_on_from_any_event() {
    for dialect in CLIENTS {
        let Some(records) = records::of(dialect) else { return };
        let (mut count, mut streams) = (0, 0);
        for record in records {
            let is_whole = record.is_stream && record.is_answered() && record.flaw().is_none();
            if !is_whole || record.has_inband_error || record.body.len() > 30_000 {
                continue;
            }
            let some = check(dialect, &record.body, &record.name, 12);
            count += some;
            streams += usize::from(some > 0);
        }
        println!("{dialect}: {count} cuts of {streams} recorded streams");
        assert!(streams > 3, "{dialect}: hardly any streams were cut");
    }
}

fn stream_of(dialect: Dialect, reply: &Reply, step: usize) -> Vec<u8> {
    let (mut writer, mut stream) = (dialect.events(presented("first")), Vec::new());
    for delta in deltas(reply) {
        for piece in smaller(delta, step) {
            writer.write(&piece, &mut stream);
        }
    }
    stream
}

/// A piece of words as several.
fn smaller(delta: Delta, step: usize) -> Vec<Delta> {
    let (choice, words, make): (u32, String, fn(String) -> Piece) = match delta {
        Delta::Piece { choice, piece: Piece::Text(words) } => (choice, words, Piece::Text),
        Delta::Piece { choice, piece: Piece::Arguments(words) } => {
            (choice, words, Piece::Arguments)
        }
        other => return vec![other],
    };
    let letters: Vec<char> = words.chars().collect();
    let pieces = letters.chunks(step).map(|piece| piece.iter().collect());
    pieces.map(|words| Delta::Piece { choice, piece: make(words) }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_stream_goes_on_from_any_event(
        reply in crate::arbitrary::reply(),
        step in 3..20_usize,
    ) {
        for dialect in CLIENTS {
            check(dialect, &stream_of(dialect, &reply, step), dialect.as_str(), 64);
        }
    }

    #[test]
    fn another_targets_parts_follow_what_broke_off(
        first in crate::arbitrary::reply(),
        second in crate::arbitrary::reply(),
        step in 3..20_usize,
    ) {
        for dialect in CLIENTS {
            let frames = frames(dialect, &stream_of(dialect, &first, step));
            for cut in 1..frames.len() {
                let broken = Broken::at(dialect, &frames, cut);
                if broken.is_continuable() {
                    check_other(&broken, &second);
                }
            }
        }
    }
}

/// The open part is ended, and all another target says follows.
fn check_other(broken: &Broken, second: &Reply) {
    let dialect = broken.dialect;
    let (mut writer, mut whole) = (broken.writer(), broken.sent.clone());
    let mut expected = broken.had.clone();
    if open(&broken.had).is_some() {
        expected.push(Delta::PartEnd { choice: 0 });
        writer.write(&Delta::PartEnd { choice: 0 }, &mut whole);
    }
    writer.made_by(Some(Maker(9)));
    let usage = Usage { input: 5, output: 6, ..Usage::default() };
    let end = [
        Delta::Finish { choice: 0, stop: Stop::of(StopReason::Done) },
        Delta::Usage(usage),
        Delta::End,
    ];
    let parts = deltas(second).into_iter().filter(|delta| {
        matches!(delta, Delta::PartBegin { .. } | Delta::Piece { .. } | Delta::PartEnd { .. })
    });
    for delta in parts.chain(end) {
        writer.write(&delta, &mut whole);
        expected.push(delta);
    }
    let mut judge = StreamReader::new(dialect);
    records::frames(dialect, &whole).iter().for_each(|frame| _ = judge.read(frame));
    assert_eq!(judge.end(), Ok(()));
    let usage = judge.usage();
    assert_eq!((usage.input, usage.output), (5, 6), "{dialect}");
    check_order(dialect, &whole, broken.sent.len());
    let words = |reply: &Reply| {
        let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
        let mut words = (String::new(), String::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text { text, .. } => words.0.push_str(text.trim()),
                Part::Thinking { text, .. } => words.1.push_str(text.trim()),
                Part::ToolCall(call) => words.2.push(call.name.clone()),
                _ => {}
            }
        }
        words.0.retain(|letter| !letter.is_whitespace());
        words.1.retain(|letter| !letter.is_whitespace());
        words
    };
    assert_eq!(words(&read(dialect, &whole)), words(&assembled(&expected)), "{dialect}");
}

/// A seal as the client gets it, of thoughts during which another target began to speak.
fn seal_of_cut_thoughts(dialect: Dialect, first: Option<Maker>, seal: Option<&str>) -> String {
    let mut writer = dialect.events(Presented { maker: first, ..presented("first") });
    let mut out = Vec::new();
    let rest = Rest::default();
    writer.write(&Delta::PartBegin { choice: 0, start: PartStart::Thinking { rest } }, &mut out);
    let pieces = [
        Some(Piece::Text("Hm".to_owned())),
        seal.map(|value| Piece::Seal(Seal { value: value.to_owned(), maker: None })),
    ];
    for piece in pieces.into_iter().flatten() {
        writer.write(&Delta::Piece { choice: 0, piece }, &mut out);
    }
    writer.made_by(Some(Maker(9)));
    writer.write(&Delta::PartEnd { choice: 0 }, &mut out);
    let events = events(dialect, &out);
    let seals = events.iter().filter_map(|event| {
        event["delta"]["signature"].as_str().or(event["item"]["encrypted_content"].as_str())
    });
    seals.fold("", |_, last| last).to_owned()
}

#[test]
fn thoughts_that_break_off_are_nobodys_and_no_other_targets() {
    for dialect in [Dialect::Messages, Dialect::Responses] {
        for first in [None, Some(Maker(5))] {
            let seal = seal_of_cut_thoughts(dialect, first, None);
            assert_eq!(seal, Maker::NOBODY.mark(), "{dialect} {first:?}");
            assert_eq!(crate::read_seal(dialect, &seal).maker, Some(Maker::NOBODY));
        }
        assert_eq!(seal_of_cut_thoughts(dialect, None, Some("made")), "made");
        let marked = seal_of_cut_thoughts(dialect, Some(Maker(5)), Some("made"));
        assert_eq!(marked, "fs1.0000000000000005.made");
    }
}

/// Frames of a dialect as a target sends them.
fn sent(events: &[Value]) -> Vec<u8> {
    let frame = |event: &Value| {
        let name = event["type"].as_str().unwrap();
        format!("event: {name}\ndata: {event}\n\n").into_bytes()
    };
    events.iter().flat_map(frame).collect()
}

#[test]
fn what_no_piece_tells_of_is_not_gone_on_from() {
    let start = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
    let begin = json!({"type": "message_start", "message": {"id": "msg_1"}});
    let search = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let text = json!({"type": "text", "text": ""});
    for (events, next) in [
        (vec![begin.clone(), start(0, search.clone())], None),
        (vec![begin.clone(), start(0, search.clone()), stop(0)], Some(1)),
        // Empty, so nothing is written of it; but it has a number.
        (vec![begin.clone(), start(0, text.clone()), stop(0)], Some(1)),
        (vec![begin.clone(), start(0, text.clone())], Some(0)),
        (vec![begin.clone(), start(0, text.clone()), start(1, text.clone())], None),
    ] {
        let frames = frames(Dialect::Messages, &sent(&events));
        let broken = Broken::at(Dialect::Messages, &frames, frames.len());
        assert_eq!(broken.thread.is_continuable(), next.is_some(), "{events:?}");
        let Some(next) = next else { continue };
        let mut more = Vec::new();
        let mut writer = broken.writer();
        let is_open = events.len() == 2;
        if !is_open {
            writer.write(&Delta::PartBegin { choice: 0, start: PartStart::Text }, &mut more);
        }
        let piece = Piece::Text("Hi".to_owned());
        writer.write(&Delta::Piece { choice: 0, piece }, &mut more);
        let more = self::events(Dialect::Messages, &more);
        let starts = more.iter().filter(|event| event["type"] == "content_block_start").count();
        assert_eq!(
            (&more[0]["index"], starts),
            (&json!(next), usize::from(!is_open)),
            "{events:?}"
        );
    }
}

#[test]
fn thoughts_of_several_summaries_end_as_they_began() {
    let (id, at) = ("rs_1", 0);
    let part = |text: &str| json!({"type": "summary_text", "text": text});
    let event = |kind: &str, index: u32, key: &str, value: Value| json!({"type": format!("response.reasoning_summary_{kind}"), "item_id": id, "output_index": at, "summary_index": index, key: value});
    let mut events = vec![
        json!({"type": "response.created", "response": {"id": "resp_1", "tools": [1], "status": "queued"}}),
        json!({"type": "response.output_item.added", "output_index": at, "item": {"type": "reasoning", "id": id, "summary": []}}),
        event("part.added", 0, "part", part("")),
        event("text.delta", 0, "delta", "One".into()),
        event("text.done", 0, "text", "One".into()),
        event("part.done", 0, "part", part("One")),
        event("part.added", 1, "part", part("")),
        event("text.delta", 1, "delta", "Tw".into()),
    ];
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = (number + 3).into();
    }
    let frames = frames(Dialect::Responses, &sent(&events));
    let broken = Broken::at(Dialect::Responses, &frames, frames.len());
    let (mut writer, mut more) = (broken.writer(), Vec::new());
    writer.write(&Delta::PartEnd { choice: 0 }, &mut more);
    writer.write(&Delta::End, &mut more);
    let more = self::events(Dialect::Responses, &more);
    let item = json!({"type": "reasoning", "id": id, "summary": [part("One"), part("Tw")],
        "encrypted_content": Maker::NOBODY.mark()});
    let kinds: Vec<_> = more.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!((&more[0]["summary_index"], &more[0]["text"]), (&json!(1), &json!("Tw")));
    assert_eq!(more[0]["sequence_number"], 11);
    assert_eq!((&more[2]["item"], &more[3]["response"]["output"]), (&item, &json!([item])));
    let response = &more[3]["response"];
    assert_eq!((&response["tools"], &response["status"]), (&json!([1]), &json!("completed")));
}

#[test]
fn a_calls_number_follows_those_that_were_said() {
    let chunk = |delta: Value| {
        let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": delta}]});
        format!("data: {chunk}\n\n").into_bytes()
    };
    // Some servers count from one.
    let call = json!([{"index": 1, "id": "a", "function": {"name": "f", "arguments": "{}"}}]);
    let text = json!({"role": "assistant", "content": "Hm"});
    let stream = [chunk(text), chunk(json!({"tool_calls": call}))].concat();
    let frames = frames(Dialect::ChatCompletions, &stream);
    let broken = Broken::at(Dialect::ChatCompletions, &frames, frames.len());
    let (mut writer, mut more) = (broken.writer(), Vec::new());
    writer.write(&Delta::PartEnd { choice: 0 }, &mut more);
    let (id, name, rest) = ("b".to_owned(), "g".to_owned(), Rest::default());
    let start = PartStart::ToolCall { id, name, is_custom: false, rest };
    writer.write(&Delta::PartBegin { choice: 0, start }, &mut more);
    let more = events(Dialect::ChatCompletions, &more);
    assert_eq!(more.len(), 1, "the role was said");
    assert_eq!(more[0]["choices"][0]["delta"]["tool_calls"][0]["index"], 2);
}

#[test]
fn a_role_is_said_once() {
    let stream =
        br#"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    let frames = frames(Dialect::ChatCompletions, &[stream.as_slice(), b"\n\n"].concat());
    let broken = Broken::at(Dialect::ChatCompletions, &frames, frames.len());
    let (mut writer, mut more) = (broken.writer(), Vec::new());
    writer.write(&Delta::PartBegin { choice: 0, start: PartStart::Text }, &mut more);
    let piece = Piece::Text("Hi".to_owned());
    writer.write(&Delta::Piece { choice: 0, piece }, &mut more);
    let more = events(Dialect::ChatCompletions, &more);
    assert_eq!(more.len(), 1);
    assert_eq!(more[0]["choices"][0]["delta"], json!({"content": "Hi"}));
}

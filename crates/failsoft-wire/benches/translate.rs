//! What translation costs: a call of 10 KB and one text delta of a stream, from each dialect to each
//! other.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use failsoft_wire::neutral::{Call, Maker, Part, Rest, Role, Tool, ToolCall, ToolResult, Turn};
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{
    Addressed, Destination, Dialect, FrameDecoder, Hold, Presented, Splicer, StreamReader,
    StreamTranslator,
};

const CLIENTS: [Dialect; 4] =
    [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent];

/// One event with four words in each dialect that streams events.
const EVENTS: [(Dialect, &str); 4] = [
    (
        Dialect::ChatCompletions,
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1795392000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" nobody ever wonders why\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
    ),
    (
        Dialect::Messages,
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" nobody ever wonders why\"}}\n\n",
    ),
    (
        Dialect::Responses,
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":9,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" nobody ever wonders why\",\"logprobs\":[]}\n\n",
    ),
    (
        Dialect::GenerateContent,
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" nobody ever wonders why\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r\"}\n\n",
    ),
];

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

/// A conversation with tools, of about 10 KB in every dialect.
fn call() -> Call {
    let schema = failsoft_wire::neutral::Json::new(
        r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"#,
    );
    let words = "A careful guide already knows the next road, and \"walks\" it without fuss.\n";
    let mut turns = Vec::new();
    for round in 0..6 {
        let id = format!("call_{round}");
        turns.push(turn(Role::User, vec![Part::text(words.repeat(12))]));
        let call = ToolCall {
            id: id.clone(),
            name: "weather".to_owned(),
            arguments: "{\"city\":\"Paris\"}".to_owned(),
            seal: None,
            is_custom: false,
            rest: Rest::default(),
        };
        turns.push(turn(Role::Assistant, vec![Part::text(words), Part::ToolCall(call)]));
        let result = ToolResult {
            id,
            name: Some("weather".to_owned()),
            content: vec![Part::text(words.repeat(5))],
            is_error: false,
            rest: Rest::default(),
        };
        turns.push(turn(Role::User, vec![Part::ToolResult(result)]));
    }
    let tool = Tool {
        name: "weather".to_owned(),
        description: Some(words.to_owned()),
        schema,
        strict: None,
        rest: Rest::default(),
    };
    Call {
        model: "assistant".to_owned(),
        system: vec![Part::text(words.repeat(4))],
        turns,
        tools: vec![tool],
        max_tokens: Some(1_000),
        ..Call::default()
    }
}

fn to() -> Destination<'static> {
    Destination {
        model: "model",
        maker: Maker(1),
        max_output: None,
        follows_schemas: true,
        marks_prefill: failsoft_wire::PrefillMark::None,
    }
}

fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call of 10 KB");
    let addressed = Addressed { model: "assistant".to_owned(), stream: false };
    for client in CLIENTS {
        let body = client.encode_call(&call(), &to()).map(|encoded| encoded.body);
        let Ok(body) = body else { continue };
        for target in Dialect::TARGETS.into_iter().filter(|target| *target != client) {
            let id = BenchmarkId::new(client.as_str(), target);
            group.throughput(criterion::Throughput::Bytes(body.len() as u64));
            group.bench_with_input(id, &body, |bencher, body| {
                bencher.iter(|| {
                    let call = client.decode_call(black_box(body), Some(&addressed));
                    call.map(|call| target.encode_call(&call, &to()))
                });
            });
        }
    }
}

/// What must have come before a text delta means something.
const OPENING: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";

fn frames(events: &'static str) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(Bytes::from_static(events.as_bytes()));
    std::iter::from_fn(|| decoder.next_frame().ok().flatten()).collect()
}

fn presented() -> Presented {
    Presented {
        id: "0199".to_owned(),
        model: "m".to_owned(),
        created: 1_795_392_000,
        include_usage: true,
        maker: Some(Maker(1)),
    }
}

fn deltas(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text delta");
    for (target, event) in EVENTS {
        let Some(frame) = frames(event).pop() else { continue };
        let opening = if target == Dialect::Messages { frames(OPENING) } else { Vec::new() };
        for client in CLIENTS.into_iter().filter(|client| *client != target) {
            let id = BenchmarkId::new(target.as_str(), client);
            let mut translator = StreamTranslator::new(target, client, presented());
            let mut out = Vec::with_capacity(4096);
            opening.iter().for_each(|frame| translator.frame(frame, &mut out));
            out.clear();
            translator.frame(&frame, &mut out);
            assert!(!out.is_empty(), "a delta becomes one: {target} to {client}");
            group.bench_with_input(id, &frame, |bencher, frame| {
                bencher.iter(|| {
                    out.clear();
                    translator.frame(black_box(frame), &mut out);
                });
            });
        }
    }
}

/// Events of a stream that is passed on, beside the same without a splicer: what knowing it costs.
const MANY: u64 = 200;

fn spliced(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("splice");
    group.throughput(criterion::Throughput::Elements(MANY));
    for (dialect, event) in EVENTS {
        let opening = if dialect == Dialect::Messages { OPENING } else { "" };
        let bytes = Bytes::from(opening.to_owned() + &event.repeat(MANY as usize));
        group.bench_with_input(BenchmarkId::new("frames", dialect), &bytes, |bencher, bytes| {
            bencher.iter(|| {
                let mut decoder = FrameDecoder::new(dialect, 1 << 20);
                let mut reader = StreamReader::new(dialect);
                decoder.push(bytes.clone());
                while let Ok(Some(frame)) = decoder.next_frame() {
                    black_box(reader.read(&frame));
                    black_box(frame.bytes);
                }
            });
        });
        group.bench_with_input(BenchmarkId::new("spliced", dialect), &bytes, |bencher, bytes| {
            let hold = Hold { tool_calls: true, ..Hold::default() };
            bencher.iter(|| {
                let mut decoder = FrameDecoder::new(dialect, 1 << 20);
                let mut reader = StreamReader::new(dialect);
                let mut splicer = Splicer::new(dialect, dialect, presented(), hold, false);
                decoder.push(bytes.clone());
                while let Ok(Some(frame)) = decoder.next_frame() {
                    splice(&mut splicer, &mut reader, frame);
                }
                black_box(splicer.passable());
            });
        });
    }
}

/// Gives an event to the splicer as a stream does: one that is like the last is not read again.
fn splice(splicer: &mut Splicer, reader: &mut StreamReader, frame: Frame) {
    let Ok(Some(frame)) = splicer.take_alike(frame) else { return };
    let meaning = reader.read(&frame);
    let _ = splicer.take(frame, meaning);
}

criterion_group!(benches, calls, deltas, spliced);
criterion_main!(benches);

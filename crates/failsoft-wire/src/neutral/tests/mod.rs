//! All dialects with one another.

mod crossing;
mod digest;
mod pairs;
mod rules;

use crate::neutral::{Assembler, Call, Feature, Maker, Reply, Rule, deltas};
use crate::records::frames;
use crate::{Addressed, Destination, Dialect, Presented, StreamTranslator};

/// Dialects of clients whose answers can be written anew.
const CLIENTS: [Dialect; 4] =
    [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent];

/// A target of each dialect that can do what its dialect can.
fn destination(dialect: Dialect) -> Destination<'static> {
    let model = match dialect {
        Dialect::ChatCompletions | Dialect::Embeddings => "gpt-4.1",
        Dialect::Messages => "claude-sonnet-4-5",
        Dialect::Responses => "gpt-5.1",
        Dialect::GenerateContent => "gemini-2.5-flash",
        Dialect::BedrockConverse => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    };
    Destination {
        model,
        maker: Maker(7),
        max_output: Some(4_096),
        follows_schemas: true,
        marks_prefill: crate::PrefillMark::None,
    }
}

fn presented() -> Presented {
    Presented {
        id: "4711".to_owned(),
        model: "assistant".to_owned(),
        created: 1_795_392_000,
        include_usage: true,
        maker: Some(Maker(7)),
    }
}

/// A call's bytes read in the dialect they were written in.
fn read_call(dialect: Dialect, body: &[u8], model: &str) -> Call {
    let addressed = Addressed { model: model.to_owned(), stream: false };
    let call = dialect.decode_call(body, Some(&addressed));
    call.unwrap_or_else(|problem| panic!("{problem}: {}", String::from_utf8_lossy(body)))
}

/// Whether a dialect's table says that a call may be refused for this: always, or in part.
fn may_refuse(dialect: Dialect, feature: Feature) -> bool {
    let row = dialect.rules().iter().find(|row| row.feature == feature).unwrap();
    row.rule == Rule::Refuse || row.how.contains("refuse")
}

/// A whole answer by way of another dialect.
fn by_way_of(dialect: Dialect, reply: &Reply) -> Reply {
    let body = dialect.encode_reply(reply, &presented());
    dialect.decode_reply(&body).unwrap()
}

/// A stream's bytes put together.
fn assembled(dialect: Dialect, stream: &[u8]) -> Reply {
    let (mut reader, mut deltas) = (dialect.deltas(), Vec::new());
    frames(dialect, stream).iter().for_each(|frame| reader.read(frame, &mut deltas));
    reader.end(&mut deltas);
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assert!(assembler.is_whole());
    assembler.reply()
}

/// A stream's bytes as they go to a client of another dialect.
fn translated(from: Dialect, to: Dialect, stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut translator = StreamTranslator::new(from, to, presented());
    for frame in frames(from, stream) {
        translator.frame(&frame, &mut out);
    }
    translator.end(&mut out);
    out
}

/// A whole answer as a stream.
fn streamed(dialect: Dialect, reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = dialect.events(presented());
    deltas(reply).iter().for_each(|delta| writer.write(delta, &mut out));
    out
}

//! What is written is read again, but for what the rules leave out.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::call::{decode_call, encode_call};
use super::super::event_stream::{Decoder, push_event};
use super::super::reply::{decode_reply, encode_reply};
use super::{CLAUDE, ELDER_CLAUDE, NOVA, OTHER, arbitrary, assembled, presented, streamed, to};
use crate::dialect::closed_schema::closed;
use crate::neutral::{
    Call, Json, OutputFormat, Part, Reply, Rest, Sampling, Tool, ToolChoice, Turn,
};
use crate::stream::{Meaning, StreamReader};
use crate::translate::ReadDeltas;

/// The call as a model without parameters of its own gets it.
fn normal(mut call: Call) -> Call {
    let mut names = Vec::new();
    for part in call.turns.iter().flat_map(|turn| &turn.parts) {
        if let Part::ToolCall(call) = part {
            names.push(call.name.clone());
        }
    }
    // Forbidden tools are left out, but for a history that uses them: then all are named, and
    // those offered no more get an empty schema.
    if call.tool_choice == Some(ToolChoice::None) && names.is_empty() {
        call.tools.clear();
    }
    if call.tool_choice == Some(ToolChoice::None) || call.tools.is_empty() {
        call.tool_choice = None;
    }
    if call.tools.is_empty() {
        for name in names {
            if call.tools.iter().all(|tool| tool.name != name) {
                let schema = Json::new(r#"{"type":"object","properties":{}}"#);
                let rest = Rest::default();
                call.tools.push(Tool { name, description: None, schema, strict: None, rest });
            }
        }
    }
    // Schemas that are followed to the letter are closed.
    for tool in call.tools.iter_mut().filter(|tool| tool.strict == Some(true)) {
        tool.schema = tool.schema.as_ref().and_then(|known| Json::new(&closed(known)?));
    }
    // Turns of one role are one; a result does not name its tool.
    let mut turns: Vec<Turn> = Vec::new();
    for mut turn in call.turns {
        for part in &mut turn.parts {
            if let Part::ToolResult(result) = part {
                result.name = None;
            }
        }
        match turns.last_mut().filter(|last| last.role == turn.role) {
            Some(last) => last.parts.extend(turn.parts),
            None => turns.push(turn),
        }
    }
    call.turns = turns;
    call.output = match call.output {
        // An instruction instead.
        OutputFormat::Text | OutputFormat::Json => OutputFormat::Text,
        OutputFormat::Schema { name, description, schema, .. } => {
            let schema = Json::new(&closed(&schema).unwrap()).unwrap();
            OutputFormat::Schema { name, description, schema, strict: None }
        }
    };
    let Sampling { temperature, top_p, .. } = call.sampling;
    call.sampling = Sampling { temperature, top_p, ..Sampling::default() };
    Call {
        model: String::new(),
        parallel_tools: None,
        reasoning: None,
        user: None,
        stream: false,
        ..call
    }
}

/// The answer as this dialect can say it.
fn normal_reply(mut reply: Reply) -> Reply {
    for part in &mut reply.choices[0].parts {
        if let Part::Text { citations, .. } = part {
            for citation in citations {
                (citation.span, citation.rest) = (None, Rest::default());
            }
        }
    }
    if let Some(stop) = &mut reply.choices[0].stop {
        stop.word = None;
    }
    if let Some(usage) = &mut reply.usage {
        (usage.reasoning, usage.rest) = (0, Rest::default());
    }
    Reply { id: None, model: None, created: None, ..reply }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn calls_are_read_as_they_were_written(call in arbitrary::call()) {
        let encoded = encode_call(&call, &to(OTHER)).unwrap();
        let mut decoded = decode_call(&encoded.body).unwrap();
        // Instructions of ours stand behind those of the caller.
        decoded.system.truncate(call.system.len());
        decoded.rest = Rest::default();
        prop_assert_eq!(decoded, normal(call));
    }

    #[test]
    fn calls_written_again_in_their_own_dialect_are_the_same(
        call in arbitrary::call(),
        model in prop::sample::select(vec![CLAUDE, ELDER_CLAUDE, NOVA, OTHER]),
        follows_schemas in any::<bool>(),
    ) {
        let to = crate::Destination { follows_schemas, ..to(model) };
        let first = encode_call(&call, &to).unwrap();
        let again = encode_call(&decode_call(&first.body).unwrap(), &to).unwrap();
        let value = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap();
        prop_assert_eq!(value(&again.body), value(&first.body));
        prop_assert_eq!(again.notes, []);
        // Roles take turns, and the caller begins.
        let messages = value(&first.body)["messages"].as_array().unwrap().clone();
        for (index, message) in messages.iter().enumerate() {
            prop_assert_eq!(&message["role"], ["user", "assistant"][index % 2]);
        }
    }

    #[test]
    fn replies_are_read_as_they_were_written(reply in arbitrary::reply()) {
        let decoded = decode_reply(&encode_reply(&reply, &presented())).unwrap();
        prop_assert_eq!(normal_reply(decoded), normal_reply(reply));
    }

    #[test]
    fn streams_say_what_plain_replies_say(reply in arbitrary::reply()) {
        let plain = decode_reply(&encode_reply(&reply, &presented())).unwrap();
        let stream = streamed(&reply);
        prop_assert_eq!(assembled(&stream), plain);
        let mut reader = StreamReader::new(crate::Dialect::BedrockConverse);
        for frame in super::frames(&stream) {
            let meaning = reader.read(&frame);
            prop_assert!(!matches!(meaning, Meaning::Malformed | Meaning::Error));
        }
        prop_assert!(reader.is_complete());
        prop_assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in strange(), at in any::<prop::sample::Index>()) {
        _ = decode_call(&bytes);
        _ = super::super::read_reply(&bytes);
        if let Ok(reply) = decode_reply(&bytes) {
            _ = encode_reply(&reply, &presented());
            _ = streamed(&reply);
        }
        if let Ok(encoded) = decode_call(&bytes).map(|call| encode_call(&call, &to(OTHER)))
            && let Ok(encoded) = encoded
        {
            prop_assert!(crate::scan::is_json(&encoded.body));
        }
        let mut stream = Vec::new();
        let events =
            ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
        for event in events {
            push_event(&mut stream, event, |out| out.extend(&bytes));
        }
        let read = assembled(&stream);
        _ = streamed(&read);
        // And with a byte changed.
        let at = at.index(stream.len());
        stream[at] ^= 1;
        let mut decoder = Decoder::new(1 << 20);
        let mut reader = super::super::DeltaReader::default();
        let mut out = Vec::new();
        decoder.push(Bytes::from(stream));
        while let Ok(Some(frame)) = decoder.next_frame() {
            reader.read(&frame, &mut out);
        }
    }
}

/// Bytes made of what the decoders look for.
#[expect(clippy::too_many_lines, reason = "a list of pieces")]
fn strange() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&str> = vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "1",
        "null",
        "{}",
        "\"a\"",
        "\\",
        "\u{fc}",
        "\"messages\":[",
        "\"role\":\"user\"",
        "\"content\":[",
        "\"text\":\"a\"",
        "\"image\":{",
        "\"format\":\"png\"",
        "\"source\":{\"bytes\":\"YQ==\"}",
        "\"toolUse\":{\"toolUseId\":\"a\"",
        "\"name\":\"b\"",
        "\"input\":{}",
        "\"toolResult\":{",
        "\"reasoningContent\":{",
        "\"redactedContent\":\"YQ==\"",
        "\"citationsContent\":{",
        "\"citations\":[",
        "\"contentBlockIndex\":0",
        "\"delta\":{",
        "\"start\":{",
        "\"stopReason\":\"end_turn\"",
        "\"usage\":{\"inputTokens\":1}",
        "\"output\":{\"message\":{",
        "\"toolConfig\":{\"tools\":[",
        "\"toolSpec\":{",
        "\"inferenceConfig\":{",
        "\"additionalModelRequestFields\":{",
        "\"outputConfig\":{\"textFormat\":{",
        "\"document\":{\"name\":\"a\"",
        "\"type\":\"server_tool_use\"",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let nonsense = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    let right = vec![
        r#"{"messages":[{"role":"user","content":[{"text":"a"},{"image":{"format":"png","source":{"bytes":"YQ=="}}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{}}}}]}}"#,
        r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"a","name":"b","input":{"c":1}}},{"reasoningContent":{"reasoningText":{"text":"a","signature":"s"}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1}}"#,
        r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b","type":"server_tool_use"}},"delta":{"toolUse":{"input":"{}"}},"stopReason":"end_turn","usage":{}}"#,
        r#"{"contentBlockIndex":0,"start":{"image":{"format":"png"}},"delta":{"image":{"source":{"bytes":"YQ=="}}}}"#,
        r#"{"contentBlockIndex":3,"delta":{"citation":{"title":"a","location":{"web":{"url":"u"}}},"text":"b"}}"#,
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let nearly = (prop::sample::select(right), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![nonsense, nearly]
}

//! Calls, answers and streams between every pair of dialects: nothing panics, and what is written is
//! JSON or whole frames.

#![no_main]

use bytes::Bytes;
use failsoft_wire::neutral::Maker;
use failsoft_wire::{
    Addressed, Destination, Dialect, FrameDecoder, PrefillMark, Presented, StreamTranslator,
};
use libfuzzer_sys::fuzz_target;

const TO: Destination<'static> = Destination {
    model: "m",
    maker: Maker(7),
    max_output: None,
    follows_schemas: true,
    marks_prefill: PrefillMark::None,
};

fn presented() -> Presented {
    Presented {
        id: "1".to_owned(),
        model: "m".to_owned(),
        created: 0,
        include_usage: true,
        maker: Some(Maker(7)),
    }
}

fn whole(from: Dialect, body: &[u8]) {
    let addressed = Addressed { model: "m".to_owned(), stream: false };
    let call = from.decode_call(body, Some(&addressed)).ok();
    let reply = from.decode_reply(body).ok();
    for to in Dialect::TARGETS {
        let asked = call.as_ref().and_then(|call| to.encode_call(call, &TO).ok());
        let told = reply.as_ref().map(|reply| to.encode_reply(reply, &presented()));
        for json in asked.map(|encoded| encoded.body).into_iter().chain(told) {
            let parsed = serde_json::from_slice::<serde_json::Value>(&json);
            let is_json = parsed.is_ok() || parsed.is_err_and(|error| is_bound(&error));
            assert!(is_json, "{from} to {to}");
        }
    }
}

/// Not a fault of the text: trees have a bound on depth, and numbers have one on size.
fn is_bound(error: &serde_json::Error) -> bool {
    let words = error.to_string();
    words.starts_with("recursion limit") || words.starts_with("number out of range")
}

fn stream(from: Dialect, stream: &[u8]) {
    let mut decoder = FrameDecoder::new(from, 1 << 16);
    decoder.push(Bytes::copy_from_slice(stream));
    let frames: Vec<_> = std::iter::from_fn(|| decoder.next_frame().ok().flatten()).collect();
    for to in Dialect::TARGETS {
        let (mut translator, mut out) = (StreamTranslator::new(from, to, presented()), Vec::new());
        frames.iter().for_each(|frame| translator.frame(frame, &mut out));
        translator.end(&mut out);
        let mut left = out.len();
        let mut written = FrameDecoder::new(to, 1 << 30);
        written.push(out.into());
        while let Some(frame) = written.next_frame().expect("frames are well made") {
            left -= frame.bytes.len();
        }
        assert_eq!(left, 0, "{from} to {to}: bytes after the last frame");
    }
}

fuzz_target!(|bytes: &[u8]| {
    for from in Dialect::TARGETS {
        whole(from, bytes);
        stream(from, bytes);
    }
});

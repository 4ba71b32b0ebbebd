//! Recorded streams pass as they came; broken anywhere, they are gone on with by another target.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "splice/heard.rs"]
#[expect(dead_code, reason = "recorded streams are odder than what it takes")]
mod heard;
mod records;
#[path = "splice/told.rs"]
mod told;

use failsoft_wire::{
    Dialect, FrameDecoder, Hold, Meaning, Onward, Resumable, Splicer, StreamReader,
    StreamTranslator,
};
use records::{Record, Tally};
use told::{Ended, Said, presented, speak, stream};

const HOLD: Hold = Hold { tool_calls: true, text: false, everything: false };

/// Streams that are answers in a dialect clients speak.
fn streams(tally: &mut Tally) -> Option<Vec<&'static Record>> {
    let mut streams = Vec::new();
    for record in records::all()?.iter().filter(|record| record.is_answered() && record.is_stream) {
        if record.dialect == Dialect::BedrockConverse {
            continue;
        }
        match record.flaw() {
            Some(flaw) => tally.leave_out(record, format_args!("no answer: {flaw:?}")),
            None => streams.push(record),
        }
    }
    Some(streams)
}

fn splicer(record: &Record) -> Splicer {
    Splicer::new(record.dialect, record.dialect, presented(), HOLD, false)
}

/// The frames, and what they mean.
fn frames(dialect: Dialect, bytes: &[u8]) -> Vec<(failsoft_wire::sse::Frame, Meaning)> {
    let mut decoder = FrameDecoder::new(dialect, 1 << 26);
    let mut reader = StreamReader::new(dialect);
    decoder.push(bytes.to_vec().into());
    let mut frames: Vec<_> = std::iter::from_fn(|| decoder.next_frame().unwrap()).collect();
    if decoder.close() {
        frames.extend(decoder.next_frame().unwrap());
    }
    let mean = |frame: failsoft_wire::sse::Frame| {
        let meaning = reader.read(&frame);
        (frame, meaning)
    };
    frames.into_iter().map(mean).collect()
}

/// The text a client of any dialect reads, by way of another.
fn text(dialect: Dialect, bytes: &[u8]) -> String {
    let mut translator = StreamTranslator::new(dialect, Dialect::GenerateContent, presented());
    let mut out = Vec::new();
    for (frame, _) in frames(dialect, bytes) {
        translator.frame(&frame, &mut out);
    }
    translator.end(&mut out);
    let mut said = String::new();
    for (frame, _) in frames(Dialect::GenerateContent, &out) {
        let event: serde_json::Value = serde_json::from_slice(frame.data().unwrap()).unwrap();
        for part in event["candidates"][0]["content"]["parts"].as_array().into_iter().flatten() {
            if part["thought"] != true {
                said += part["text"].as_str().unwrap_or_default();
            }
        }
    }
    said
}

#[test]
fn recorded_streams_pass_as_they_came() {
    let mut tally = Tally::default();
    let Some(records) = streams(&mut tally) else { return };
    for record in records {
        let mut splicer = splicer(record);
        let (mut expected, mut told) = (Vec::new(), Vec::new());
        let mut reader = StreamReader::new(record.dialect);
        // What is like the frame before is not read; that must change nothing that is learnt.
        let mut skipping = StreamReader::new(record.dialect);
        for (frame, meaning) in frames(record.dialect, &record.body) {
            reader.read(&frame);
            if meaning == Meaning::Malformed {
                continue;
            }
            if meaning != Meaning::Filler || splicer.has_released() {
                expected.extend_from_slice(&frame.bytes);
            }
            let taken = splicer.take_alike(frame).and_then(|other| match other {
                Some(frame) => {
                    skipping.read(&frame);
                    splicer.take(frame, meaning)
                }
                None => Ok(()),
            });
            taken.unwrap_or_else(|flaw| panic!("{flaw:?}: {}", record.name));
            told.extend(splicer.passable());
        }
        splicer.end(None).unwrap();
        told.extend(splicer.passable());
        // A comment may go before what is held.
        let sorted = |bytes: &[u8]| {
            let mut lines: Vec<_> =
                bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            lines.sort();
            lines
        };
        let is_same = told == expected || sorted(&told) == sorted(&expected);
        assert!(is_same, "{}", record.name);
        let learnt = |reader: &StreamReader| {
            let (model, end) = (reader.model().map(str::to_owned), reader.end());
            (model, reader.usage(), reader.is_complete(), reader.has_gap(), end)
        };
        assert_eq!(learnt(&skipping), learnt(&reader), "{}", record.name);
        tally.count(record);
    }
    tally.print("streams passed through a splicer");
    assert!(tally.total() > 200, "hardly any streams were found");
}

#[test]
fn recorded_streams_that_break_are_gone_on_with() {
    let mut tally = Tally::default();
    let (mut resumed, mut refused) = (0, 0);
    let Some(records) = streams(&mut tally) else { return };
    for record in records {
        let whole = text(record.dialect, &record.body);
        for cut in 1..6 {
            let cut = record.body.len() * cut / 6;
            let mut splicer = splicer(record);
            let ended = speak(&mut splicer, record.dialect, &record.body, Some(cut));
            let mut told = splicer.passable().to_vec();
            let had = splicer.delivered().text().to_owned();
            if ended != Ok(Ended::Broken) || splicer.delivered().is_empty() {
                continue;
            }
            assert!(whole.starts_with(&had), "{}: {had:?} of {whole:?}", record.name);
            if splicer.resumable() == Resumable::Never {
                refused += 1;
                continue;
            }
            let target = Dialect::TARGETS[cut % 5];
            splicer.resume(target, Onward::Prefill { echoes: true }, None);
            let again = stream(target, "t1", &[Said::Text(whole.clone())], ("stop", &[7]));
            assert_eq!(speak(&mut splicer, target, &again, None), Ok(Ended::Whole));
            told.extend(splicer.passable());
            let mut reader = StreamReader::new(record.dialect);
            for (frame, _) in frames(record.dialect, &told) {
                let meaning = reader.read(&frame);
                let is_fine = !matches!(meaning, Meaning::Error | Meaning::Malformed);
                assert!(is_fine, "{}: {frame:?}", record.name);
            }
            assert_eq!(reader.end(), Ok(()), "{}", record.name);
            assert_eq!(text(record.dialect, &told), whole, "{} cut at {cut}", record.name);
            resumed += 1;
        }
        tally.count(record);
    }
    println!("  {resumed} gone on with, {refused} not");
    tally.print("streams broken at five places");
    assert!(resumed > 300 && refused < resumed / 5, "{resumed} gone on with, {refused} not");
}

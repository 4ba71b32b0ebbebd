//! Recorded traffic of providers, read as it would be on its way through.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod records;

use bytes::Bytes;
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{Dialect, Flaw, Meaning, Shape, StreamReader, sniff};
use records::{Record, Tally};
use serde_json::Value;

const MAX_FRAME: usize = 1 << 20;

/// Frames are cut in groups of about this many bytes, so that the work grows with a stream's
/// length and not with its square.
const GROUP: usize = 400;

/// Of longer streams, only the first and last bytes are cut at every byte.
const CUT_FIRST: usize = 6 << 10;
const CUT_LAST: usize = 2 << 10;

#[test]
fn recorded_streams_cut_anywhere_give_the_same_frames_and_meanings() {
    let Some(records) = records() else { return };
    let (mut tally, mut frames, mut cuts) = (Tally::default(), 0, 0);
    for record in records.into_iter().filter(|record| record.is_stream && record.is_raw) {
        let body = Bytes::from(record.body.clone());
        let (whole, rest) = decode([body.clone()]);
        let joined: Vec<u8> =
            whole.iter().flat_map(|frame| frame.bytes.to_vec()).chain(rest.to_vec()).collect();
        assert!(joined == record.body, "{}: bytes were lost or made up", record.name);

        let bytewise = (0..body.len()).map(|at| body.slice(at..at + 1));
        let (small, small_rest) = decode(bytewise);
        assert!(small == whole && small_rest == rest, "{}: cut into bytes", record.name);
        assert_eq!(meanings(record.dialect, &small), meanings(record.dialect, &whole));
        if record.chunk_sizes.iter().sum::<usize>() == body.len() {
            let mut left = body.clone();
            let chunks = record.chunk_sizes.iter().map(|&size| left.split_to(size));
            assert!(decode(chunks).0 == whole, "{}: cut as the network did", record.name);
        }
        cuts += cut_everywhere(record, &body, &whole);
        tally.count(record);
        frames += whole.len();
    }
    tally.print("raw streams, each also byte by byte");
    println!(
        "{frames} frames, cut in two at {cuts} places: every byte of streams up to 8 KiB, of longer ones"
    );
    println!("the first 6 and the last 2 KiB and each group of frames between");
    assert!(tally.total() > 50, "hardly any streams were found");
}

/// Cuts each group of frames in two at every byte.
fn cut_everywhere(record: &Record, body: &Bytes, frames: &[Frame]) -> usize {
    let (mut start, mut cuts, mut group) = (0, 0, 0..0);
    while group.end < frames.len() {
        let mut end = start;
        while end - start < GROUP && group.end < frames.len() {
            end += frames[group.end].bytes.len();
            group.end += 1;
        }
        let is_at_end = start < CUT_FIRST || end + CUT_LAST > body.len();
        let expected = &frames[group.clone()];
        let bytes = body.slice(start..end);
        // A frame of many kilobytes is cut at a share of its bytes only.
        let step = if is_at_end { bytes.len() / 2_000 + 1 } else { bytes.len() };
        for cut in (0..bytes.len()).step_by(step) {
            let (cut_frames, rest) = decode([bytes.slice(..cut), bytes.slice(cut..)]);
            let is_same = rest.is_empty() && cut_frames == expected;
            assert!(is_same, "{}: cut at {}", record.name, start + cut);
            cuts += 1;
        }
        group.start = group.end;
        start = end;
    }
    cuts
}

#[test]
fn recorded_streams_are_whole_unless_they_carry_an_error() {
    let Some(records) = records() else { return };
    let (mut tally, mut stopped) = (Tally::default(), 0);
    for record in records.into_iter().filter(|record| record.is_stream && record.is_answered()) {
        let first = &record.body[..record.body.len().min(16)];
        assert_eq!(sniff(first), Shape::Sse, "{}", record.name);
        let (frames, rest) = decode([Bytes::from(record.body.clone())]);
        assert!(rest.trim_ascii().is_empty(), "{}: bytes after the last frame", record.name);
        let mut reader = StreamReader::new(record.dialect);
        let read: Vec<_> = frames.iter().map(|frame| reader.read(frame)).collect();
        assert!(!read.contains(&Meaning::Malformed), "{}: {read:?}", record.name);
        assert!(reader.model().is_some(), "{}: no model", record.name);
        match reader.end() {
            Ok(()) if record.has_inband_error => panic!("{}: its error was missed", record.name),
            Ok(()) => {
                tally.count(record);
                if !read.contains(&Meaning::Content) {
                    println!("  {}: honestly stopped before any content", record.name);
                    stopped += 1;
                }
            }
            Err(flaw) => {
                tally.leave_out(record, explained(record, &flaw));
            }
        }
    }
    assert!(stopped * 20 < tally.total(), "too many streams seem to have no content");
    tally.print("whole streams");
}

#[test]
fn recorded_replies_are_flawless_unless_they_carry_an_error() {
    let Some(records) = records() else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| !record.is_stream && record.is_answered()) {
        let reply = record.dialect.read_reply(&record.body);
        match reply.flaw {
            None if record.has_inband_error => panic!("{}: its error was missed", record.name),
            None => {
                let is_named = reply.model.is_some() || record.model.is_some();
                assert!(is_named, "{}: no model", record.name);
                let tokens = reply.usage.input.max(reply.usage.output);
                assert!(tokens > 0, "{}: no usage", record.name);
                tally.count(record);
            }
            Some(flaw) => {
                tally.leave_out(record, explained(record, &flaw));
            }
        }
    }
    tally.print("flawless replies");
}

#[test]
fn recorded_replies_cut_short_are_never_flawless() {
    let Some(records) = records() else { return };
    let (mut tally, mut cuts) = (Tally::default(), 0);
    for record in records.into_iter().filter(|record| !record.is_stream && record.is_answered()) {
        let body = record.body.trim_ascii();
        if let Some(flaw) = record.flaw() {
            tally.leave_out(record, format_args!("{flaw:?}"));
            continue;
        }
        for cut in (0..body.len()).step_by(body.len() / 100 + 1) {
            let flaw = record.dialect.read_reply(&body[..cut]).flaw;
            assert_eq!(flaw, Some(Flaw::Truncated), "{} cut at {cut}", record.name);
            cuts += 1;
        }
        tally.count(record);
    }
    tally.print(&format!("replies, cut short at {cuts} places"));
}

#[test]
fn recorded_requests_are_read() {
    let Some(records) = records() else { return };
    let mut tally = Tally::default();
    for record in records {
        let Some(body) = request_with_model(record) else {
            tally.leave_out(record, "no request that names a model");
            continue;
        };
        match record.dialect.read_request(body, None) {
            Ok(head) => {
                let body = Bytes::copy_from_slice(body);
                let span = &body[head.model_span.clone().unwrap()];
                assert_eq!(serde_json::from_slice::<String>(span).unwrap(), head.model);
                let parts = failsoft_wire::with_model(
                    &body,
                    &head.model_span.clone().unwrap(),
                    "a \"b\" 😀",
                );
                let spliced: Value = serde_json::from_slice(&parts.concat()).unwrap();
                assert_eq!(spliced["model"], "a \"b\" 😀", "{}", record.name);
                tally.count(record);
            }
            Err(problem) => {
                let why = "only what its provider refused too may be refused here";
                assert!(record.status >= 400, "{}: {why}", record.name);
                let status = record.status;
                tally.leave_out(record, format_args!("{problem}; its provider said {status}"));
            }
        }
    }
    tally.print("requests that were read");
}

/// Cloud platforms name the model in the path instead.
fn request_with_model(record: &Record) -> Option<&[u8]> {
    let body = record.request.as_deref().filter(|_| record.dialect != Dialect::GenerateContent)?;
    memchr::memmem::find(body, b"\"model\"").map(|_| body)
}

/// Answers that were recorded broken without a note of it.
const BROKEN: [(&str, &str); 2] = [
    ("azure/chat/0116.json", "a content filter's error object under status 200"),
    ("vertex/generate_content/0101.json", "the provider says that the model failed"),
];

/// Why an answer is none.
fn explained(record: &Record, flaw: &Flaw) -> String {
    let known = BROKEN.iter().find(|(name, _)| record.name.ends_with(name)).map(|(_, why)| *why);
    let is_noted = record.has_inband_error && matches!(flaw, Flaw::Error(_));
    let why = known.or_else(|| is_noted.then_some("recorded with an error in band"));
    let why = why.unwrap_or_else(|| panic!("{}: {flaw:?} is not explained", record.name));
    format!("{flaw:?}: {why}")
}

fn decode(chunks: impl IntoIterator<Item = Bytes>) -> (Vec<Frame>, Bytes) {
    let mut decoder = Decoder::new(MAX_FRAME);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    (frames, decoder.rest())
}

fn meanings(dialect: Dialect, frames: &[Frame]) -> (Vec<Meaning>, Result<(), Flaw>) {
    let mut reader = StreamReader::new(dialect);
    (frames.iter().map(|frame| reader.read(frame)).collect(), reader.end())
}

/// The records of dialects whose streams are server-sent events, or `None` where there are none.
fn records() -> Option<Vec<&'static Record>> {
    let is_text = |record: &&Record| record.dialect != Dialect::BedrockConverse;
    Some(records::all()?.iter().filter(is_text).collect())
}

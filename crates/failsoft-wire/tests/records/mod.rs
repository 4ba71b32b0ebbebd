//! Recorded traffic of providers, read once per test binary, and counted by provider.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test takes what it needs, and fails where a record cannot be read"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use bytes::Bytes;
use failsoft_wire::sse::Frame;
use failsoft_wire::{Addressed, Dialect, Flaw, FrameDecoder, StreamReader};
use serde_json::Value;

/// One exchange with a provider, in a dialect we know.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its path in the archive.
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) dialect: Dialect,
    /// The model, if the path names it.
    pub(crate) model: Option<String>,
    /// What the path says of a call of `generate_content`.
    pub(crate) addressed: Option<Addressed>,
    /// The request's body, unless it was left out.
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) status: u64,
    pub(crate) body: Vec<u8>,
    pub(crate) is_stream: bool,
    /// Whether the bytes are those of the wire.
    pub(crate) is_raw: bool,
    pub(crate) has_inband_error: bool,
    /// How the network cut the body, where that is known.
    pub(crate) chunk_sizes: Vec<usize>,
}

/// What the records' notes take for an error is a tool's, inside a whole answer.
const NO_ERROR: &str = "openai/responses/1221.json";

/// Every record, sorted by name, or `None` where there are none.
pub(crate) fn all() -> Option<&'static [Record]> {
    static RECORDS: OnceLock<Option<Vec<Record>>> = OnceLock::new();
    let records = RECORDS.get_or_init(unpacked).as_deref();
    if records.is_none() {
        println!("skipped: no recorded traffic here (FAILSOFT_SHARED names its folder)");
    }
    records
}

/// The records of one dialect, or `None` where there are none at all.
pub(crate) fn of(dialect: Dialect) -> Option<Vec<&'static Record>> {
    let records: Vec<_> = all()?.iter().filter(|record| record.dialect == dialect).collect();
    assert!(!records.is_empty(), "no records of {dialect} were found");
    Some(records)
}

fn unpacked() -> Option<Vec<Record>> {
    let path = shared()?.join("recorded").join("dev_core.tar.gz");
    let file = std::fs::File::open(path).ok()?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut records = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        records.extend(Record::read(name, &text));
    }
    records.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(records.len() > 500, "hardly any records were found");
    Some(records)
}

fn shared() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FAILSOFT_SHARED") {
        return Some(path.into());
    }
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared")).find(|path| path.is_dir())
}

fn dialect_of(api: &str) -> Option<Dialect> {
    match api {
        "chat" => Some(Dialect::ChatCompletions),
        "messages" | "anthropic_messages" => Some(Dialect::Messages),
        "responses" | "openai_responses" => Some(Dialect::Responses),
        "generate_content" => Some(Dialect::GenerateContent),
        "converse" | "converse_stream" => Some(Dialect::BedrockConverse),
        _ => None,
    }
}

impl Record {
    fn read(name: String, text: &str) -> Option<Self> {
        let mut folders = name.rsplit('/').skip(1);
        let (dialect, provider) = (dialect_of(folders.next()?)?, folders.next()?.to_owned());
        let record: Value = serde_json::from_str(text).unwrap();
        let (request, response, meta) = (&record["request"], &record["response"], &record["meta"]);
        let path = request["path"].as_str().unwrap_or_default();
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let sizes = meta["chunk_sizes"].as_array().into_iter().flatten();
        Some(Self {
            dialect,
            provider,
            model: model_of(path),
            addressed: Addressed::of_path(path),
            request: request["body"].as_str().map(|body| body.into()),
            status: response["status"].as_u64().unwrap(),
            body: match response["body_base64"].as_str() {
                Some(body) => bytes_of(body),
                None => response["body_text"].as_str().unwrap_or_default().into(),
            },
            is_stream: meta["stream"] == true,
            is_raw: meta["body_fidelity"] == "raw",
            has_inband_error: meta["inband_error"] == true && !name.ends_with(NO_ERROR),
            chunk_sizes: sizes.filter_map(|size| Some(size.as_u64()? as usize)).collect(),
            name,
        })
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.status == 200
    }

    /// The request's body. Where the path names the model instead, one is put in.
    pub(crate) fn request_with_model(&self) -> Option<Cow<'_, [u8]>> {
        let body = self.request.as_deref()?;
        let mut request: Value = serde_json::from_slice(body).ok()?;
        if self.dialect != Dialect::ChatCompletions || request.get("model").is_some() {
            return Some(Cow::Borrowed(body));
        }
        request.as_object_mut()?.insert("model".to_owned(), "a-deployment".into());
        Some(Cow::Owned(request.to_string().into_bytes()))
    }

    /// What is wrong with the answer, by the verdict a client would get.
    pub(crate) fn flaw(&self) -> Option<Flaw> {
        if !self.is_stream {
            return self.dialect.read_reply(&self.body).flaw;
        }
        let mut reader = StreamReader::new(self.dialect);
        frames(self.dialect, &self.body).iter().for_each(|frame| _ = reader.read(frame));
        reader.end().err()
    }
}

/// A whole stream's frames.
pub(crate) fn frames(dialect: Dialect, stream: &[u8]) -> Vec<Frame> {
    let mut decoder = FrameDecoder::new(dialect, 1 << 24);
    decoder.push(Bytes::copy_from_slice(stream));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

/// Of `…/models/{model}:method` and `/model/{model}/method`.
fn model_of(path: &str) -> Option<String> {
    let of_google = path.split_once("/models/").and_then(|(_, rest)| rest.rsplit_once(':'));
    let of_amazon = path.strip_prefix("/model/").and_then(|rest| rest.rsplit_once('/'));
    let (model, _) = of_google.or(of_amazon)?;
    Some(model.replace("%3A", ":"))
}

/// Base64, standard alphabet.
fn bytes_of(base64: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in base64.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            other => panic!("no base64: {other}"),
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

/// How many came through, by provider, and which were left out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, usize>,
    left_out: Vec<(&'static str, String)>,
}

impl Tally {
    pub(crate) fn count(&mut self, record: &'static Record) {
        *self.counts.entry(&record.provider).or_default() += 1;
    }

    pub(crate) fn leave_out(&mut self, record: &'static Record, why: impl Display) {
        self.left_out.push((&record.name, why.to_string()));
    }

    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// As one line, and one more for each that was left out.
    pub(crate) fn print(&self, what: &str) {
        let counts: Vec<_> = self.counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        let counts = counts.join(", ");
        println!("{what}: {} ({counts}); left out: {}", self.total(), self.left_out.len());
        for (name, why) in &self.left_out {
            println!("  {name}: {why}");
        }
    }
}

//! From pieces to a whole answer, and back.

use super::{Choice, Delta, Json, Opening, Part, PartStart, Piece, Reply, Rest, Seal, ToolCall};

/// Puts a streamed answer together.
#[derive(Debug, Default)]
pub struct Assembler {
    reply: Reply,
    open: Vec<Option<Open>>,
    logprobs: Vec<Vec<Json>>,
    is_whole: bool,
}

/// A part that is not whole yet.
#[derive(Debug)]
struct Open {
    start: PartStart,
    text: String,
    seal: Option<Seal>,
    citations: Vec<super::Citation>,
}

impl Assembler {
    /// Takes a piece.
    pub fn push(&mut self, delta: &Delta) {
        match delta {
            Delta::Begin(Opening { id, model, created, rest }) => {
                self.reply.id.clone_from(id);
                self.reply.model.clone_from(model);
                self.reply.created = *created;
                self.reply.rest.clone_from(rest);
            }
            Delta::PartBegin { choice, start } => {
                let open = Open {
                    start: start.clone(),
                    text: String::new(),
                    seal: None,
                    citations: Vec::new(),
                };
                *self.open(*choice) = Some(open);
            }
            Delta::Piece { choice, piece: Piece::Logprobs(json) } => {
                self.choice(*choice);
                if let Some(kept) = self.logprobs.get_mut(*choice as usize) {
                    kept.push(json.clone());
                }
            }
            Delta::Piece { choice, piece } => {
                if let Some(open) = self.open(*choice) {
                    open.take(piece);
                }
            }
            Delta::PartEnd { choice } => {
                if let Some(open) = self.open(*choice).take() {
                    self.choice(*choice).parts.push(open.part());
                }
            }
            Delta::Finish { choice, stop } => self.choice(*choice).stop = Some(stop.clone()),
            Delta::Usage(usage) => self.reply.usage = Some(usage.clone()),
            Delta::End => self.is_whole = true,
        }
    }

    /// Whether the end came.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What has come together so far, parts that are not whole included.
    #[must_use]
    pub fn reply(mut self) -> Reply {
        for choice in 0..self.reply.choices.len() {
            let open = self.open.get_mut(choice).and_then(Option::take);
            let logprobs = self.logprobs.get(choice).map(Vec::as_slice).unwrap_or_default();
            let logprobs = joined(logprobs);
            if let Some(known) = self.reply.choices.get_mut(choice) {
                known.parts.extend(open.map(Open::part));
                known.logprobs = logprobs;
            }
        }
        self.reply
    }

    fn open(&mut self, choice: u32) -> &mut Option<Open> {
        self.choice(choice);
        &mut self.open[choice as usize]
    }

    fn choice(&mut self, choice: u32) -> &mut Choice {
        let choice = choice as usize;
        if self.reply.choices.len() <= choice {
            self.reply.choices.resize(choice + 1, Choice::default());
            self.open.resize_with(choice + 1, || None);
            self.logprobs.resize(choice + 1, Vec::new());
        }
        &mut self.reply.choices[choice]
    }
}

impl Open {
    fn take(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) | Piece::Arguments(text) => self.text.push_str(text),
            Piece::Seal(seal) => match &mut self.seal {
                Some(known) => known.value.push_str(&seal.value),
                None => self.seal = Some(seal.clone()),
            },
            Piece::Citation(citation) => self.citations.push(citation.clone()),
            Piece::Logprobs(_) => {}
        }
    }

    fn part(self) -> Part {
        let Self { start, text, seal, citations } = self;
        match start {
            PartStart::Text => Part::Text { text, citations, rest: Rest::default() },
            PartStart::Refusal => Part::Refusal(text),
            PartStart::Thinking { rest } => Part::Thinking { text, seal, rest },
            PartStart::ToolCall { id, name, is_custom, rest } => {
                Part::ToolCall(ToolCall { id, name, arguments: text, seal, is_custom, rest })
            }
            PartStart::Media(media) => Part::Media(media),
            PartStart::Foreign(rest) => Part::Foreign(rest),
        }
    }
}

/// The log probabilities of all chunks as one object of the same form.
fn joined(chunks: &[Json]) -> Option<Json> {
    let mut whole = serde_json::Map::new();
    for chunk in chunks {
        let parsed: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(chunk.as_str()).ok()?;
        for (key, value) in parsed {
            match (whole.get_mut(&key), value) {
                (Some(serde_json::Value::Array(known)), serde_json::Value::Array(more)) => {
                    known.extend(more);
                }
                (_, value) => _ = whole.insert(key, value),
            }
        }
    }
    if whole.is_empty() { None } else { Json::new(&serde_json::Value::Object(whole).to_string()) }
}

/// A whole answer as the pieces a stream of it would bring.
#[must_use]
pub fn deltas(reply: &Reply) -> Vec<Delta> {
    let mut out = vec![Delta::Begin(Opening {
        id: reply.id.clone(),
        model: reply.model.clone(),
        created: reply.created,
        rest: reply.rest.clone(),
    })];
    for (choice, known) in (0_u32..).zip(&reply.choices) {
        let mut logprobs = known.logprobs.clone();
        for part in &known.parts {
            out.push(Delta::PartBegin { choice, start: start(part) });
            let pieces = pieces(part).into_iter();
            out.extend(pieces.map(|piece| Delta::Piece { choice, piece }));
            if matches!(part, Part::Text { .. })
                && let Some(logprobs) = logprobs.take()
            {
                out.push(Delta::Piece { choice, piece: Piece::Logprobs(logprobs) });
            }
            out.push(Delta::PartEnd { choice });
        }
        if let Some(stop) = &known.stop {
            out.push(Delta::Finish { choice, stop: stop.clone() });
        }
    }
    out.extend(reply.usage.clone().map(Delta::Usage));
    out.push(Delta::End);
    out
}

fn start(part: &Part) -> PartStart {
    match part {
        Part::Text { .. } => PartStart::Text,
        Part::Refusal(_) => PartStart::Refusal,
        Part::Thinking { rest, .. } => PartStart::Thinking { rest: rest.clone() },
        Part::ToolCall(call) => PartStart::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            is_custom: call.is_custom,
            rest: call.rest.clone(),
        },
        Part::Media(media) => PartStart::Media(media.clone()),
        Part::ToolResult(result) => PartStart::Foreign(result.rest.clone()),
        Part::Foreign(rest) => PartStart::Foreign(rest.clone()),
    }
}

fn pieces(part: &Part) -> Vec<Piece> {
    match part {
        Part::Text { text, citations, .. } => {
            let citations = citations.iter().cloned().map(Piece::Citation);
            std::iter::once(Piece::Text(text.clone())).chain(citations).collect()
        }
        Part::Refusal(text) => vec![Piece::Text(text.clone())],
        Part::Thinking { text, seal, .. } => {
            let text = (!text.is_empty()).then(|| Piece::Text(text.clone()));
            text.into_iter().chain(seal.clone().map(Piece::Seal)).collect()
        }
        Part::ToolCall(call) => {
            let arguments = Piece::Arguments(call.arguments.clone());
            std::iter::once(arguments).chain(call.seal.clone().map(Piece::Seal)).collect()
        }
        Part::Media(_) | Part::ToolResult(_) | Part::Foreign(_) => Vec::new(),
    }
}

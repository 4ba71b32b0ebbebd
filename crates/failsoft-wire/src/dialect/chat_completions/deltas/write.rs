//! Pieces of an answer as chunks.

use crate::dialect::Thread;
use crate::dialect::chat_completions::kept::{OWN, is_marked};
use crate::dialect::chat_completions::message::{
    Joiner, Voice, length, seal_member, write_citation, write_images,
};
use crate::dialect::chat_completions::reply::write_opening;
use crate::dialect::chat_completions::stop::word;
use crate::dialect::chat_completions::usage::write_usage;
use crate::neutral::{
    Citation, Delta, Json, Maker, Media, MediaKind, Opening, PartStart, Piece, Reply, Stop, Usage,
};
use crate::translate::{Presented, WriteDeltas};
use crate::write::Writer;

/// No answer has more alternatives than this and one.
const MAX_CHOICE: u32 = 1023;

/// What was written of a stream.
#[derive(Debug)]
pub(crate) struct DeltaWriter {
    presented: Presented,
    /// How every chunk begins, up to the choice's number.
    head: Vec<u8>,
    is_own: bool,
    choices: Vec<Written>,
    usage: Option<Usage>,
}

/// What was written of a choice.
#[derive(Debug, Default)]
struct Written {
    has_begun: bool,
    has_finished: bool,
    current: Current,
    joiner: Joiner,
    /// The current part has no words yet.
    is_fresh: bool,
    has_thought: bool,
    /// Where thoughts go, once that is settled.
    thoughts: Option<&'static str>,
    calls: u32,
    /// Characters of text so far, and where the current text begins.
    length: u32,
    start: u32,
    citations: Vec<Citation>,
    images: Vec<Media>,
}

/// The part that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Current {
    #[default]
    None,
    Text,
    Refusal,
    Thinking(&'static str),
    Call {
        kind: CallKind,
        is_sealed: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallKind {
    Function,
    Custom,
    /// The elder `function_call`.
    Elder,
}

impl WriteDeltas for DeltaWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin(opening) => self.open(opening),
            Delta::PartBegin { choice, start } => self.begin(*choice, start, out),
            Delta::Piece { choice, piece } => self.piece(*choice, piece, out),
            Delta::PartEnd { choice } => {
                self.choice(*choice).current = Current::None;
                self.cite(*choice, out);
            }
            Delta::Finish { choice, stop } => self.finish(*choice, Some(stop), out),
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::End => self.end(out),
        }
    }

    fn pick_up(&mut self, thread: &Thread) {
        // Another's words are no longer joined as the first target joined its own.
        self.is_own = false;
        if let Thread::ChatCompletions(thread) = thread {
            let (has_role, calls) = (thread.has_role, thread.calls);
            let written = self.choice(0);
            written.has_begun |= has_role;
            written.calls = written.calls.max(calls);
            // They went out when they came.
            written.citations.clear();
            written.images.clear();
        }
    }

    fn made_by(&mut self, maker: Option<Maker>) {
        self.is_own = false;
        self.presented.maker = maker;
    }
}

impl DeltaWriter {
    pub(crate) fn new(presented: Presented) -> Self {
        let mut writer =
            Self { presented, head: Vec::new(), is_own: false, choices: Vec::new(), usage: None };
        writer.open(&Opening::default());
        writer
    }

    fn open(&mut self, opening: &Opening) {
        self.is_own = opening.rest.is_of(OWN);
        let reply = Reply {
            id: opening.id.clone(),
            model: opening.model.clone(),
            created: opening.created,
            rest: opening.rest.clone(),
            ..Reply::default()
        };
        self.head = b"data: ".to_vec();
        Writer::new(&mut self.head)
            .object(|out| write_opening(out, &reply, &self.presented, "chat.completion.chunk"));
        // Its bracket stays open for the choices.
        self.head.pop();
    }

    fn choice(&mut self, number: u32) -> &mut Written {
        let number = number.min(MAX_CHOICE) as usize;
        if self.choices.len() <= number {
            self.choices.resize_with(number + 1, Written::default);
        }
        &mut self.choices[number]
    }

    fn begin(&mut self, choice: u32, start: &PartStart, out: &mut Vec<u8>) {
        self.announce(choice, matches!(start, PartStart::Text), out);
        let is_own = self.is_own;
        let written = self.choice(choice);
        written.is_fresh = true;
        written.start = written.length;
        // Thoughts interrupt with their first words.
        if !matches!(start, PartStart::Text | PartStart::Thinking { .. }) {
            written.joiner.interrupt();
        }
        written.current = match start {
            PartStart::Text => Current::Text,
            PartStart::Refusal => Current::Refusal,
            PartStart::Thinking { rest } => {
                let key = match written.thoughts.filter(|_| !is_own) {
                    Some(known) => known,
                    None if is_own && is_marked(rest, "reasoning") => "reasoning",
                    None => "reasoning_content",
                };
                written.thoughts = Some(key);
                Current::Thinking(key)
            }
            PartStart::ToolCall { is_custom, rest, .. } => {
                let kind = match is_custom {
                    true => CallKind::Custom,
                    false if is_marked(rest, "function_call") => CallKind::Elder,
                    false => CallKind::Function,
                };
                Current::Call { kind, is_sealed: false }
            }
            PartStart::Media(media) => {
                if media.kind == MediaKind::Image {
                    written.images.push(media.clone());
                }
                Current::None
            }
            PartStart::Foreign(_) => Current::None,
        };
        if let (Current::Call { kind, .. }, PartStart::ToolCall { id, name, .. }) =
            (written.current, start)
        {
            written.calls += u32::from(kind != CallKind::Elder);
            let index = written.calls.saturating_sub(1);
            self.chunk(choice, out, |delta| write_call(delta, kind, index, (id, name)));
        }
    }

    /// The first chunk of a choice.
    fn announce(&mut self, choice: u32, is_text: bool, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.choice(choice).has_begun, true) {
            return;
        }
        self.chunk(choice, out, |delta| {
            delta.text("role", "assistant");
            if is_text {
                delta.text("content", "");
            } else {
                delta.key("content").null();
            }
            delta.key("refusal").null();
        });
    }

    fn piece(&mut self, choice: u32, piece: &Piece, out: &mut Vec<u8>) {
        let current = self.choice(choice).current;
        match (piece, current) {
            (Piece::Text(text), _) if !text.is_empty() => self.words(choice, text, out),
            (Piece::Arguments(text), Current::Call { kind, .. }) if !text.is_empty() => {
                let index = self.choice(choice).calls.saturating_sub(1);
                self.chunk(choice, out, |delta| write_arguments(delta, kind, index, text));
            }
            (Piece::Seal(seal), Current::Call { kind, is_sealed }) => {
                // Its first piece carries the mark of its maker.
                let maker = self.presented.maker.filter(|_| !is_sealed);
                let voice = Voice { is_own: self.is_own, is_answer: true, maker };
                let seal = voice.seal(seal);
                let written = self.choice(choice);
                written.current = Current::Call { kind, is_sealed: true };
                let index = written.calls.saturating_sub(1);
                self.chunk(choice, out, |delta| write_seal(delta, index, &seal));
            }
            (Piece::Citation(citation), Current::Text) => {
                let is_writable = citation.rest.is_of(OWN) || citation.url.is_some();
                let kept = is_writable.then(|| citation.clone());
                self.choice(choice).citations.extend(kept);
            }
            (Piece::Logprobs(logprobs), _) => self.weigh(choice, logprobs, out),
            (Piece::Text(_) | Piece::Arguments(_) | Piece::Seal(_) | Piece::Citation(_), _) => {}
        }
    }

    fn words(&mut self, choice: u32, text: &str, out: &mut Vec<u8>) {
        let is_own = self.is_own;
        let written = self.choice(choice);
        let is_fresh = std::mem::replace(&mut written.is_fresh, false);
        let (key, between) = match written.current {
            Current::Text if is_fresh => ("content", written.joiner.next()),
            Current::Text => ("content", ""),
            Current::Refusal => ("refusal", ""),
            Current::Thinking(key) => {
                written.joiner.interrupt();
                let had = std::mem::replace(&mut written.has_thought, true);
                (key, if is_fresh && had { "\n\n" } else { "" })
            }
            Current::Call { .. } | Current::None => return,
        };
        let between = if is_own { "" } else { between };
        if key == "content" {
            if is_fresh {
                written.start = written.length.saturating_add(length(between));
                written.length = written.start;
            }
            written.length = written.length.saturating_add(length(text));
        }
        if between.is_empty() {
            self.chunk(choice, out, |delta| delta.text(key, text));
        } else {
            self.chunk(choice, out, |delta| delta.text(key, &[between, text].concat()));
        }
    }

    /// Writes where the words of the text come from that has just ended.
    fn cite(&mut self, choice: u32, out: &mut Vec<u8>) {
        let written = self.choice(choice);
        let within = (written.start, written.length);
        let citations = std::mem::take(&mut written.citations);
        if !citations.is_empty() {
            self.chunk(choice, out, |delta| {
                delta.key("annotations").array(|list| {
                    citations.iter().for_each(|citation| write_citation(list, citation, within));
                });
            });
        }
    }

    fn weigh(&mut self, choice: u32, logprobs: &Json, out: &mut Vec<u8>) {
        self.begin_chunk(choice, out);
        out.extend_from_slice(b",\"delta\":{},\"logprobs\":");
        out.extend_from_slice(logprobs.as_str().as_bytes());
        out.extend_from_slice(b",\"finish_reason\":null}]");
        self.end_chunk(out);
    }

    fn finish(&mut self, choice: u32, stop: Option<&Stop>, out: &mut Vec<u8>) {
        self.announce(choice, false, out);
        let written = self.choice(choice);
        if std::mem::replace(&mut written.has_finished, true) {
            return;
        }
        let images = std::mem::take(&mut written.images);
        if !images.is_empty() {
            // All in one chunk: the SDKs cannot join lists without indices.
            let images: Vec<&Media> = images.iter().collect();
            self.chunk(choice, out, |delta| write_images(delta, &images));
        }
        self.begin_chunk(choice, out);
        out.extend_from_slice(b",\"delta\":{},\"logprobs\":null,\"finish_reason\":");
        Writer::new(out).string(word(stop));
        out.extend_from_slice(b"}]");
        self.end_chunk(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let many = u32::try_from(self.choices.len()).unwrap_or(u32::MAX).max(1);
        for choice in 0..many {
            self.finish(choice, None, out);
        }
        if let Some(usage) = self.usage.take().filter(|_| self.presented.include_usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            write_usage(&mut Writer::new(out), &usage);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn chunk(&self, choice: u32, out: &mut Vec<u8>, delta: impl FnOnce(&mut Writer<'_>)) {
        self.begin_chunk(choice, out);
        out.extend_from_slice(b",\"delta\":");
        Writer::new(out).object(delta);
        out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":null}]");
        self.end_chunk(out);
    }

    fn begin_chunk(&self, choice: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":");
        Writer::new(out).scalar(choice);
    }

    fn end_chunk(&self, out: &mut Vec<u8>) {
        if self.presented.include_usage {
            out.extend_from_slice(b",\"usage\":null");
        }
        out.extend_from_slice(b"}\n\n");
    }
}

fn write_call(delta: &mut Writer<'_>, kind: CallKind, index: u32, (id, name): (&str, &str)) {
    let inner = |out: &mut Writer<'_>, key: &str| {
        out.text("name", name);
        out.text(key, "");
    };
    if kind == CallKind::Elder {
        return delta.key("function_call").object(|call| inner(call, "arguments"));
    }
    let (word, key) = words_of(kind);
    delta.key("tool_calls").array(|list| {
        list.object(|call| {
            call.value("index", index);
            call.text("id", id);
            call.text("type", word);
            call.key(word).object(|out| inner(out, key));
        });
    });
}

fn write_seal(delta: &mut Writer<'_>, index: u32, seal: &str) {
    delta.key("tool_calls").array(|list| {
        list.object(|call| {
            call.value("index", index);
            seal_member(call, seal);
        });
    });
}

fn write_arguments(delta: &mut Writer<'_>, kind: CallKind, index: u32, text: &str) {
    if kind == CallKind::Elder {
        return delta.key("function_call").object(|call| call.text("arguments", text));
    }
    let (word, key) = words_of(kind);
    delta.key("tool_calls").array(|list| {
        list.object(|call| {
            call.value("index", index);
            call.key(word).object(|out| out.text(key, text));
        });
    });
}

const fn words_of(kind: CallKind) -> (&'static str, &'static str) {
    match kind {
        CallKind::Custom => ("custom", "input"),
        CallKind::Function | CallKind::Elder => ("function", "arguments"),
    }
}

//! What turns and answers are made of.

use std::borrow::Cow;
use std::fmt;

use super::{Json, Rest};

/// A piece of a turn or of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// Where they come from, if the answer says so.
        citations: Vec<Citation>,
        /// What the dialect adds.
        rest: Rest,
    },
    /// The model's words for why it will not answer.
    Refusal(String),
    /// What the model thought, or a summary of it.
    Thinking {
        /// The words; empty where the provider keeps them to itself.
        text: String,
        /// What its maker needs to take it back.
        seal: Option<Seal>,
        /// What the dialect adds (ids, several summary parts, a redacted block's kind).
        rest: Rest,
    },
    /// An image, a document, a sound.
    Media(Media),
    /// The model asks for a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// Something this dialect alone has (calls of the provider's own tools and their results,
    /// executable code …). Other dialects leave it out.
    Foreign(Rest),
}

/// An image, a document, a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: MediaSource,
    /// A file's name or title.
    pub name: Option<String>,
    /// How closely to look, in the dialect's word (`low`, `high`, `auto`).
    pub detail: Option<String>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// What a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document: PDF, plain text, a table.
    File,
    /// Speech or another sound.
    Audio,
    /// A film.
    Video,
}

impl MediaKind {
    /// What a word for a form of the answer asks a model to make; nothing, if that is text.
    pub(crate) const fn made(word: &str) -> Option<Self> {
        match word.as_bytes() {
            b"image" | b"IMAGE" => Some(Self::Image),
            b"audio" | b"AUDIO" => Some(Self::Audio),
            b"video" | b"VIDEO" => Some(Self::Video),
            _ => None,
        }
    }
}

/// Where a medium's bytes are.
#[derive(Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// Here, in base64.
    Inline {
        /// The media type, e.g. `image/png`.
        mime: String,
        /// Base64, standard alphabet.
        base64: String,
    },
    /// Here, as plain text (a text document).
    Text(String),
    /// At an address that the provider fetches.
    Url {
        /// The address.
        url: String,
        /// The media type, if it was said.
        mime: Option<String>,
    },
    /// In the provider's store, under this id: only the account that put it there can use it.
    Stored(String),
}

impl MediaSource {
    /// What an address stands for: a `data:` address holds the bytes itself.
    pub(crate) fn of_url(url: String) -> Self {
        let inline = || {
            let (kind, base64) = url.strip_prefix("data:")?.split_once(',')?;
            let kind = kind.strip_suffix(";base64")?;
            let mime = kind.split_once(';').map_or(kind, |(mime, _)| mime);
            Some(Self::Inline { mime: mime.to_owned(), base64: base64.to_owned() })
        };
        inline().unwrap_or(Self::Url { url, mime: None })
    }

    /// As one address; what has none as it is.
    pub(crate) fn url(&self) -> Cow<'_, str> {
        match self {
            Self::Inline { mime, base64 } => Cow::Owned(format!("data:{mime};base64,{base64}")),
            Self::Url { url: text, .. } | Self::Text(text) | Self::Stored(text) => {
                Cow::Borrowed(text)
            }
        }
    }
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inline { .. } => "Inline",
            Self::Text(_) => "Text",
            Self::Url { .. } => "Url",
            Self::Stored(_) => "Stored",
        })
    }
}

/// The model asks for a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// What the result is sent back under. Dialects without ids get made-up ones.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: normally a JSON object, empty for none.
    pub arguments: String,
    /// What its maker needs to take it back.
    pub seal: Option<Seal>,
    /// Whether the arguments are free text (a custom tool) instead of JSON.
    pub is_custom: bool,
    /// What the dialect adds.
    pub rest: Rest,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub id: String,
    /// The tool's name, where the dialect says it, or where it is known from the call before.
    pub name: Option<String>,
    /// The answer: text and media.
    pub content: Vec<Part>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// What the dialect adds.
    pub rest: Rest,
}

/// Where some words come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Citation {
    /// The source's address, if it has one.
    pub url: Option<String>,
    /// The source's title, if it has one.
    pub title: Option<String>,
    /// The words of the source, if they are quoted.
    pub quote: Option<String>,
    /// Where in the answer's text they stand: first character and the one behind the last.
    pub span: Option<(u32, u32)>,
    /// The citation as its dialect writes it.
    pub rest: Rest,
}

/// Which target made something: a fingerprint of the target's key, stable over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Maker(pub u64);

/// What only its maker can open: a thinking signature, encrypted reasoning, a thought signature.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Seal {
    /// As the maker wrote it.
    pub value: String,
    /// Who made it, as far as the text itself says so.
    pub maker: Option<Maker>,
}

/// How a seal begins that went to a client of another dialect.
const MARK: &str = "fs1.";

/// How the value of a seal begins that belongs to the tool call before it.
const OF_CALL: &str = "call.";

impl Maker {
    /// Of what nobody can take back: thoughts that broke off before they were sealed.
    pub(crate) const NOBODY: Self = Self(0);

    /// The mark alone, for thoughts without a seal.
    pub(crate) fn mark(self) -> String {
        Seal { value: String::new(), maker: None }.shown(Some(self))
    }
}

impl Seal {
    /// As it stands in a request: if it carries our mark, it says who made it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let marked = text.strip_prefix(MARK).and_then(|rest| {
            let (maker, value) = rest.split_once('.')?;
            let maker = u64::from_str_radix(maker, 16).ok()?;
            Some(Self { value: value.to_owned(), maker: Some(Maker(maker)) })
        });
        marked.unwrap_or_else(|| Self { value: text.to_owned(), maker: None })
    }

    /// As it goes to a client: with the mark of who made the answer, if it is of another dialect.
    pub(crate) fn shown(&self, maker: Option<Maker>) -> String {
        match maker {
            Some(Maker(maker)) => format!("{MARK}{maker:016x}.{}", self.value),
            None => self.value.clone(),
        }
    }

    /// The seal of a tool call as one of thoughts behind the call, for dialects that have no place
    /// for it at the call.
    pub(crate) fn of_call(&self) -> Self {
        Self { value: format!("{OF_CALL}{}", self.value), maker: self.maker }
    }

    /// The seal of the tool call before, if it is one that stands so.
    pub(crate) fn as_call(&self) -> Option<Self> {
        let value = self.value.strip_prefix(OF_CALL)?;
        Some(Self { value: value.to_owned(), maker: self.maker })
    }

    /// As it goes to a client of another dialect: with its maker's mark, if that is known.
    #[must_use]
    pub fn marked(&self) -> String {
        self.shown(self.maker)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("maker", &self.maker).finish_non_exhaustive()
    }
}

impl Part {
    /// Words with nothing beside them.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), citations: Vec::new(), rest: Rest::default() }
    }
}

impl ToolCall {
    /// The arguments as a JSON object: `{}` for none or `null`. `None` if they are something else.
    #[must_use]
    pub fn object(&self) -> Option<Json> {
        let text = self.arguments.trim();
        if matches!(text, "" | "null") {
            return Json::new("{}");
        }
        Json::new(text).filter(|_| text.starts_with('{'))
    }

    /// The arguments as the JSON object most dialects demand: any others become its one member.
    pub(crate) fn input(&self) -> Json {
        let object = self.object().filter(|_| !self.is_custom);
        object.unwrap_or_else(|| Json::of(&serde_json::json!({ "input": self.arguments })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_the_maker_and_comes_off_again() {
        let made = Seal { value: "a.b==".to_owned(), maker: Some(Maker(7)) };
        assert_eq!(made.marked(), "fs1.0000000000000007.a.b==");
        assert_eq!(Seal::read(&made.marked()), made);
        for foreign in ["", "EqQBCgIYAhIkM", "fs1.", "fs1.zz.x", "fs1.12"] {
            assert_eq!(Seal::read(foreign), Seal { value: foreign.to_owned(), maker: None });
        }
    }
}

//! What calls ask and what targets can do: tools, pictures, room for a long prompt.

use std::fmt;
use std::str::FromStr;

/// Something a call asks that not every target can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Calling functions the client defined.
    Tools,
    /// Looking at pictures.
    Images,
    /// Reading documents.
    Files,
    /// Hearing or watching.
    AudioVideo,
    /// Answering with pictures or sound.
    MediaOutput,
    /// Answering in a shape that a JSON schema prescribes.
    JsonSchema,
    /// Giving more than one answer.
    SeveralChoices,
    /// Tools that the provider itself runs.
    HostedTools,
    /// Going on from what the provider keeps.
    ServerState,
    /// Tools whose input is not JSON.
    CustomTools,
    /// Telling how likely each token was.
    Logprobs,
    /// Going on from the beginning of an answer that the client wrote.
    Prefill,
    /// Turning texts into vectors.
    Embeddings,
    /// Fetching pictures from an address.
    ImageUrls,
    /// Fetching documents from an address.
    FileUrls,
    /// Taking pictures, documents or sounds of this format.
    MediaFormats,
    /// Tools of such names.
    ToolNames,
}

impl Need {
    /// Every need, in the order of the documentation.
    pub const ALL: [Self; 17] = [
        Self::Tools,
        Self::Images,
        Self::Files,
        Self::AudioVideo,
        Self::MediaOutput,
        Self::JsonSchema,
        Self::SeveralChoices,
        Self::HostedTools,
        Self::ServerState,
        Self::CustomTools,
        Self::Logprobs,
        Self::Prefill,
        Self::Embeddings,
        Self::ImageUrls,
        Self::FileUrls,
        Self::MediaFormats,
        Self::ToolNames,
    ];

    /// Those that no target meets or lacks by itself: whether its wire format has words for them
    /// depends on the call, which brings the answer along ([`Unsayable`]).
    pub const BY_FORM: [Self; 4] =
        [Self::ImageUrls, Self::FileUrls, Self::MediaFormats, Self::ToolNames];

    /// The stable name used in settings, the journal and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Images => "images",
            Self::Files => "files",
            Self::AudioVideo => "audio_video",
            Self::MediaOutput => "media_output",
            Self::JsonSchema => "json_schema",
            Self::SeveralChoices => "several_choices",
            Self::HostedTools => "hosted_tools",
            Self::ServerState => "server_state",
            Self::CustomTools => "custom_tools",
            Self::Logprobs => "logprobs",
            Self::Prefill => "prefill",
            Self::Embeddings => "embeddings",
            Self::ImageUrls => "image_urls",
            Self::FileUrls => "file_urls",
            Self::MediaFormats => "media_formats",
            Self::ToolNames => "tool_names",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Need {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|need| need.as_str() == name).ok_or(())
    }
}

/// A set of needs, small enough to copy.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Needs(u32);

impl Needs {
    /// Nothing beyond text.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self((1 << Need::ALL.len()) - 1);

    /// Adds one.
    pub const fn insert(&mut self, need: Need) {
        self.0 |= need.bit();
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn contains(self, need: Need) -> bool {
        self.0 & need.bit() != 0
    }

    /// Those that are not among `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are also among `other`.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of [`Need::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.into_iter().filter(move |need| self.contains(*need))
    }
}

impl FromIterator<Need> for Needs {
    fn from_iter<I: IntoIterator<Item = Need>>(needs: I) -> Self {
        needs.into_iter().fold(Self::NONE, |mut set, need| {
            set.insert(need);
            set
        })
    }
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A wire format. The engine only compares them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormId(pub u8);

/// Wire formats that are told apart here; of others nothing can be said.
const FORMS: usize = 8;

/// What a call asks that wire formats other than its own have no words for, by format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unsayable([Needs; FORMS]);

impl Unsayable {
    /// Every format can say all of it.
    pub const NONE: Self = Self([Needs::NONE; FORMS]);

    /// This format cannot say that.
    pub fn insert(&mut self, form: FormId, need: Need) {
        if let Some(needs) = self.0.get_mut(usize::from(form.0)) {
            needs.insert(need);
        }
    }

    /// What this format cannot say.
    #[must_use]
    pub fn of(&self, form: FormId) -> Needs {
        self.0.get(usize::from(form.0)).copied().unwrap_or(Needs::NONE)
    }

    /// Whether every format can say all of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

/// What a target can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capability {
    /// The needs it meets for calls that are translated for it.
    pub can: Needs,
    /// The needs it meets for calls in its own wire format.
    pub own: Needs,
    /// Tokens it can hold, prompt and answer together, if that is known.
    pub context: Option<u32>,
    /// Tokens it writes at most, if that is known.
    pub max_output: Option<u32>,
}

impl Capability {
    /// The needs a target that speaks `form` meets for a call that came in `spoken`.
    #[must_use]
    pub fn of(&self, form: FormId, spoken: Option<FormId>) -> Needs {
        if spoken == Some(form) { self.own } else { self.can }
    }
}

impl Default for Capability {
    /// Everything, within unknown bounds: what is not known is tried.
    fn default() -> Self {
        Self { can: Needs::ALL, own: Needs::ALL, context: None, max_output: None }
    }
}

/// What a target costs, in millionths of a US dollar per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    /// For tokens read.
    pub input: u64,
    /// For tokens written.
    pub output: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for (place, need) in Need::ALL.into_iter().enumerate() {
            let one: Needs = [need].into_iter().collect();
            assert_eq!(one.iter().collect::<Vec<_>>(), [need]);
            assert_eq!(Needs::ALL.without(one).iter().count(), Need::ALL.len() - 1);
            assert!(!Needs::NONE.contains(need) && Needs::ALL.contains(need));
            assert_eq!(need.as_str().parse(), Ok(need));
            assert_eq!(need as usize, place, "the order of the list is that of the bits");
        }
        assert_eq!(Need::ALL.into_iter().collect::<Needs>(), Needs::ALL);
        assert!(Needs::NONE.is_empty() && Needs::default() == Needs::NONE);
    }
}

//! What is special about some rows of the facts.

use failsoft_provider::TransportFault;
use failsoft_wire::Flaw;

use crate::watches::Silence;

/// Rows that no reader of answers can decide, with the one that does.
pub(crate) const ELSEWHERE_DECIDED: &[(&str, &str)] = &[
    ("any-047", "a whole answer by its form; content is not guessed at"),
    ("azure-openai-022", "a whole answer; the operator's policy on unfiltered output decides"),
    ("lmstudio-008", "a whole answer of another model; only the caller knows which was asked"),
    ("openai-065", "a refusal is an answer by its form, and the client gets it"),
];

/// Rows in which nothing answers: the engine's watches read them.
pub(crate) fn silence_of(id: &str) -> Option<Silence> {
    Some(match id {
        "any-003" => Silence::Connecting,
        "any-006" | "deepseek-011" => Silence::Waiting,
        "any-007" | "deepseek-012" => Silence::Streaming,
        "any-008" => Silence::Deadline,
        "any-012" => Silence::CallerLeft,
        _others => return None,
    })
}

/// Rows that show an error inside another and are classed by the outer one, while their own notes
/// ask to class them by the inner.
pub(crate) const BY_THE_INNER: &[&str] =
    &["aws-bedrock-005", "aws-bedrock-018", "google-vertex-013"];

/// Rows whose answer holds no error: what the wire finds.
pub(crate) fn flaws_of(id: &str) -> Vec<Flaw> {
    let broken_off = |reasons: &[&str]| {
        reasons.iter().map(|reason| Flaw::BrokenOff((*reason).to_owned())).collect()
    };
    match id {
        "anthropic-054" | "openai-071" | "mistral-016" | "ollama-015" | "ollama-016"
        | "any-045" | "google-gemini-027" | "aws-bedrock-034" => vec![Flaw::NoEnd],
        "any-046" => vec![Flaw::Truncated],
        "anthropic-055" => broken_off(&["refusal"]),
        "anthropic-056" | "aws-bedrock-033" => broken_off(&["model_context_window_exceeded"]),
        "openai-064" | "openai-066" | "azure-openai-021" => broken_off(&["content_filter"]),
        "mistral-015" => broken_off(&["error"]),
        "deepseek-013" => broken_off(&["insufficient_system_resource"]),
        "vllm-011" => broken_off(&["abort"]),
        "google-gemini-022" => broken_off(&[
            "PROHIBITED_CONTENT",
            "SAFETY",
            "BLOCKLIST",
            "IMAGE_SAFETY",
            "MODEL_ARMOR",
            "JAILBREAK",
        ]),
        "google-gemini-023" => broken_off(&[
            "SAFETY",
            "RECITATION",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "LANGUAGE",
            "MODEL_ARMOR",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
        ]),
        "google-gemini-024" => broken_off(&[
            "MALFORMED_FUNCTION_CALL",
            "MALFORMED_RESPONSE",
            "UNEXPECTED_TOOL_CALL",
            "TOO_MANY_TOOL_CALLS",
        ]),
        "aws-bedrock-031" => broken_off(&["guardrail_intervened", "content_filtered"]),
        "aws-bedrock-032" => broken_off(&["malformed_model_output", "malformed_tool_use"]),
        "cohere-016" => broken_off(&["ERROR", "TIMEOUT"]),
        "anthropic-057" | "openai-072" | "openrouter-035" | "lmstudio-007"
        | "google-gemini-025" => vec![Flaw::Empty],
        "any-042" | "any-044" => vec![Flaw::NotJson],
        _others => Vec::new(),
    }
}

pub(crate) fn fault_of(id: &str) -> Option<TransportFault> {
    Some(match id {
        "any-001" => TransportFault::NameLookup,
        "any-002" => TransportFault::ConnectionRefused,
        "any-004" => TransportFault::Tls,
        "any-005" => TransportFault::Reset,
        "any-009" | "any-010" => TransportFault::CutShort,
        "any-011" => TransportFault::NotHttp,
        _others => return None,
    })
}

/// Rows that are read as another kind, and why.
pub(crate) const OTHER_KINDS: &[(&str, &str)] = &[
    ("any-003", "silence is a timeout in every phase; the phase says that nothing was sent"),
    ("cerebras-009", "its second wording speaks of a day, which its own note calls a quota"),
    ("lmstudio-007", EMPTY),
];

const EMPTY: &str = "an empty stream is all there is to see; it may have other causes";
const SEALS: &str = "the second try is made without the seals";
const PREFILL: &str = "the second try asks in words";
const SAME_KEY: &str = "keys are not renewed here, so the same key would fail again";
const SESSIONS: &str = "of an API that is not spoken here; the kind's own place holds";
const ONE_MODEL: &str = "the row means this model with this key; another key may do as well";

/// Rows whose calls go elsewhere than the row says, and why.
pub(crate) const OTHER_PLACES: &[(&str, &str)] = &[
    ("openai-005", "an embedding: its route holds one model only, so nothing larger is found"),
    ("openai-047", SESSIONS),
    ("openai-048", SESSIONS),
    ("openai-049", SESSIONS),
    ("openai-050", SESSIONS),
    ("openai-051", SESSIONS),
    ("openai-054", SESSIONS),
    ("openai-055", SESSIONS),
    ("google-gemini-014", ONE_MODEL),
    ("google-gemini-015", ONE_MODEL),
    ("lmstudio-007", EMPTY),
];

/// Rows that are tried again where the row says not to, or not where it says to, and why.
pub(crate) const OTHER_REPEATS: &[(&str, &str)] = &[
    ("any-008", "with its deadline the call itself is over"),
    ("deepseek-012", "like any stall; what was sent on already keeps it from being repeated"),
    ("anthropic-009", SEALS),
    ("openai-013", SEALS),
    ("google-gemini-007", SEALS),
    ("anthropic-008", PREFILL),
    ("google-gemini-005", PREFILL),
    ("mistral-003", PREFILL),
    ("google-vertex-003", SAME_KEY),
    ("aws-bedrock-009", SAME_KEY),
    ("aws-bedrock-013", "it takes minutes; the key rests as long"),
    ("aws-bedrock-018", "a context inside: the same again"),
    ("lmstudio-007", EMPTY),
];

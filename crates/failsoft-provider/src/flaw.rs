//! A 200 that was none: what the wire found wrong, as a failure.

use failsoft_engine::{Failure, FailureKind};
use failsoft_wire::Flaw;

use crate::classify::rule::{Quirks, lasting, means};
use crate::classify::said::{Form, Said};
use crate::classify::{self, Answer, Reading, seals};

/// Reasons for an end that say more than that it came too soon.
const REASONS: &[(&[&str], FailureKind)] = &[
    (
        &[
            "blocked",
            "blocklist",
            "content_filter",
            "content_filtered",
            "error_toxic",
            "escalation",
            "guardrail_intervened",
            "image_prohibited_content",
            "image_recitation",
            "image_safety",
            "jailbreak",
            "language",
            "model_armor",
            "prohibited_content",
            "recitation",
            "refusal",
            "safety",
            "spii",
        ],
        FailureKind::ContentFiltered,
    ),
    (&["insufficient_system_resource"], FailureKind::Overloaded),
    // The account is limited, whatever it asks.
    (&["pup_limited_disabled"], FailureKind::Permission),
    (&["model_context_window_exceeded", "model_length"], FailureKind::ContextLengthExceeded),
];

pub(crate) fn read(flaw: &Flaw, answer: &Answer<'_>, quirks: &Quirks) -> Reading {
    let (code, failure) = match flaw {
        Flaw::Error(range) => {
            let body = answer.body.get(range.clone()).unwrap_or(answer.body);
            return classify::read(&Answer { body, ..*answer }, quirks);
        }
        Flaw::NotJson => no_json(answer),
        Flaw::Truncated => ("truncated", means(FailureKind::BadResponse)),
        Flaw::WrongShape => ("wrong_shape", means(FailureKind::BadResponse)),
        Flaw::Empty => ("empty_answer", means(FailureKind::BadResponse)),
        Flaw::NoEnd => ("no_end", means(FailureKind::BadResponse)),
        Flaw::BrokenOff(reason) => ("broken_off", broken_off(reason)),
        Flaw::InvalidToolArguments => ("invalid_tool_arguments", means(FailureKind::BadResponse)),
        Flaw::DoesNotFit => ("does_not_fit", means(FailureKind::BadResponse)),
        Flaw::Repeats => ("repeats", means(FailureKind::BadResponse)),
    };
    let words = match flaw {
        Flaw::BrokenOff(reason) => Some(reason.clone()),
        Flaw::NotJson
        | Flaw::Truncated
        | Flaw::WrongShape
        | Flaw::Error(_)
        | Flaw::Empty
        | Flaw::NoEnd
        | Flaw::InvalidToolArguments
        | Flaw::DoesNotFit
        | Flaw::Repeats => None,
    };
    Reading {
        failure,
        code: Some(code.to_owned()),
        seal_refused: words.as_deref().and_then(seals::read_reason).is_some(),
        prefill_refused: false,
        words,
        param: None,
        request_id: classify::request_id(&Said::of(&Answer { body: &[], ..*answer })),
    }
}

fn no_json(answer: &Answer<'_>) -> (&'static str, Failure) {
    match Said::of(answer).form {
        // A login page or a wrong address: the same again next time.
        Form::Page => ("html", lasting(means(FailureKind::BadResponse))),
        Form::Empty => ("empty_answer", means(FailureKind::BadResponse)),
        Form::Json | Form::Problem | Form::Text => ("not_json", means(FailureKind::BadResponse)),
    }
}

fn broken_off(reason: &str) -> Failure {
    if let Some(failure) = seals::read_reason(reason) {
        return failure;
    }
    let is_known = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(reason));
    let known = REASONS.iter().find(|(names, _)| is_known(names));
    means(known.map_or(FailureKind::BadResponse, |(_, kind)| *kind))
}

//! A 200 that was none: what the wire found wrong, as a failure.

use failsoft_engine::{Failure, FailureKind};
use failsoft_wire::Flaw;

use crate::classify::rule::{Quirks, lasting, means};
use crate::classify::said::{Form, Said};
use crate::classify::{self, Answer, Reading};

/// Reasons for an end that say more than that it came too soon.
const REASONS: &[(&str, FailureKind)] = &[
    ("content_filter", FailureKind::ContentFiltered),
    ("insufficient_system_resource", FailureKind::Overloaded),
    ("model_context_window_exceeded", FailureKind::ContextLengthExceeded),
    ("model_length", FailureKind::ContextLengthExceeded),
    ("refusal", FailureKind::ContentFiltered),
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
    };
    let words = match flaw {
        Flaw::BrokenOff(reason) => Some(reason.clone()),
        Flaw::NotJson
        | Flaw::Truncated
        | Flaw::WrongShape
        | Flaw::Error(_)
        | Flaw::Empty
        | Flaw::NoEnd
        | Flaw::InvalidToolArguments => None,
    };
    let request_id = classify::request_id(&Said::of(&Answer { body: &[], ..*answer }));
    Reading { failure, code: Some(code.to_owned()), words, param: None, request_id }
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
    let known = REASONS.iter().find(|(name, _)| *name == reason);
    means(known.map_or(FailureKind::BadResponse, |(_, kind)| *kind))
}

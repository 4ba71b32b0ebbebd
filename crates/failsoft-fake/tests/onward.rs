//! Going on with an answer whose beginning is in the conversation, in every dialect.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is not as expected stops the test")]

mod raw;

use failsoft_fake::{Dialect, Fake, WORDS};
use raw::{Answer, STREAMED, read_all, request_of, send, start};
use serde_json::{Value, json};

/// The first words of the answer, as they were delivered.
fn begun(words: usize) -> String {
    WORDS.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

fn rest(words: usize) -> String {
    WORDS[begun(words).len()..].to_owned()
}

/// A user's turn that asks to go on.
fn instruction(quoted: &str) -> String {
    format!("Your answer broke off. Repeat its last words, \"{quoted}\", and go on from there.")
}

/// A conversation: the question, the answer's beginning, and what the user said to that.
fn conversation(dialect: Dialect, said: &str, asks: Option<&str>) -> Value {
    let model = if dialect == Dialect::GenerateContent { "model" } else { "assistant" };
    let mut turns = vec![("user", "how are you?"), (model, said)];
    turns.extend(asks.map(|asks| ("user", asks)));
    let parts = |key: &str| -> Vec<Value> {
        turns.iter().map(|(role, text)| json!({"role": role, key: [{"text": text}]})).collect()
    };
    let plain: Vec<Value> =
        turns.iter().map(|(role, text)| json!({"role": role, "content": text})).collect();
    match dialect {
        Dialect::ChatCompletions => json!({"messages": plain}),
        Dialect::Messages => json!({"messages": plain, "max_tokens": 500}),
        Dialect::Responses => json!({"input": plain}),
        Dialect::GenerateContent => json!({"contents": parts("parts")}),
        _ => json!({"messages": parts("content")}),
    }
}

fn post(fake: &Fake, dialect: Dialect, model: &str, mut body: Value) -> Answer {
    if !matches!(dialect, Dialect::GenerateContent | Dialect::BedrockConverse) {
        body["model"] = model.into();
    }
    let mut text = body.to_string();
    text.truncate(text.len() - 1);
    text.push_str(",\"stream\":true}");
    read_all(send(fake, &request_of(dialect, model, &text)))
}

#[test]
fn a_healthy_model_goes_on_with_a_prefill_and_after_a_quote() {
    let fake = start("");
    for dialect in STREAMED {
        let told = post(&fake, dialect, "m", conversation(dialect, &begun(40), None)).text();
        // OpenAI's own dialect has no prefill: the model answers anew.
        let expected = if dialect == Dialect::Responses { WORDS.to_owned() } else { rest(40) };
        assert_eq!(told, expected, "{dialect}");
        let quoted = &begun(40)[begun(34).len() + 1..];
        let asks = instruction(quoted);
        let told = post(&fake, dialect, "m", conversation(dialect, &begun(40), Some(&asks))).text();
        assert_eq!(told, format!("{quoted}{}", rest(40)), "{dialect}");
        let thanks = conversation(dialect, &begun(40), Some("thank you"));
        assert_eq!(post(&fake, dialect, "m", thanks).text(), WORDS, "{dialect}");
    }
    let seen: Vec<_> = fake.attempts().iter().map(|attempt| attempt.continues).collect();
    assert_eq!(seen[..3], [Some("prefill"), Some("turn"), None]);
}

#[test]
fn each_manner_is_chosen_by_name_and_by_scenario() {
    let fake = start("[models.s]\nonward = \"overlaps-2\"\n[models.t]\nfault = \"echoes\"");
    let quoted = &begun(40)[begun(34).len() + 1..];
    let asks = instruction(quoted);
    for dialect in STREAMED {
        let prefilled = |model: &str| {
            post(&fake, dialect, model, conversation(dialect, &begun(40), None)).text()
        };
        let asked = |model: &str| {
            post(&fake, dialect, model, conversation(dialect, &begun(40), Some(&asks))).text()
        };
        let two = &begun(40)[begun(38).len() + 1..];
        for (model, expected) in [
            ("goes-on", rest(40)),
            ("bench", rest(40)),
            ("echoes", WORDS.to_owned()),
            ("t", WORDS.to_owned()),
            ("restarts", WORDS.to_owned()),
            ("overlaps-2", format!("{two}{}", rest(40))),
            ("s", format!("{two}{}", rest(40))),
            ("preamble", format!("Sure, continuing: {}", rest(40))),
            ("loses-space", rest(40).trim_start().to_owned()),
            ("resends-space", format!(" {}", rest(40))),
        ] {
            assert_eq!(prefilled(model), expected, "{dialect} {model}");
        }
        for (model, expected) in [
            ("bench", WORDS.to_owned()),
            ("restarts", WORDS.to_owned()),
            ("preamble", format!("Sure, continuing: {quoted}{}", rest(40))),
        ] {
            assert_eq!(asked(model), expected, "{dialect} {model}");
        }
        for told in [prefilled("other-words"), asked("other-words")] {
            assert!(told.starts_with("A plan that never fails"), "{told}");
        }
        let body = conversation(dialect, &begun(40), Some(&asks));
        let thinking = post(&fake, dialect, "continues-thinking", body);
        assert!(thinking.dechunked().0.contains("think"), "{dialect}");
        assert!(thinking.text().ends_with(&rest(40)), "{dialect}");
    }
}

#[test]
fn a_refused_prefill_is_a_bad_request_in_the_apis_own_words() {
    let fake = start("[models.late]\nsteps = [{ fault = \"fail-503~no-prefill\", times = 1 }]");
    for dialect in STREAMED {
        for model in ["no-prefill", "claude-opus-4-6", "gemini-3.6-flash"] {
            let refused = post(&fake, dialect, model, conversation(dialect, "Good systems", None));
            assert_eq!(refused.status(), 400, "{dialect} {model}");
            let words = ["does not support assistant message prefill", "ending with a model turn"];
            assert!(words.iter().any(|words| refused.body.contains(words)), "{}", refused.body);
            let asks = instruction("Good systems");
            let body = conversation(dialect, "Good systems", Some(&asks));
            assert_eq!(post(&fake, dialect, model, body).text(), WORDS);
        }
    }
    let body = || conversation(Dialect::ChatCompletions, "Good systems", None);
    assert_eq!(post(&fake, Dialect::ChatCompletions, "late", body()).status(), 503);
    for dialect in [Dialect::Messages, Dialect::BedrockConverse] {
        let refused = post(&fake, dialect, "m", conversation(dialect, "Good systems ", None));
        assert_eq!(refused.status(), 400);
        assert!(refused.body.contains("trailing whitespace"), "{}", refused.body);
    }
}

#[test]
fn a_prefill_has_to_be_marked_where_the_real_api_wants_it() {
    let fake = start(
        "[models.mistral]\nprovider = \"mistral\"\n[models.vllm]\nprovider = \"vllm\"\n\
         [models.gpt-5]\nprovider = \"openai\"",
    );
    let chat = Dialect::ChatCompletions;
    let body = || conversation(chat, &begun(3), None);
    let unmarked = post(&fake, chat, "mistral", body());
    assert_eq!(unmarked.status(), 400);
    assert!(unmarked.body.contains("Assistant with prefix True"), "{}", unmarked.body);
    let mut marked = body();
    marked["messages"][1]["prefix"] = true.into();
    assert_eq!(post(&fake, chat, "mistral", marked).text(), WORDS, "it echoes");
    assert_eq!(post(&fake, chat, "vllm", body()).text(), WORDS, "it answers anew");
    let mut marked = body();
    marked["continue_final_message"] = true.into();
    assert_eq!(post(&fake, chat, "vllm", marked.clone()).status(), 400);
    marked["add_generation_prompt"] = false.into();
    assert_eq!(post(&fake, chat, "vllm", marked).text(), rest(3));
    assert_eq!(post(&fake, chat, "gpt-5", body()).text(), WORDS);
}

#[test]
fn faults_and_bounds_apply_to_what_is_gone_on_with() {
    let fake = start("");
    let chat = Dialect::ChatCompletions;
    let body = || conversation(chat, &begun(40), None);
    assert_eq!(
        post(&fake, chat, "once:cut-after-3~goes-on", body()).text(),
        rest(40)[..begun(43).len() - begun(40).len()]
    );
    let mut bounded = body();
    bounded["max_tokens"] = 5.into();
    let told = post(&fake, chat, "m", bounded);
    assert_eq!(told.text(), &begun(45)[begun(40).len()..]);
    assert!(told.body.contains("\"finish_reason\":\"length\""));
    assert_eq!(post(&fake, chat, "m", conversation(chat, WORDS, None)).text(), "");
    assert_eq!(post(&fake, chat, "fail-503", body()).status(), 503);
}

#[test]
fn json_is_gone_on_with_too() {
    let fake = start("");
    let chat = Dialect::ChatCompletions;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"], "additionalProperties": false});
    let mut body = conversation(chat, "{\"city\":", None);
    body["response_format"] = json!({"type": "json_schema",
        "json_schema": {"name": "a", "schema": schema, "strict": true}});
    assert_eq!(post(&fake, chat, "m", body).text(), "\"Paris\"}");
}

#[test]
fn words_may_come_before_calls_and_calls_may_be_cut() {
    let fake = start("");
    for dialect in STREAMED {
        let ask = |model: &str| raw::ask(&fake, dialect, model, ",\"stream\":true");
        let whole = ask("text-tools");
        assert!(whole.text().starts_with("Let me look that up"), "{dialect}: {}", whole.body);
        let calls = |answer: &Answer| answer.events().concat().matches("lookup").count();
        assert!(calls(&whole) >= 2 && whole.dechunked().1, "{dialect}");
        let text = ask("cut-text-tool");
        assert_eq!((text.text(), text.dechunked().1), (whole.text(), false), "{dialect}");
        let first = ask("cut-tool");
        let second = ask("cut-tool-2");
        assert_eq!((first.dechunked().1, second.dechunked().1), (false, false));
        assert!(calls(&second) > calls(&first), "{dialect}: {}", second.body);
        // Where calls come whole, half of one's frame comes.
        if dialect != Dialect::GenerateContent {
            let arguments = |answer: &Answer| answer.events().concat().matches("sbon").count();
            // One dialect says the arguments of a whole call three times.
            let once = if dialect == Dialect::Responses { 3 } else { 1 };
            assert_eq!((calls(&text), calls(&first)), (1, 1), "{dialect}: {}", first.body);
            assert_eq!((arguments(&first), arguments(&second)), (0, once), "{dialect}");
        }
    }
}

#[test]
fn streams_break_inside_a_character_and_inside_a_thought() {
    let fake = start("");
    for dialect in STREAMED {
        let ask = |model: &str| raw::ask(&fake, dialect, model, ",\"stream\":true");
        let inside = ask("cut-inside-35");
        assert!(inside.text().starts_with(&begun(35)), "{dialect}");
        assert!(!inside.dechunked().1);
        if dialect != Dialect::BedrockConverse {
            assert!(String::from_utf8(inside.raw).is_err(), "{dialect}");
        }
        let thinking = ask("cut-thinking");
        let told = thinking.events().concat();
        assert!(told.contains("Let") && !told.contains("think."), "{dialect}: {told}");
        assert_eq!((thinking.text(), thinking.dechunked().1), (String::new(), false));
        assert!(ask("cut-inside-99").text().starts_with(WORDS));
    }
}

#[test]
fn a_model_that_cannot_stop_stops_at_its_bound() {
    let fake = start("");
    for dialect in STREAMED {
        let text = raw::ask(&fake, dialect, "repeat", ",\"stream\":true").text();
        assert!(text.ends_with(" over and over and over and over"), "{dialect}");
        assert!(text.len() > 60 * 1024 || dialect == Dialect::Messages, "{dialect}");
    }
}

#[test]
fn answers_end_with_an_error_or_with_pings_alone() {
    let fake = start("");
    for (dialect, word) in [
        (Dialect::ChatCompletions, "\"finish_reason\":\"error\""),
        (Dialect::Responses, "response.failed"),
        (Dialect::GenerateContent, "MALFORMED_RESPONSE"),
    ] {
        let told = raw::ask(&fake, dialect, "finish-error", ",\"stream\":true");
        assert_eq!(told.text(), begun(20), "{dialect}");
        assert!(told.body.contains(word) && told.dechunked().1, "{dialect}");
    }
    for dialect in
        [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent]
    {
        let told = raw::ask(&fake, dialect, "pings-end", ",\"stream\":true");
        assert_eq!((told.text().as_str(), told.dechunked().1), ("", true), "{dialect}");
    }
    for dialect in [Dialect::Messages, Dialect::BedrockConverse] {
        let told = raw::ask(&fake, dialect, "finish-error", ",\"stream\":true");
        assert!(told.body.contains("none of its reasons is an error"), "{}", told.body);
    }
}

//! A call as a request.

use super::survey::survey;
use super::{tools, turns, wishes};
use crate::dialect::chat_completions::kept::{OWN, is_marked};
use crate::dialect::gpt::Kind;
use crate::neutral::Call;
use crate::translate::{Destination, Encoded, PrefillMark, Unfit};
use crate::write::Writer;

/// More texts that end the answer are refused.
pub(super) const MAX_STOPS: usize = 4;

/// What tells a server to go on with the last message, and to begin none.
const CONTINUE: &str = "continue_final_message";
const BEGIN: &str = "add_generation_prompt";

/// More alternatives for a token are refused.
const MAX_LOGPROBS: u32 = 20;

/// Writes a call.
pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let notes = survey(call, to)?;
    let mut body = Vec::with_capacity(4096);
    Writer::new(&mut body).object(|out| {
        out.text("model", to.model);
        let instruction = wishes::instruction(call, to.follows_schemas);
        let mark = if turns::is_begun(call) { to.marks_prefill } else { PrefillMark::None };
        turns::write(out.key("messages"), call, (instruction.as_deref(), mark));
        tools::write(out, call, call.rest.is_of(OWN));
        wishes::write_format(out, call, to.follows_schemas);
        if let Some(reasoning) = &call.reasoning {
            wishes::write_reasoning(out, reasoning);
        }
        write_parameters(out, call, to);
        let mut but = Vec::new();
        if instruction.is_some() {
            but.push("response_format");
        }
        if mark == PrefillMark::ContinueFinal {
            out.value(CONTINUE, true);
            out.value(BEGIN, false);
            but.extend([CONTINUE, BEGIN]);
        }
        out.rest_but(&call.rest, OWN, &but);
    });
    Ok(Encoded { body, notes })
}

fn write_parameters(out: &mut Writer<'_>, call: &Call, to: &Destination<'_>) {
    let is_own = call.rest.is_of(OWN);
    let kind = Kind::of(to.model);
    let is_newer = match is_own {
        true => is_marked(&call.rest, "max_completion_tokens"),
        false => kind == Kind::Reasoning,
    };
    out.value_if(if is_newer { "max_completion_tokens" } else { "max_tokens" }, call.max_tokens);
    if is_own || kind.samples(call) {
        write_sampling(out, call, is_own);
    }
    let seed = if is_marked(&call.rest, "random_seed") { "random_seed" } else { "seed" };
    out.value_if(seed, call.sampling.seed);
    out.value_if("n", call.sampling.choices.filter(|count| is_own || *count > 1));
    out.text_if("user", call.user.as_deref());
    if is_own && !call.metadata.is_empty() {
        out.key("metadata").object(|labels| {
            call.metadata.iter().for_each(|(key, label)| labels.text(key, label));
        });
    }
    if call.stream {
        out.value("stream", true);
        // The answer's usage is asked for wherever the call is not the client's own words.
        if !is_own || is_marked(&call.rest, "include_usage") {
            out.key("stream_options").object(|options| options.value("include_usage", true));
        }
    } else if is_marked(&call.rest, "include_usage") {
        out.key("stream_options").object(|options| options.value("include_usage", true));
    }
}

fn write_sampling(out: &mut Writer<'_>, call: &Call, is_own: bool) {
    let sampling = &call.sampling;
    out.value_if("temperature", sampling.temperature);
    out.value_if("top_p", sampling.top_p);
    if is_own {
        out.value_if("top_k", sampling.top_k);
    }
    out.value_if("frequency_penalty", sampling.frequency_penalty);
    out.value_if("presence_penalty", sampling.presence_penalty);
    if let Some(count) = sampling.logprobs {
        out.value("logprobs", true);
        let count = if is_own { count } else { count.min(MAX_LOGPROBS) };
        out.value_if("top_logprobs", Some(count).filter(|count| *count > 0));
    }
    if !call.stop.is_empty() {
        out.key("stop").array(|list| {
            let most = if is_own { call.stop.len() } else { MAX_STOPS };
            call.stop.iter().take(most).for_each(|text| list.string(text));
        });
    }
}

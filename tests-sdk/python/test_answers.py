"""An application gets its answer, whole and once, whatever happens before the first content."""

import pytest
from sdks import WORDS, sdk
from stage import staged

# Faults that are over, or elsewhere absent, before an answer begins.
BEFORE_CONTENT = [
    "fail-500",
    "fail-502",
    "fail-503",
    "fail-504",
    "fail-529",
    "fail-408",
    "fail-429",
    "fail-429-ra1",
    "overloaded",
    "quota",
    "bad-key",
    "no-permission",
    "no-such-model",
    "context-length",
    "reset",
    "close",
    "garbage",
    "silent",
    "late-20s",
    "html",
    "html-502",
    "error-200",
    "redirect",
    "empty-body",
]
ONLY_PLAIN = ["truncated-json", "short-body", "empty"]
ONLY_STREAMED = ["slow-20s", "pings-only", "role-only", "inband-error", "cut-after-0", "empty"]

CASES = [(fault, how) for fault in BEFORE_CONTENT for how in ["plain", "streamed"]]
CASES += [(fault, "plain") for fault in ONLY_PLAIN]
CASES += [(fault, "streamed") for fault in ONLY_STREAMED]


def test_a_healthy_answer_arrives_whole_with_its_headers(dialect, how):
    with staged(dialect=dialect) as stage:
        answer = sdk(stage).ask(how)
        assert answer.text == WORDS
        assert answer.model == "primary"
        assert answer.finish == sdk(stage).complete
        assert answer.input_tokens > 0 and answer.output_tokens > 0
        call = answer.headers["x-failsoft-call"]
        assert call
        assert answer.headers["x-request-id"] == call
        assert answer.headers["request-id"] == call
        assert answer.headers["x-failsoft-target"] == "first/primary"
        assert answer.headers["x-failsoft-attempts"] == "1"
        assert answer.headers["x-failsoft-outcome"] == "served"
        assert [attempt.model for attempt in stage.attempts()] == ["primary"]


@pytest.mark.parametrize(("fault", "how"), CASES)
def test_a_failure_before_content_is_answered_by_another_target(dialect, fault, how):
    with staged(dialect=dialect, primary=fault) as stage:
        answer = sdk(stage).ask(how)
        attempts = stage.attempts()
        assert answer.text == WORDS
        assert answer.model == "backup"
        assert answer.finish == sdk(stage).complete
        assert answer.headers["x-failsoft-target"] == "second/backup"
        assert answer.headers["x-failsoft-attempts"] == str(len(attempts))
        assert answer.headers["x-failsoft-outcome"] == "served"
        assert 2 <= len(attempts) <= 3
        assert [attempt.model for attempt in attempts].count("backup") == 1


@pytest.mark.parametrize("fault", ["fail-500", "fail-503", "fail-429-ra1", "reset", "close", "html-502"])
def test_a_single_failure_is_repeated_at_the_only_target(dialect, how, fault):
    with staged(dialect=dialect, primary=f"once:{fault}", backup=None) as stage:
        answer = sdk(stage).ask(how)
        attempts = stage.attempts()
        assert answer.text == WORDS
        assert answer.headers["x-failsoft-target"] == "first/primary"
        assert [attempt.model for attempt in attempts] == ["primary", "primary"]
        if fault == "fail-429-ra1":
            assert attempts[1].at - attempts[0].at >= 0.95


def test_a_tool_call_arrives_whole(dialect, how):
    with staged(dialect=dialect, primary="tools") as stage:
        answer = sdk(stage).ask(how, tools=True)
        [(name, arguments)] = answer.tools
        assert name == "weather"
        assert isinstance(arguments, dict)


def test_a_tool_call_arrives_although_the_first_target_fails(dialect, how):
    with staged(dialect=dialect, primary="fail-503", backup="tools") as stage:
        answer = sdk(stage).ask(how, tools=True)
        assert [name for name, _ in answer.tools] == ["weather"]


@pytest.mark.parametrize("fault", ["bad-tool", "cut-tool"])
def test_a_broken_tool_call_is_asked_again_elsewhere(dialect, fault):
    with staged(dialect=dialect, primary=fault, backup="tools") as stage:
        answer = sdk(stage).ask("plain", tools=True)
        assert [name for name, _ in answer.tools] == ["weather"]
        assert answer.model == "backup"


def test_an_answer_cut_by_max_tokens_is_an_answer(dialect, how):
    with staged(dialect=dialect, primary="length") as stage:
        answer = sdk(stage).ask(how)
        assert answer.finish == sdk(stage).out_of_length
        assert answer.text and WORDS.startswith(answer.text)
        assert len(stage.attempts()) == 1


def test_a_refusal_is_not_routed_around(dialect, how):
    with staged(dialect=dialect, primary="refusal") as stage:
        sdk(stage).ask(how)
        assert [attempt.model for attempt in stage.attempts()] == ["primary"]


@pytest.mark.parametrize("fault", ["drip-17", "slow-tokens-5ms", "no-done"])
def test_an_odd_but_whole_stream_is_one_answer(dialect, fault):
    with staged(dialect=dialect, primary=fault, policies="") as stage:
        answer = sdk(stage).ask("streamed")
        assert answer.text == WORDS
        assert answer.output_tokens > 0
        assert len(stage.attempts()) == 1


def test_models_are_listed(dialect):
    with staged(dialect=dialect) as stage:
        listed = [model.id for model in sdk(stage).client.models.list()]
        assert "assistant" in listed and "healthy" in listed


def test_headers_narrow_the_policy(dialect, how):
    with staged(dialect=dialect, primary="fail-503") as stage:
        user = sdk(stage)
        headers = {"x-failsoft-max-attempts": "1"}
        with _raises(user, 503):
            user.ask(how, extra_headers=headers)
        assert len(stage.attempts()) == 1


def test_a_deadline_header_ends_the_call_in_time(dialect, how):
    with staged(dialect=dialect, primary="silent", backup="silent") as stage:
        user = sdk(stage)
        with _raises(user, 504) as caught:
            user.ask(how, extra_headers={"x-failsoft-deadline": "500ms"})
        assert user.code(caught.value) == "timeout"


def _raises(user, status):
    def same(error):
        return error.status_code == status

    return pytest.raises(user.package.APIStatusError, check=same)

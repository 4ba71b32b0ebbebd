"""When nothing can be answered, the SDK raises its proper typed exception, with words for the
people who use the application, and does not multiply the call."""

import json

import pytest
from sdks import WORDS, sdk
from stage import QUICK, fetch, run, staged

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "ja", "zh", "ko"]

# The fault at every target, the exception, its status, its code.
EVERYWHERE = [
    ("fail-429", "RateLimitError", 429, "rate_limited"),
    ("fail-500", "InternalServerError", 503, "server_error"),
    ("overloaded", "InternalServerError", 503, "overloaded"),
    ("reset", "InternalServerError", 503, "network"),
    ("html", "InternalServerError", 503, "bad_response"),
    ("context-length", "BadRequestError", 400, "context_length_exceeded"),
    ("content-policy", "BadRequestError", 400, "content_filtered"),
]


def failing(user, how, **more):
    with pytest.raises(user.package.APIStatusError) as caught:
        user.ask(how, **more)
    return caught.value


@pytest.mark.parametrize(("fault", "kind", "status", "code"), EVERYWHERE)
def test_each_failure_raises_its_typed_exception(dialect, how, fault, kind, status, code):
    with staged(dialect=dialect, primary=fault, backup=fault) as stage:
        user = sdk(stage)
        error = failing(user, how)
        attempts = stage.attempts()
        assert isinstance(error, getattr(user.package, kind)), type(error)
        assert error.status_code == status
        assert user.code(error) == code
        assert 1 <= len(attempts) <= 3, attempts
        said = user.said(error)
        assert said and not said.endswith(code)
        call = error.response.headers["x-failsoft-call"]
        assert error.request_id == call
        assert call not in said
        assert error.response.headers["x-failsoft-outcome"] == "failed"
        assert error.response.headers["x-failsoft-attempts"] == str(len(attempts))
        assert error.response.json()["error"]["call_id"] == call
        if fault in ["fail-429", "fail-500", "overloaded", "context-length", "content-policy"]:
            assert stage.raw_words() not in error.response.text


@pytest.mark.parametrize("fault", ["fail-429", "fail-429-ra1", "fail-500", "fail-503", "reset", "silent"])
def test_default_retries_of_the_sdk_do_not_multiply_the_call(dialect, how, fault):
    with staged(dialect=dialect, primary=fault, backup=fault) as stage:
        user = sdk(stage)
        for call in range(1, 3):
            error = failing(user, how)
            assert error.response.headers["x-should-retry"] == "false"
            assert len(stage.attempts()) <= 3 * call, stage.attempts()


def test_a_retry_after_for_clients_is_bounded(dialect):
    with staged(dialect=dialect, primary="fail-429-ra120", backup="fail-429-ra120") as stage:
        error = failing(sdk(stage), "plain")
        assert error.status_code == 429
        told = error.response.headers.get("retry-after")
        assert told is None or 1 <= int(told) <= 60


def test_a_filtered_prompt_is_not_routed_around(dialect, how):
    with staged(dialect=dialect, primary="content-policy", backup="healthy") as stage:
        failing(sdk(stage), how)
        assert [attempt.model for attempt in stage.attempts()] == ["primary"]


def test_the_words_are_in_the_language_of_the_caller(dialect):
    with staged(dialect=dialect, primary="fail-503", backup=None) as stage:
        user = sdk(stage)
        raw = stage.raw_words()
        said = {}
        for language in LANGUAGES:
            error = failing(user, "plain", extra_headers={"accept-language": f"{language};q=0.9"})
            said[language] = user.said(error)
            assert raw not in error.response.text
        assert len(set(said.values())) == len(LANGUAGES), said
        for language in ["ja", "zh", "ko"]:
            assert not said[language].isascii()
        error = failing(user, "plain", extra_headers={"accept-language": "tlh, fr-CA;q=0.8"})
        assert user.said(error) == said["fr"]
        error = failing(user, "plain", extra_headers={"accept-language": "tlh"})
        assert user.said(error) == said["en"]


def test_a_model_nobody_knows_lists_the_routes(dialect):
    with staged(dialect=dialect) as stage:
        user = sdk(stage)
        error = failing(user, "plain", model="gpt-nobody")
        # With two providers of one dialect a bare name leads nowhere.
        assert isinstance(error, user.package.NotFoundError)
        assert user.code(error) == "model_not_found"
        assert "assistant" in user.said(error) and "healthy" in user.said(error)
        assert stage.attempts() == []


def test_only_a_client_key_opens_the_door(dialect):
    """The key is made by the command people use; a wrong one is the caller's own mistake."""
    keys = {}

    def make_key(folder):
        arguments = ["keys", "create", "app", "--file", str(folder / "keys.toml"), "--json"]
        keys["app"] = json.loads(run(arguments, folder))["key"]

    door = 'client_keys = { file = "keys.toml" }'
    with staged(dialect=dialect, server=door, before=make_key) as stage:
        user = sdk(stage, api_key="wrong")
        error = failing(user, "plain")
        assert isinstance(error, user.package.AuthenticationError)
        assert user.code(error) == "authentication"
        assert stage.attempts() == []
        assert sdk(stage, api_key=keys["app"]).ask("plain").text == WORDS


def test_a_parameter_at_fault_is_named(dialect):
    with staged(dialect=dialect) as stage:
        user = sdk(stage)
        error = failing(user, "plain", extra_body={"messages": "no list"})
        assert isinstance(error, user.package.BadRequestError)
        assert user.code(error) == "bad_request"
        assert "messages" in user.said(error)


# What is continued elsewhere is told in `test_streams.py`.
NOT_CONTINUED = QUICK + """
[policy.resume]
enabled = false
"""

CUTS = ["cut-after-40", "reset-after-40", "end-after-40", "inband-error-after-20", "stall-after-20"]


@pytest.mark.parametrize("fault", CUTS)
def test_a_stream_that_breaks_after_content_raises(dialect, fault):
    with staged(dialect=dialect, primary=fault, policies=NOT_CONTINUED) as stage:
        user = sdk(stage)
        pieces, close = user.pieces()
        text = ""
        with pytest.raises(user.package.APIError):
            for piece in pieces:
                text += piece
        close()
        # Either the whole answer, or what came and an exception: never a plausible end.
        assert WORDS.startswith(text) and text != WORDS


@pytest.mark.parametrize("fault", ["bad-tool", "cut-tool"])
def test_a_stream_whose_tool_call_breaks_everywhere_raises(dialect, fault):
    with staged(dialect=dialect, primary=fault, backup=fault) as stage:
        user = sdk(stage)
        with pytest.raises(user.package.APIError):
            user.ask("streamed", tools=True)


def test_a_caller_who_leaves_a_stream_cancels_upstream(dialect):
    with staged(dialect=dialect, primary="slow-tokens-50ms") as stage:
        pieces, close = sdk(stage).pieces()
        for _ in range(3):
            next(pieces)
        close()
        assert stage.sees_cancelled(), stage.attempts()
        assert len(stage.attempts()) == 1


# Nothing of ours ends before the caller does.
PATIENT = """
[policy.timeouts]
first_token = { patience = "20s", timeout = "30s" }
reply = { patience = "20s", timeout = "30s" }
"""


def test_a_caller_who_gives_up_waiting_cancels_upstream(dialect, how):
    with staged(dialect=dialect, primary="silent", backup=None, policies=PATIENT) as stage:
        user = sdk(stage, timeout=0.5, max_retries=0)
        # Without the header the gateway cannot know how long the caller waits.
        untold = {"x-stainless-read-timeout": user.package.Omit()}
        with pytest.raises(user.package.APITimeoutError):
            user.ask(how, extra_headers=untold)
        assert stage.sees_cancelled(), stage.attempts()


def test_the_sdks_own_timeout_is_the_deadline_of_a_plain_call(dialect):
    with staged(dialect=dialect, primary="silent", backup=None, policies=PATIENT) as stage:
        user = sdk(stage, timeout=2)
        error = failing(user, "plain")
        assert error.status_code == 504 and user.code(error) == "timeout"
        assert len(stage.attempts()) == 1


REPLY = """
[routes.assistant.degrade]
reply = { en = "I cannot answer right now.", de = "Ich kann gerade nicht antworten." }
"""


def test_a_degraded_reply_comes_as_an_assistants_message(dialect, how):
    with staged(dialect=dialect, primary="fail-503", backup="fail-503", more=REPLY) as stage:
        user = sdk(stage)
        answer = user.ask(how)
        assert answer.text == "I cannot answer right now."
        assert answer.model == "assistant"
        assert answer.finish == user.complete
        assert answer.input_tokens == 0 and answer.output_tokens == 0
        assert answer.headers["x-failsoft-outcome"] == "degraded"
        answer = user.ask(how, extra_headers={"accept-language": "de-AT"})
        assert answer.text == "Ich kann gerade nicht antworten."


def test_the_admin_port_shows_what_happened(dialect):
    with staged(dialect=dialect, primary="fail-500") as stage:
        sdk(stage).ask("plain")
        assert fetch(f"{stage.admin_url}/livez")[0] == 200
        status, _, text = fetch(f"{stage.admin_url}/metrics")
        assert status == 200 and "failsoft_" in text and "second/backup" in text
        assert fetch(f"{stage.url}/metrics")[0] == 404

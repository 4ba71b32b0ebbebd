"""Callers that wait, leave, or read slowly."""

import json
import pathlib
import random
import socket
import tempfile
import time
import urllib.request

import pytest
from accumulators import CLIENTS, Users, tell
from sdks import WORDS
from stage import until
from theatre import PATIENCE, Model, Play, Theatre

SHORT = "Good things come late."
# Far more than the system's buffers between the provider and the caller hold, some 4 to 6 MB each.
LONG = 36 * 1024 * 1024
# Nothing that repeats itself, or it would be taken for an answer that cannot end.
PIECE = random.Random(7).randbytes(64 * 1024).hex()

# The others take a line that is no data for an error.
COMMENTS = ["chat_completions", "messages", "responses"]

PLAYS = {}
for client in CLIENTS:
    gaps = [Model("slow-tokens-700ms", client, more=f'text = "{SHORT}"')]
    PLAYS[f"gaps_{client}"] = Play(f"gaps_{client}", gaps, 'heartbeat = "150ms"')
    late = [Model("late-2500ms", client)]
    keys = 'heartbeat = "150ms"\nbegin_after = "1s"'
    PLAYS[f"late_{client}"] = Play(f"late_{client}", late, keys)
    keys += '\ntimeouts = { deadline = "2500ms" }'
    PLAYS[f"never_{client}"] = Play(f"never_{client}", [Model("late-20s", client)], keys)
    PLAYS[f"leaves_{client}"] = Play(f"leaves_{client}", [Model("slow-tokens-50ms", client)])
    # The last of sixty words comes 590 ms behind the first.
    whole = [Model("slow-tokens-10ms", client)]
    PLAYS[f"whole_{client}"] = Play(f"whole_{client}", whole, 'delivery = "whole"')
    midway = [Model("once:cut-after-20+late-20s", client)]
    PLAYS[f"midway_{client}"] = Play(f"midway_{client}", midway)
long_text = json.dumps(" ".join([PIECE] * (LONG // len(PIECE))))
PLAYS["slow"] = Play("slow", [Model("healthy", "chat_completions", more=f"text = {long_text}")])


@pytest.fixture(scope="module")
def theatre():
    with tempfile.TemporaryDirectory(prefix="failsoft-callers-") as folder:
        theatre = Theatre(pathlib.Path(folder), list(PLAYS.values()))
        yield theatre
        theatre.stop()


@pytest.fixture(scope="module")
def waiting(theatre):
    """What those who wait will have heard: by both halves of each SDK, and as plain lines."""
    users = Users(theatre.url, threads=24)
    heard = {
        (kind, client, half): users.ask(half, client, f"{kind}_{client}")
        for kind in ["gaps", "late", "never", "whole"]
        for client in CLIENTS
        for half in ["sync", "async"]
    }
    for kind in ["gaps", "late"]:
        for client in CLIENTS:
            lines = users.pool.submit(lines_of, theatre, client, f"{kind}_{client}")
            heard[kind, client, "lines"] = lines
    yield heard
    users.close()


def body_of(client, play):
    """A stream's request as plain HTTP."""
    user = {"role": "user", "content": "?"}
    bodies = {
        "chat_completions": ("/v1/chat/completions", {"messages": [user]}),
        "messages": ("/v1/messages", {"messages": [user], "max_tokens": 500}),
        "responses": ("/v1/responses", {"input": "?"}),
        "generate_content": (
            f"/v1beta/models/{play}:streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "?"}]}]},
        ),
    }
    path, body = bodies[client]
    return path, body if client == "generate_content" else {**body, "model": play, "stream": True}


def lines_of(theatre, client, play):
    """The stream's lines as they came, each with its time."""
    path, body = body_of(client, play)
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(theatre.url + path, json.dumps(body).encode(), headers)
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as answer:
        return [(time.monotonic() - began, line.decode().strip()) for line in answer]


def is_heartbeat(line):
    return line.startswith(": failsoft")


@pytest.mark.parametrize("half", ["sync", "async"])
@pytest.mark.parametrize("client", CLIENTS)
def test_no_sdk_stumbles_over_heartbeats(client, half, waiting):
    heard = waiting["gaps", client, half].result(timeout=60)
    assert heard.error is None and not heard.flaws, heard
    assert heard.text == heard.partial == SHORT, heard
    assert heard.stop == CLIENTS[client].done, heard


@pytest.mark.parametrize("client", COMMENTS)
def test_heartbeats_fill_a_long_gap(client, waiting):
    lines = waiting["gaps", client, "lines"].result(timeout=60)
    data = [n for n, (_, line) in enumerate(lines) if line.startswith("data:")]
    beats = [n for n, (_, line) in enumerate(lines) if is_heartbeat(line)]
    inside = [n for n in beats if data[0] < n < data[-1]]
    # Three gaps of 700 ms, a heartbeat each 150 ms: four of them, two on a very busy machine.
    assert len(inside) >= 6, lines
    assert all(lines[n + 1][1] == "" for n in beats), "a comment is an event of its own"


@pytest.mark.parametrize("half", ["sync", "async"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_late_answer_comes_behind_heartbeats(client, half, waiting):
    heard = waiting["late", client, half].result(timeout=60)
    assert heard.error is None and not heard.flaws, heard
    assert heard.text == WORDS, heard


def test_sdks_that_take_no_comments_get_none(waiting):
    for kind in ["gaps", "late"]:
        lines = waiting[kind, "generate_content", "lines"].result(timeout=60)
        assert all(line == "" or line.startswith("data:") for _, line in lines), lines


@pytest.mark.parametrize("client", COMMENTS)
def test_the_head_does_not_wait_for_ever(client, waiting):
    lines = waiting["late", client, "lines"].result(timeout=60)
    first = next(at for at, line in lines if is_heartbeat(line))
    content = next(at for at, line in lines if "Good" in line)
    assert 0.9 < first < 2.2 < content, (first, content)


@pytest.mark.parametrize("half", ["sync", "async"])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_error_behind_the_head_raises(client, half, waiting):
    heard = waiting["never", client, half].result(timeout=60)
    assert isinstance(heard.error, CLIENTS[client].errors), heard
    assert str(heard.error) and heard.partial == "", heard


@pytest.mark.parametrize("half", ["sync", "async"])
@pytest.mark.parametrize("client", CLIENTS)
def test_all_or_nothing_begins_when_all_is_there(client, half, waiting):
    heard = waiting["whole", client, half].result(timeout=60)
    assert heard.error is None and not heard.flaws, heard
    assert heard.text == heard.partial == WORDS, heard
    assert heard.at[0] >= 0.59, heard.at


class Left(Exception):
    """The caller has heard enough."""


def leave(client, play, pieces):
    """Reads so many pieces and goes; tells when."""
    reading = client.reading()
    heard, left = reading.heard, []

    def enough(text):
        heard(text)
        if len(reading.told.at) >= pieces:
            left.append(time.monotonic())
            raise Left

    reading.heard = enough
    with pytest.raises(Left):
        client.tell({"model": play, **client.request("text", None)}, reading)
    return left[0], reading.told.headers


@pytest.mark.parametrize("client", CLIENTS)
def test_a_caller_who_leaves_is_seen_upstream_at_once(client, theatre):
    play = f"leaves_{client}"
    clock = theatre.clock()
    left, headers = leave(CLIENTS[client](theatre.url), play, pieces=3)
    [attempt] = until("the end of the attempt", lambda: ended(theatre, play), PATIENCE)
    assert attempt.ending == "cancelled_by_peer", attempt
    assert attempt.ended - (left + clock) < 0.1, (attempt, left + clock)
    story = theatre.story(headers["x-failsoft-call"])
    assert story["verdict"] == "cancelled", story
    [told] = story["attempts"]
    assert told["outcome"] == "cancelled" and told["cancel_reason"], told
    assert told["took_ms"] > 0 and told["delivered_bytes"] > 0 and told["first_content_ms"], told
    assert story["took_ms"] > 0 and story["first_content_ms"] and story["route"] == play, story


def ended(theatre, play):
    attempts = theatre.attempts(play)
    return attempts if attempts and all(attempt.ended is not None for attempt in attempts) else None


@pytest.mark.parametrize("client", CLIENTS)
def test_a_caller_who_leaves_during_the_continuation_is_seen_too(client, theatre):
    play = f"midway_{client}"
    path, body = body_of(client, play)
    host, port = theatre.url.removeprefix("http://").split(":")
    payload = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    clock = theatre.clock()
    with socket.create_connection((host, int(port)), timeout=30) as caller:
        caller.sendall(head.encode() + f"content-length: {len(payload)}\r\n\r\n".encode() + payload)
        until("the continuation", lambda: len(theatre.attempts(play)) == 2, PATIENCE)
        left = time.monotonic()
    attempts = until("the end of both", lambda: ended(theatre, play), PATIENCE)
    assert [attempt.ending for attempt in attempts] == ["broken_off", "cancelled_by_peer"], attempts
    assert attempts[1].ended - (left + clock) < 0.1, (attempts, left + clock)


def test_a_slow_reader_is_waited_for_and_holds_nobody_up(theatre):
    """He reads nothing for longer than any silence is borne, and still gets everything."""
    path, body = body_of("chat_completions", "slow")
    host, port = theatre.url.removeprefix("http://").split(":")
    payload = json.dumps(body).encode()
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    caller.settimeout(60)
    with caller:
        caller.connect((host, int(port)))
        head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        caller.sendall(head.encode() + f"content-length: {len(payload)}\r\n\r\n".encode() + payload)
        held = settled(theatre)
        # What has left the provider lies in buffers: the system's, and the gateway's.
        assert 0 < held < LONG, held
        # Others are served meanwhile.
        quick = tell(CLIENTS["chat_completions"](theatre.url), "late_chat_completions")
        assert quick.text == WORDS, quick
        assert settled(theatre) == held
        received = bytearray()
        while piece := caller.recv(1 << 20):
            received += piece
    assert received.count(b'"content":"') == LONG // len(PIECE) + 1
    assert b"data: [DONE]" in received[-200:]
    [attempt] = theatre.attempts("slow")
    assert attempt.ending == "finished", attempt


def settled(theatre):
    """What the provider could send until it had to stop: the same for more than the longest silence."""
    seen = {"bytes": -1, "since": time.monotonic()}

    def still():
        [attempt] = theatre.attempts("slow") or [None]
        sent = attempt.sent if attempt else -1
        if sent != seen["bytes"] or sent <= 0:
            seen.update(bytes=sent, since=time.monotonic())
        return sent if time.monotonic() - seen["since"] > 1.3 else None

    return until("the provider stops sending", still, PATIENCE)

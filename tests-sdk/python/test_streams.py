"""Streams that break: what the official SDKs put together is the right answer, once, or an error.

Every case has a route of its own; all are asked at the same time, and each test looks at its own.
"""

import json
import pathlib
import tempfile
from dataclasses import dataclass, replace

import pytest
from accumulators import CLIENTS, Users
from sdks import WORDS
from theatre import Model, Play, Theatre

# Each client asks a target of its own dialect, and one of another.
OTHER = {
    "chat_completions": "messages",
    "messages": "generate_content",
    "responses": "bedrock_converse",
    "generate_content": "chat_completions",
}
# What the fake's model says that cannot stop.
OVER = " over and over and over and over"
RUNAWAY = "Good systems bend before they break, and"
RUNAWAY += OVER * ((64 * 1024 - len(RUNAWAY)) // len(OVER))
PAIRS = [(client, target) for client, other in OTHER.items() for target in (client, other)]

# Two blanks in a row are a token of their own, so that a text can break off behind white space.
SPACED = "One two  three four  five six  seven eight  nine ten, and then there were no more."
BEFORE = "Let me look that up for you, it will only take one moment."
PARIS = {"city": "Paris"}


def words(count):
    return " ".join(WORDS.split(" ")[:count])


@dataclass
class Case:
    """One call, and what must come of it."""

    name: str
    client: str
    models: list[Model]
    what: str = "text"
    keys: str = ""
    bound: int | None = None
    # The whole answer; nothing where it has to be an error.
    text: str | None = WORDS
    calls: tuple = ()
    stop: str = ""
    # How a target was asked to go on.
    onward: str | None = None
    # White space may differ in length.
    squeezed: bool = False
    # What a stream that ends with an error may have said before.
    of: str = WORDS
    # Rescued or honestly ended, both are right.
    either: bool = False


CASES: list[Case] = []


def case(name, client, models, **more):
    targets = ",".join(dict.fromkeys(model.dialect for model in models))
    case = Case(f"{name}-{client}-to-{targets}", client, models, **more)
    case.stop = case.stop or ("wants_tools" if case.calls else "done")
    CASES.append(case)


# ------------------------------------------------------------------ where it breaks

BREAKS = [
    "cut-after-1",
    "cut-after-20",
    "cut-after-60",
    "reset-after-30",
    "end-after-45",
    "stall-after-25",
    "inband-error-after-20",
    "bad-chunk-12",
    "cut-inside-35",
]
for fault in BREAKS:
    for client, target in PAIRS:
        models = [Model(fault, target), Model("healthy", target)]
        case(f"asked-{fault}", client, models, onward="turn")
        if target != "responses":
            models = [replace(model, prefill=True) for model in models]
            # Too little for a prefill: whoever ignored it would double it unseen.
            onward = "turn" if fault == "cut-after-1" else "prefill"
            case(f"prefill-{fault}", client, models, onward=onward)

for client, target in PAIRS:
    if target not in ("messages", "bedrock_converse"):
        case("finish-error", client, [Model("once:finish-error", target)], onward="turn")
    models = [Model("once:cut-after-20+once:cut-after-25", target)]
    case("broken-twice-at-the-only-target", client, models, onward="turn")

# Before the first word nothing was delivered: another target answers as if nothing had been.
for fault in ["cut-after-0", "end-after-0", "reset-after-0", "inband-error", "cut-inside-0", "pings-end"]:
    for client, target in PAIRS:
        if (fault, target) != ("pings-end", "bedrock_converse"):
            case(f"before-{fault}", client, [Model(fault, target), Model("healthy", target)])

# The second target speaks another dialect than the first.
for client, other in OTHER.items():
    for first, second in [(client, other), (other, client)]:
        case("across", client, [Model("cut-after-33", first), Model("healthy", second)], onward="turn")

# ------------------------------------------------------------------ how it goes on

PREFILLED = ["goes-on", "echoes", "restarts", "bench", "continues-thinking"]
ASKED = ["goes-on", "restarts", "bench", "overlaps-12", "continues-thinking"]
UNFIT = ["preamble", "other-words"]
for client, target in PAIRS:
    for manner in ASKED:
        case(f"asked-{manner}", client, [Model(f"once:cut-after-40+{manner}", target)], onward="turn")
    for manner in UNFIT:
        case(f"asked-{manner}", client, [Model(f"once:cut-after-40+{manner}", target)], text=None)
        models = [Model(f"once:cut-after-40+{manner}", target), Model("healthy", target)]
        case(f"asked-{manner}-then-elsewhere", client, models, onward="turn")
    case("asked-overlaps-3", client, [Model("once:cut-after-40+overlaps-3", target)], either=True)
    if target == "responses":
        continue
    for manner in PREFILLED:
        models = [Model(f"once:cut-after-40+{manner}", target, prefill=True)]
        case(f"prefill-{manner}", client, models, onward="prefill")
    models = [Model("once:cut-after-40+no-prefill", target, prefill=True)]
    case("prefill-refused", client, models, onward="turn")
    models = [
        Model("cut-after-40~bench", target, prefill=True),
        Model("no-prefill~bench", target, prefill=True),
    ]
    case("prefill-refused-elsewhere", client, models)
    for manner in ["goes-on", "resends-space", "loses-space"]:
        for prefill in [True, False]:
            fault = f"once:cut-after-6+{manner}"
            model = Model(fault, target, prefill, more=f'text = "{SPACED}"')
            name = "prefill" if prefill else "asked"
            spaced = {"text": SPACED, "of": SPACED, "squeezed": manner != "goes-on"}
            case(f"{name}-spaced-{manner}", client, [model], **spaced)

# ------------------------------------------------------------------ tool calls

WEATHER, TIME = ("weather", PARIS), ("time", PARIS)
for client, target in PAIRS:
    tools = {"client": client, "what": "tools", "of": BEFORE}
    once = lambda fault: [Model(fault, target)]
    then = lambda fault: [Model(fault, target), Model("healthy", target)]
    case("tool-cut", models=once("once:cut-tool"), text="", calls=(WEATHER,), **tools)
    case("tool-cut-elsewhere", models=then("cut-tool"), text="", calls=(WEATHER,), **tools)
    case("tool-bad-elsewhere", models=then("bad-tool"), text="", calls=(WEATHER,), **tools)
    models = once("once:cut-tool-2+two-tools")
    case("second-tool-cut", models=models, text="", calls=(WEATHER, TIME), **tools)
    # The second target wants the first call alone, which the client has.
    case("second-tool-cut-elsewhere", models=then("cut-tool-2"), text="", calls=(WEATHER,), **tools)
    models = once("once:cut-text-tool+text-tools")
    case("tool-cut-behind-text", models=models, text=BEFORE, calls=(WEATHER, TIME), **tools)
    models = then("cut-text-tool")
    # Where calls come whole, half of one is nothing, and nobody knows that the words had ended.
    either = target == "generate_content"
    behind = {"text": BEFORE, "calls": (WEATHER,), "either": either}
    case("tool-cut-behind-text-elsewhere", models=models, **behind, **tools)
    models = once("once:cut-after-5+text-tools")
    case("text-cut-before-tools", models=models, text=BEFORE, calls=(WEATHER, TIME), **tools)
    for fault in ["cut-tool", "bad-tool"]:
        models = [Model(fault, target), Model(fault, target)]
        case(f"{fault}-everywhere", models=models, text=None, **tools)

# ------------------------------------------------------------------ JSON

TRIP = '{"city":"Paris","days":7}'
for client, target in PAIRS:
    shaped = {"client": client, "what": "schema", "of": TRIP}
    held = 'hold = ["tool_calls", "json"]'
    models = [Model("once:cut-after-2", target)]
    case("json-held", models=models, keys=held, text=TRIP, **shaped)
    models = [Model("cut-after-2", target), Model("healthy", target)]
    case("json-held-elsewhere", models=models, keys=held, text=TRIP, **shaped)
    case("json-live", models=[Model("once:cut-after-2", target)], text=None, **shaped)
    if target in ("chat_completions", "generate_content"):
        models = [Model("once:cut-after-2", target, prefill=True)]
        case("json-prefill", models=models, text=TRIP, onward="prefill", **shaped)

# ------------------------------------------------------------------ thoughts

for client, target in PAIRS:
    thinks = {"client": client, "what": "thinking"}
    case("thought-cut", models=[Model("once:cut-thinking", target)], **thinks)
    models = [Model("cut-thinking", target), Model("healthy", target)]
    case("thought-cut-elsewhere", models=models, **thinks)
    case("cut-behind-a-thought", models=[Model("once:cut-after-23", target)], **thinks)

# ------------------------------------------------------------------ what cannot be rescued

for client, target in PAIRS:
    for fault in ["cut-after-40", "stall-after-20", "inband-error-after-20", "end-after-40"]:
        models = [Model(fault, target), Model("healthy", target)]
        case(f"resume-off-{fault}", client, models, keys="resume = { enabled = false }", text=None)
    for fault in ["cut-after-15", "inband-error-after-12"]:
        models = [Model(fault, target), Model(fault, target)]
        case(f"{fault}-everywhere", client, models, text=None)
    if client in ("messages", "generate_content"):  # the other SDK raises for such an end
        allowed = {"keys": 'repetition = "allow"', "text": RUNAWAY, "stop": "out_of_length"}
        case("repeats-allowed", client, [Model("repeat", target)], **allowed)
    case("repeats", client, [Model("repeat", target), Model("healthy", target)], text=None, of="")

# ------------------------------------------------------------------ bounds

for client, target in PAIRS:
    if client in ("messages", "generate_content"):  # the other SDK raises for these ends
        bounded = {"client": client, "bound": 50, "text": words(50), "stop": "out_of_length"}
        case("bounded-asked", models=[Model("once:cut-after-40", target)], **bounded)
        case("bounded-prefill", models=[Model("once:cut-after-40", target, True)], **bounded)

# ------------------------------------------------------------------ all or nothing

WHOLE = 'delivery = "whole"'
for client, target in PAIRS:
    for fault in ["cut-after-40", "stall-after-40", "inband-error-after-20"]:
        models = [Model(fault, target), Model("healthy", target)]
        case(f"whole-{fault}", client, models, keys=WHOLE)
    models = [Model("cut-after-40", target), Model("cut-after-40", target)]
    case("whole-everywhere", client, models, keys=WHOLE, text=None, of="")


@pytest.fixture(scope="module")
def theatre():
    plays = [Play(f"c{n}", case.models, case.keys) for n, case in enumerate(CASES)]
    with tempfile.TemporaryDirectory(prefix="failsoft-streams-") as folder:
        theatre = Theatre(pathlib.Path(folder), plays)
        yield theatre
        theatre.stop()


@pytest.fixture(scope="module")
def told(theatre):
    """What each case heard, all of them under way at once; every other one by the async half."""
    users = Users(theatre.url, threads=12)
    # What waits for a silence goes first.
    order = sorted(range(len(CASES)), key=lambda n: "stall" not in CASES[n].name)
    halves = ["sync", "async"]
    yield {
        n: users.ask(halves[n % 2], CASES[n].client, f"c{n}", CASES[n].what, CASES[n].bound)
        for n in order
    }
    users.close()


@pytest.fixture(scope="module")
def reached(theatre, told):
    """What reached the provider of each case, once all have been heard."""
    for future in told.values():
        future.result(timeout=120)
    return theatre.all_attempts()


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize("n", range(len(CASES)), ids=[case.name for case in CASES])
def test_stream(n, told, reached):
    case, heard, attempts = CASES[n], told[n].result(), reached[f"c{n}"]
    seen = f"{heard}, {[(a.model, a.fault, a.continues, a.ending) for a in attempts]}"
    assert not heard.flaws, seen
    if case.text is None or (case.either and heard.error):
        raised(case, heard, seen)
        return
    assert heard.error is None, seen
    whole(case, heard, seen)
    if case.onward:
        assert case.onward in [attempt.continues for attempt in attempts], seen
    # One call, three attempts, two continuations, and one refused prefill at most.
    assert len(attempts) <= 6, seen


def raised(case, heard, seen):
    client = CLIENTS[case.client]
    assert isinstance(heard.error, client.errors), seen
    assert str(heard.error), seen
    assert heard.text == "" or case.client == "generate_content", seen
    # What came before is a part of the answer, and not all of it passes as an end.
    if case.of:
        assert case.of.startswith(heard.partial), seen
    if 'delivery = "whole"' in case.keys:
        assert heard.partial == "", seen


def whole(case, heard, seen):
    client = CLIENTS[case.client]
    if case.bound:
        # What was delivered of a bound is known roughly where the first target broke off.
        assert words(41) in heard.text and WORDS.startswith(heard.text) and heard.text != WORDS, seen
    elif case.squeezed:
        assert squeezed(heard.text) == squeezed(case.text), seen
    else:
        assert heard.text == case.text, seen
    assert heard.partial == heard.text, seen
    assert [call[1:] for call in heard.calls] == list(case.calls), seen
    assert len({call[0] for call in heard.calls}) == len(heard.calls), seen
    assert heard.stop == getattr(client, case.stop), seen
    assert heard.input_tokens > 0 and heard.output_tokens > 0, seen
    if case.what == "schema":
        json.loads(heard.text)


# ------------------------------------------------------------------ what is told of it

RESCUED = [n for n, case in enumerate(CASES) if case.name.startswith(("asked-goes-on", "prefill-goes-on"))]


@pytest.mark.parametrize("n", RESCUED, ids=[CASES[n].name for n in RESCUED])
def test_the_journal_tells_where_the_seam_is(n, theatre, told):
    heard = told[n].result(timeout=120)
    story = theatre.story(heard.headers["x-failsoft-call"])
    assert story["verdict"] == "resumed", story
    last = story["attempts"][-1]
    assert last["why"] == "resume" and last["outcome"] == "succeeded", last
    assert last["onward"] == ("prefill" if CASES[n].onward == "prefill" else "asked"), last
    assert last["seam"] == len(words(40)), last
    assert "resume" in theatre.told(heard.headers["x-failsoft-call"])


@pytest.mark.parametrize("client", CLIENTS)
def test_headers_say_what_is_known_when_they_go_out(client, theatre, told):
    def headers(name):
        n = next(n for n, case in enumerate(CASES) if case.name == f"{name}-{client}-to-{client}")
        return told[n].result(timeout=120).headers

    assert headers("asked-goes-on")["x-failsoft-outcome"] == "served"
    # Nothing was delivered before the whole was there: to this client nothing was ever resumed.
    assert headers("whole-cut-after-40")["x-failsoft-outcome"] in ("served", "resumed")


def test_the_judges_tell_a_whole_answer_from_a_broken_one(told):
    """Doubled, shortened, cleanly cut: each must be noticed."""
    case = next(case for case in CASES if case.name.startswith("asked-cut-after-20"))
    heard = told[CASES.index(case)].result(timeout=120)
    whole(case, heard, "")
    for text in [heard.text + heard.text[-5:], heard.text[:-1], ""]:
        with pytest.raises(AssertionError):
            whole(case, replace(heard, text=text, partial=text), "")
    with pytest.raises(AssertionError):
        whole(case, replace(heard, stop=None), "")
    with pytest.raises(AssertionError):
        raised(case, replace(heard, error=None), "")
    with pytest.raises(AssertionError):
        raised(case, replace(heard, error=OSError("broken pipe")), "")

"""The public Failover Bench, at full timings and on default policies: every scenario for every
client, plain and streamed, with targets of the client's dialect and of another one. All of them run
at once, each with a fake and a gateway of its own; each test waits for its own.
"""

import pathlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from accumulators import CLIENTS, tell
from sdks import WORDS
from theatre import Model, Play, Seen, Theatre

# The bench's own budget: one client timeout for all.
PATIENCE = 30

# The target's dialect beside the client's own.
OTHER = {
    "chat_completions": "messages",
    "messages": "generate_content",
    "responses": "chat_completions",
    "generate_content": "messages",
}


@dataclass
class Call:
    """One user call: what came of it and when, in seconds since the scenario's begin."""

    began: float
    ended: float
    text: str = ""
    model: str = ""
    output_tokens: int = 0
    flaws: list[str] = field(default_factory=list)
    error: Exception | None = None

    @property
    def answered(self):
        return self.error is None and self.text == WORDS and not self.flaws

    @property
    def took(self):
        return self.ended - self.began


@dataclass
class Run:
    """A scenario as it went."""

    calls: list[Call]
    attempts: list[Seen]
    healthy_after: bool
    offset: float = 0.0
    patience: float = PATIENCE
    # What the judges found.
    failed: list[str] = field(default_factory=list)
    advisory: list[str] = field(default_factory=list)

    @property
    def call(self):
        return self.calls[0]

    @property
    def primary(self):
        return [attempt.at for attempt in self.attempts if attempt.model == "0"]

    def must(self, holds, words):
        if not holds:
            self.failed.append(words)

    def should(self, holds, words):
        if not holds:
            self.advisory.append(words)

    def verdict(self):
        answered = all(call.answered for call in self.calls)
        if answered and not self.failed:
            return "partial" if self.advisory else "pass"
        clean = all(call.answered or is_clean(call.error) for call in self.calls)
        bounded = all(call.took <= self.patience + 1 for call in self.calls)
        return "safe" if clean and bounded and not answered else "fail"


def is_clean(error):
    """A typed error of the API, not a broken connection."""
    return status_of(error) is not None


def status_of(error):
    return getattr(error, "status_code", getattr(error, "code", None))


def s01(run):
    run.must(run.call.took <= 20, "answered within 20 s")
    at = run.primary
    run.must(len(at) >= 2, "two attempts on the primary")
    run.must(len(at) < 2 or at[1] - at[0] >= 1.8, "waits as told")
    run.should(sum(1 for when in at if when - at[0] <= 1.5) <= 2, "no burst")


def s02(run):
    at = run.primary
    run.must(sum(1 for when in at if when - at[0] <= 3) <= 4, "at most 4 attempts in 3 s")
    run.must(len(at) <= 6, "at most 6 attempts")
    run.must(run.call.model.endswith("-1"), "answered by the fallback")


def s03(run):
    run.must(len(run.primary) >= 2, "the same provider again")


def s04(run):
    run.must(len(run.primary) <= 6, "at most 6 attempts")
    run.must(run.call.model.endswith("-1"), "answered by the fallback")


def s05(run):
    del run


def s06(run):
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(run.call.took <= 100, "within 100 s")
    run.must(run.call.model.endswith("-1"), "answered by the fallback")


def s07(run):
    run.must(run.call.took <= 15, "within 15 s")


def s08(run):
    """The whole answer, exactly once, is what `answered` asks of every scenario."""
    del run


def s09(run):
    run.must(run.call.took <= 45, "within 45 s")


def s10(run):
    del run


def s14(run):
    refused = [attempt for attempt in run.attempts if attempt.fault == "refused"]
    prefilled = any(attempt.continues == "prefill" for attempt in run.attempts)
    run.must(len(refused) == int(prefilled), "a refused prefill is not tried again")


def s11(run):
    run.must(run.call.took <= 8, "done within 8 s")
    run.must(run.call.output_tokens, "usage reported")


def s12(run):
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(run.call.model.endswith("-1"), "answered by the other model")


def s13(run):
    """Here a clean error is what passes."""
    error = run.call.error
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(len(run.attempts) == 1, "not routed around")
    run.must(status_of(error) == 400, f"a clean error, not {error!r}")
    if not run.failed:
        run.call.error, run.call.text = None, WORDS


def s15(run):
    down_until = run.primary[0] + 60
    again = [when for when in run.primary if when >= down_until]
    run.must(again and again[0] <= down_until + 30, "primary in use again within 30 s")
    run.should(run.calls[-1].model.endswith("-0"), "the last call is the primary's")
    for number, call in enumerate(run.calls):
        inside = [when for when in run.primary if call.began <= when - run.offset <= call.ended]
        if call.ended < 60:
            run.must(len(inside) <= 1, f"call {number}: at most one attempt while down")


def s16(run):
    run.must(run.call.model.endswith("-1"), "the model names the fallback")
    run.must(run.call.output_tokens, "usage reported")


@dataclass
class Scenario:
    """What the primary and the fallback play."""

    primary: str
    judge: object
    fallback: str = "healthy"
    prefill: bool = False
    calls: int = 1
    every: float = 0.0
    is_plain: bool = True
    # How long its callers wait.
    patience: int = PATIENCE


# The long ones first.
SCENARIOS = {
    "S15": Scenario("for-60s:fail-503", s15, calls=20, every=4.0),
    # A plain answer may take its time: what is silent is no failure for longer than 30 s.
    "S06": Scenario("silent", s06, patience=100),
    "S09": Scenario("stall-after-20~bench", s09, fallback="bench", is_plain=False),
    "S07": Scenario("slow-20s", s07, is_plain=False),
    "S02": Scenario("fail-429", s02),
    "S01": Scenario("once:fail-429-ra2", s01),
    "S03": Scenario("once:fail-500", s03),
    "S04": Scenario("fail-503", s04),
    "S05": Scenario("once:reset", s05),
    "S08": Scenario("cut-after-40~bench", s08, fallback="bench"),
    "S10": Scenario("bad-chunk-10~bench", s10, fallback="bench"),
    "S11": Scenario("no-done", s11, is_plain=False),
    "S12": Scenario("context-length", s12),
    "S13": Scenario("content-policy", s13),
    "S14": Scenario("cut-after-40~bench", s14, "no-prefill~bench", prefill=True, is_plain=False),
    "S16": Scenario("fail-503", s16),
}


@dataclass(frozen=True)
class Setup:
    """Who asks, how, and what dialect the targets speak."""

    client: str
    target: str
    how: str

    def __str__(self):
        return f"{self.client}-to-{self.target}-{self.how}"


SETUPS = [
    Setup(client, target, how)
    for how in ["streamed", "plain"]
    for client, other in OTHER.items()
    for target in [client, other]
]
CASES = [
    (name, setup)
    for name, scenario in SCENARIOS.items()
    for setup in SETUPS
    if setup.how == "streamed" or scenario.is_plain
]


def models(scenario, setup):
    primary = scenario.primary
    if (primary, setup.target) == ("no-done", "generate_content"):
        primary = "healthy"  # its streams have no end marker that could be missing
    return [
        Model(primary, setup.target, scenario.prefill),
        Model(scenario.fallback, setup.target, scenario.prefill),
    ]


def play(name, setup):
    scenario = SCENARIOS[name]
    plays = [Play("bench", models(scenario, setup)), Play("calm", [Model("healthy", setup.target)])]
    for one in plays:
        for model in one.models:
            model.more = 'token_delay = "15ms"'
    with tempfile.TemporaryDirectory(prefix="failsoft-bench-") as folder:
        theatre = Theatre(pathlib.Path(folder), plays, policies="")
        try:
            return judged(theatre, scenario, setup)
        finally:
            theatre.stop()


def judged(theatre, scenario, setup):
    client = CLIENTS[setup.client](theatre.url, timeout=scenario.patience)
    clock, begin, calls = theatre.clock(), time.monotonic(), []
    for number in range(scenario.calls):
        time.sleep(max(0.0, begin + number * scenario.every - time.monotonic()))
        calls.append(one_call(client, setup, begin))
    attempts = theatre.attempts("bench")
    healthy = one_call(client, setup, begin, "calm").answered
    # The fake's clock against ours, which began with the first call.
    run = Run(calls, attempts, healthy, offset=begin + clock, patience=scenario.patience)
    scenario.judge(run)
    run.must(healthy, "a healthy call afterwards")
    return run


def one_call(client, setup, begin, route="bench"):
    began = time.monotonic() - begin
    told = tell(client, route, how=setup.how)
    return Call(
        began,
        time.monotonic() - begin,
        text=told.text,
        model=told.model,
        output_tokens=told.output_tokens,
        flaws=told.flaws,
        error=told.error,
    )


@pytest.fixture(scope="module")
def runs():
    """Every scenario, under way: those with long waits first, and the others beside them."""
    with ThreadPoolExecutor(56) as pool:
        yield {case: pool.submit(play, *case) for case in CASES}


@pytest.mark.parametrize(("name", "setup"), CASES, ids=lambda value: str(value))
def test_failover_bench(name, setup, runs, bench_table):
    run = runs[name, setup].result(timeout=240)
    verdict = run.verdict()
    slowest = max(call.took for call in run.calls)
    bench_table[name, setup] = f"{verdict} {slowest:.1f}"
    seen = [(attempt.model, attempt.fault, attempt.continues, round(attempt.at, 2)) for attempt in run.attempts]
    told = f"{verdict}: {run.failed + run.advisory}, {run.calls[:3]}, attempts {seen}"
    assert verdict == "pass", told


def test_the_judges_tell_good_conduct_from_bad():
    """Answered in vain, politely refused, hung: each must get its own verdict."""
    answered = Call(0, 1, text=WORDS, model="bench-1", output_tokens=60)
    assert Run([answered], [], True).verdict() == "pass"
    assert Run([answered], [], True, advisory=["a burst"]).verdict() == "partial"
    assert Run([answered], [], True, failed=["two attempts"]).verdict() == "fail"
    refused = Call(0, 1, error=type("Typed", (Exception,), {"status_code": 503})())
    assert Run([refused], [], True).verdict() == "safe"
    assert Run([Call(0, 32, error=refused.error)], [], True).verdict() == "fail"
    assert Run([Call(0, 1, error=ConnectionError())], [], True).verdict() == "fail"
    assert Run([Call(0, 1, text=WORDS[:100])], [], True).verdict() == "fail"

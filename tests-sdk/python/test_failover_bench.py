"""The Failover Bench's scenarios for what happens before the first content, at full timings and on
default policies, streamed, on both dialects. All of them run at once; each test waits for its own.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sdks import WORDS, sdk
from stage import DIALECTS, staged

# The bench's own budget: one client timeout for all.
PATIENCE = 30.0


@dataclass
class Call:
    """One user call: what came of it and when, in seconds since the scenario's begin."""

    began: float
    ended: float
    text: str = ""
    model: str = ""
    output_tokens: int | None = None
    error: Exception | None = None

    @property
    def answered(self):
        return self.error is None and self.text == WORDS

    @property
    def took(self):
        return self.ended - self.began


@dataclass
class Run:
    """A scenario as it went."""

    calls: list[Call]
    attempts: list
    healthy_after: bool
    # What the judges found.
    failed: list[str] = field(default_factory=list)
    advisory: list[str] = field(default_factory=list)

    @property
    def call(self):
        return self.calls[0]

    @property
    def primary(self):
        return [attempt.at for attempt in self.attempts if attempt.model == "primary"]

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
        bounded = all(call.took <= PATIENCE for call in self.calls)
        return "safe" if clean and bounded and not answered else "fail"


def is_clean(error):
    """A typed error of the API, not a broken connection."""
    return getattr(error, "status_code", None) is not None


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
    run.must(run.call.model == "backup", "answered by the fallback")


def s03(run):
    run.must(len(run.primary) >= 2, "the same provider again")


def s04(run):
    run.must(len(run.primary) <= 6, "at most 6 attempts")
    run.must(run.call.model == "backup", "answered by the fallback")


def s05(run):
    del run


def s06(run):
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(run.call.took <= 100, "within 100 s")
    run.must(run.call.model == "backup", "answered by the fallback")


def s07(run):
    run.must(run.call.took <= 15, "within 15 s")


def s11(run):
    run.must(run.call.took <= 8, "done within 8 s")
    run.must(run.call.output_tokens, "usage reported")


def s12(run):
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(run.call.model == "backup", "answered by the other model")


def s13(run):
    """Here a clean error is what passes."""
    error = run.call.error
    run.must(len(run.primary) == 1, "one attempt on the primary")
    run.must(len(run.attempts) == 1, "not routed around")
    run.must(getattr(error, "status_code", None) == 400, f"a clean error, not {error!r}")
    if not run.failed:
        run.call.error, run.call.text = None, WORDS


def s15(run):
    down_until = run.primary[0] + 60
    again = [when for when in run.primary if when >= down_until]
    run.must(again and again[0] <= down_until + 30, "primary in use again within 30 s")
    run.should(run.calls[-1].model == "primary", "the last call is the primary's")
    for number, call in enumerate(run.calls):
        inside = [when for when in run.primary if call.began <= when - run.offset <= call.ended]
        if call.ended < 60:
            run.must(len(inside) <= 1, f"call {number}: at most one attempt while down")


def s16(run):
    run.must(run.call.model == "backup", "the model names the fallback")
    run.must(run.call.output_tokens, "usage reported")


@dataclass
class Scenario:
    fault: str
    judge: object
    calls: int = 1
    every: float = 0.0


SCENARIOS = {
    "S01": Scenario("once:fail-429-ra2", s01),
    "S02": Scenario("fail-429", s02),
    "S03": Scenario("once:fail-500", s03),
    "S04": Scenario("fail-503", s04),
    "S05": Scenario("once:reset", s05),
    "S06": Scenario("silent", s06),
    "S07": Scenario("slow-20s", s07),
    "S11": Scenario("no-done", s11),
    "S12": Scenario("context-length", s12),
    "S13": Scenario("content-policy", s13),
    "S15": Scenario("for-60s:fail-503", s15, calls=20, every=4.0),
    "S16": Scenario("fail-503", s16),
}


def play(dialect, scenario):
    with staged(dialect=dialect, primary=scenario.fault, token_delay=15, policies="") as stage:
        # The budget is the gateway's; an SDK that retries beside it would hide its faults.
        user = sdk(stage, timeout=PATIENCE, max_retries=0)
        begin = time.monotonic()
        calls = []
        for number in range(scenario.calls):
            time.sleep(max(0.0, begin + number * scenario.every - time.monotonic()))
            calls.append(one_call(user, begin))
        attempts = stage.attempts()
        healthy = one_call(user, begin, "healthy").answered
        run = Run(calls, attempts, healthy)
        first = next((attempt.at for attempt in attempts), 0.0)
        # The fake's clock against ours; the first attempt comes some milliseconds after its call.
        run.offset = first - calls[0].began
        scenario.judge(run)
        run.must(healthy, "a healthy call afterwards")
        return run


def one_call(user, begin, model="assistant"):
    call = Call(time.monotonic() - begin, 0.0)
    try:
        answer = user.ask("streamed", model=model)
        call.text, call.model, call.output_tokens = answer.text, answer.model, answer.output_tokens
    except user.package.APIError as error:
        call.error = error
    call.ended = time.monotonic() - begin
    return call


@pytest.fixture(scope="module")
def runs():
    """Every scenario, under way. The long one first."""
    cases = [(name, dialect) for name in SCENARIOS for dialect in DIALECTS]
    with ThreadPoolExecutor(len(cases)) as pool:
        yield {case: pool.submit(play, case[1], SCENARIOS[case[0]]) for case in cases}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_failover_bench(name, dialect, runs, bench_table):
    run = runs[name, dialect].result(timeout=200)
    verdict = run.verdict()
    slowest = max(call.took for call in run.calls)
    bench_table[name, dialect] = f"{verdict} ({slowest:.1f} s)"
    seen = [(attempt.model, round(attempt.at, 2)) for attempt in run.attempts]
    told = f"{verdict}: {run.failed + run.advisory}, {run.calls[:3]}, attempts {seen}"
    assert verdict == "pass", told


def test_the_judges_tell_good_conduct_from_bad():
    """Answered in vain, politely refused, hung: each must get its own verdict."""
    answered = Call(0, 1, text=WORDS, model="backup", output_tokens=60)
    assert Run([answered], [], True).verdict() == "pass"
    assert Run([answered], [], True, advisory=["a burst"]).verdict() == "partial"
    assert Run([answered], [], True, failed=["two attempts"]).verdict() == "fail"
    refused = Call(0, 1, error=type("Typed", (Exception,), {"status_code": 503})())
    assert Run([refused], [], True).verdict() == "safe"
    assert Run([Call(0, 31, error=refused.error)], [], True).verdict() == "fail"
    assert Run([Call(0, 1, error=ConnectionError())], [], True).verdict() == "fail"
    assert Run([Call(0, 1, text=WORDS[:100])], [], True).verdict() == "fail"

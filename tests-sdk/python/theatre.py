"""Many plays at once before one gateway and one fake: each has its own route, its own models and
its own providers, so that none learns from another's failures."""

import json
import pathlib
import time
from dataclasses import dataclass, field

from house import TARGETS
from stage import Program, fetch, free_port, run, until

# Faults that must be waited out are short here, and no budget refuses what a test wants to see.
QUICK = """
[policy.retry]
backoff = { base = "20ms", cap = "200ms" }
base_throttled = "50ms"
[policy.timeouts]
first_token = { patience = "10s", timeout = "15s" }
reply = { patience = "10s", timeout = "15s" }
stall = "1s"
deadline = "30s"
[policy.budget]
retry = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
failover = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
resume = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
"""

# What other programs say takes its time on a busy machine.
PATIENCE = 20.0


@dataclass
class Model:
    """A model of the fake: what it plays, and what the gateway is told of it."""

    fault: str = "healthy"
    dialect: str = "chat_completions"
    prefill: bool = False
    # More lines of the scenario.
    more: str = ""

    def name(self, play: str, n: int) -> str:
        """Of Claude's makers only some models are known to take a prefill."""
        is_claude = self.prefill and self.dialect in ("messages", "bedrock_converse")
        return f"claude-sonnet-4-5-{play}-{n}" if is_claude else f"{play}-{n}"


@dataclass
class Play:
    """A route over some models. No `-` in its name."""

    name: str
    models: list[Model]
    # More lines of the route.
    keys: str = ""


@dataclass
class Seen:
    """What the provider saw of one attempt; times in seconds of its own clock."""

    model: str
    fault: str
    continues: str | None
    ending: str
    at: float
    ended: float | None
    sent: int


@dataclass
class Theatre:
    """The two programs, and every play's way to them."""

    folder: pathlib.Path
    plays: list[Play]
    policies: str = QUICK
    programs: list[Program] = field(default_factory=list)

    def __post_init__(self):
        fake, listen, admin = (free_port() for _ in range(3))
        self.url, self.fake_url = f"http://127.0.0.1:{listen}", f"http://127.0.0.1:{fake}"
        self.admin_url = f"http://127.0.0.1:{admin}"
        scenario, self.settings = self.folder / "scenario.toml", self.folder / "failsoft.toml"
        scenario.write_text("\n".join(part(play) for play in self.plays))
        server = f'[server]\nlisten = "127.0.0.1:{listen}"\nadmin = "127.0.0.1:{admin}"\n'
        journal = '[journal]\npath = "failsoft.db"\n'
        routes = "".join(route(play, fake) for play in self.plays)
        self.settings.write_text(server + journal + routes + self.policies)
        try:
            arguments = ["fake", "--listen", f"127.0.0.1:{fake}", "--scenario", str(scenario)]
            self._start("fake", arguments, f"{self.fake_url}/__fake/attempts")
            arguments = ["serve", "--config", str(self.settings)]
            self._start("gateway", arguments, f"{self.admin_url}/readyz")
        except BaseException:
            self.stop()
            raise

    def _start(self, name, arguments, ready):
        self.programs.append(Program(self.folder, name, arguments, ready))

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

    def words(self) -> str:
        return "\n".join(program.words() for program in self.programs)

    def attempts(self, play: str, query: str = "") -> list[Seen]:
        """What reached the models of a play, in order; `model` is their number in the route."""
        rows = fetch(f"{self.fake_url}/__fake/attempts?{query}")[2]["attempts"]
        return [seen(row) for row in rows if row["model"].split("-")[-2] == play]

    def all_attempts(self) -> dict[str, list[Seen]]:
        """What reached the models of every play."""
        rows = fetch(f"{self.fake_url}/__fake/attempts")[2]["attempts"]
        reached = {play.name: [] for play in self.plays}
        for row in rows:
            reached[row["model"].split("-")[-2]].append(seen(row))
        return reached

    def clock(self) -> float:
        """What the fake's clock shows when ours shows nothing."""
        before = time.monotonic()
        now = fetch(f"{self.fake_url}/__fake/attempts?wait=0s")[2]["now_ms"] / 1000
        return now - (before + time.monotonic()) / 2

    def story(self, call: str) -> dict:
        """What the journal tells of a call, once it is written."""
        arguments = ["explain", call, "--json", "--config", str(self.settings)]

        def told():
            try:
                story = json.loads(run(arguments, self.folder))
            except AssertionError:
                return None
            return story if story["verdict"] else None

        return until(f"the story of {call}", told, PATIENCE)

    def told(self, call: str) -> str:
        """The same in words for people; the call is in the journal."""
        return run(["explain", call, "--config", str(self.settings)], self.folder)


def seen(row: dict) -> Seen:
    ended = row["ended_ms"]
    return Seen(
        model=row["model"].rpartition("-")[2],
        fault=row["fault"],
        continues=row["continues"],
        ending=row["ending"],
        at=row["at_ms"] / 1000,
        ended=None if ended is None else ended / 1000,
        sent=row["bytes_sent"],
    )


def part(play: Play) -> str:
    """The play's part of the scenario."""
    return "".join(
        f'[models.{model.name(play.name, n)}]\nfault = "{model.fault}"\n{model.more}\n'
        for n, model in enumerate(play.models)
    )


def route(play: Play, fake: int) -> str:
    """The play's part of the settings."""
    providers, tiers = "", []
    for n, model in enumerate(play.models):
        provider, name = f"{play.name}-{n}", model.name(play.name, n)
        tiers.append(f'["{provider}/{name}"]')
        providers += provider_text(provider, model.dialect, fake)
        if model.prefill:
            providers += f'[providers.{provider}.models."{name}"]\nprefill = true\n'
    return f"{providers}[routes.{play.name}]\ntiers = [{', '.join(tiers)}]\n{play.keys}\n"


def provider_text(name: str, dialect: str, fake: int) -> str:
    assert dialect in TARGETS
    path = {"messages": "", "bedrock_converse": "", "generate_content": "/v1beta"}.get(dialect, "/v1")
    key = "AKIAEXAMPLE:secret" if dialect == "bedrock_converse" else "sk-any"
    kind = 'kind = "bedrock"\nregion = "us-east-1"\n' if dialect == "bedrock_converse" else ""
    return (
        f'[providers.{name}]\n{kind}dialect = "{dialect}"\n'
        f'base_url = "http://127.0.0.1:{fake}{path}"\napi_key = "{key}"\n'
    )

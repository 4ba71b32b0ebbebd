"""A fake provider and a gateway before it, as real processes, for one test each."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("FAILSOFT_BINARY", str(ROOT / "target" / "debug" / "failsoft"))

# Long enough for a busy machine; nobody waits that long on a good day.
READY = 30.0

# Faults that must be waited out are short here; the bench runs on the defaults.
QUICK = """
[policy.retry]
backoff = { base = "20ms", cap = "200ms" }
base_throttled = "50ms"
[policy.timeouts]
first_token = { patience = "300ms", timeout = "1500ms" }
reply = { patience = "300ms", timeout = "1500ms" }
stall = "1s"
deadline = "20s"
"""

DIALECTS = ["chat_completions", "messages"]


# Ports that were given out: never the same one twice, or two programs meet on it.
GIVEN = set()


def free_port() -> int:
    """Below the ports that outgoing connections use, which come and take one between our look
    and the program's start."""
    while True:
        port = random.randrange(15000, 30000)
        if port in GIVEN:
            continue
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            GIVEN.add(port)
            return port


def fetch(url: str, *, method: str = "GET", body=None, headers=None):
    """A plain request beside any SDK: status, headers, and the body as JSON or text."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None:
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, head, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, head, text = error.code, error.headers, error.read().decode()
    with contextlib.suppress(ValueError):
        return status, head, json.loads(text)
    return status, head, text


def until(what: str, seen, deadline: float = READY):
    """Asks again until something came to be; an answer at once costs no wait."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if found := seen():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not seen in {deadline} s: {what}")


def run(arguments: list[str], folder: pathlib.Path) -> str:
    """A command of ours that ends by itself: what it printed."""
    command = [BINARY, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Program:
    """A process of ours, with its words in a file."""

    def __init__(self, folder: pathlib.Path, name: str, arguments: list[str], ready_url: str):
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            environment = {**os.environ, "RUST_LOG": "info"}
            environment.pop("FAILSOFT_CONFIG", None)
            self.process = subprocess.Popen(
                [BINARY, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        until(f"{name} is ready: {self.words()}", lambda: self._ready(ready_url))

    def _ready(self, url: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.log.stem} ended: {self.words()}")
        try:
            return fetch(url)[0] == 200
        except OSError:
            return False

    def words(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Attempt:
    """What the provider saw of one attempt; `at` in seconds of its own clock."""

    model: str
    at: float
    ending: str
    fault: str


@dataclass
class Play:
    """What a test wants to happen."""

    dialect: str = "chat_completions"
    primary: str = "healthy"
    backup: str | None = "healthy"
    # Milliseconds between the tokens of the fake.
    token_delay: int = 0
    policies: str = QUICK
    server: str = ""
    # Behind the providers and the routes.
    more: str = ""
    # Called with the stage's folder before anything starts.
    before: object = None


class Stage:
    """A fake with the models `primary`, `backup` and `calm`, and a gateway with the routes
    `assistant` (primary, then backup) and `healthy` (calm alone)."""

    def __init__(self, play: Play, folder: pathlib.Path):
        self.play = play
        self.folder = folder
        fake, listen, admin = free_port(), free_port(), free_port()
        self.fake_url = f"http://127.0.0.1:{fake}"
        self.url = f"http://127.0.0.1:{listen}"
        self.admin_url = f"http://127.0.0.1:{admin}"
        scenario = folder / "scenario.toml"
        scenario.write_text(scenario_text(play))
        settings = folder / "failsoft.toml"
        settings.write_text(settings_text(play, fake, listen, admin))
        self.programs = []
        if play.before:
            play.before(folder)
        try:
            arguments = ["fake", "--listen", f"127.0.0.1:{fake}", "--scenario", str(scenario)]
            self.fake = self._start("fake", arguments, f"{self.fake_url}/__fake/attempts")
            arguments = ["serve", "--config", str(settings)]
            self.gateway = self._start("gateway", arguments, f"{self.admin_url}/readyz")
        except BaseException:
            self.stop()
            raise

    def _start(self, name, arguments, ready_url):
        program = Program(self.folder, name, arguments, ready_url)
        self.programs.append(program)
        return program

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

    def attempts(self, model: str | None = None, query: str = "") -> list[Attempt]:
        """What reached the fake, in order."""
        _, _, document = fetch(f"{self.fake_url}/__fake/attempts?{query}")
        found = [
            Attempt(row["model"], row["at_ms"] / 1000, row["ending"], row["fault"])
            for row in document["attempts"]
        ]
        return [attempt for attempt in found if model in (None, attempt.model)]

    def sees_cancelled(self, count: int = 1) -> bool:
        """Waits until the fake has seen so many callers leave."""
        query = f"cancelled={count}&wait=10s"
        return fetch(f"{self.fake_url}/__fake/attempts?{query}")[2]["met"]

    def raw_words(self) -> str:
        """What the fake itself says of a failure of the primary."""
        path = "/v1/chat/completions" if self.play.dialect == "chat_completions" else "/v1/messages"
        body = {"model": "primary", "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}
        _, _, document = fetch(self.fake_url + path, method="POST", body=body)
        return document["error"]["message"]


def scenario_text(play: Play) -> str:
    lines = [f'token_delay = "{play.token_delay}ms"'] if play.token_delay else []
    for model, fault in [("primary", play.primary), ("backup", play.backup), ("calm", "healthy")]:
        lines += [f"[models.{model}]", f'fault = "{fault or "healthy"}"']
    return "\n".join(lines) + "\n"


def settings_text(play: Play, fake: int, listen: int, admin: int) -> str:
    base = f"http://127.0.0.1:{fake}" + ("/v1" if play.dialect == "chat_completions" else "")
    providers = "".join(
        f'[providers.{name}]\ndialect = "{play.dialect}"\nbase_url = "{base}"\napi_key = "sk-{name}"\n'
        for name in ["first", "second"]
    )
    tiers = '["first/primary"]' + (', ["second/backup"]' if play.backup else "")
    return (
        f'[server]\nlisten = "127.0.0.1:{listen}"\nadmin = "127.0.0.1:{admin}"\n{play.server}\n'
        f'[journal]\npath = "failsoft.db"\n'
        f"{providers}"
        f"[routes.assistant]\ntiers = [{tiers}]\n"
        f'[routes.healthy]\ntiers = [["first/calm"]]\n'
        f"{play.policies}\n{play.more}\n"
    )


@contextlib.contextmanager
def staged(**wanted):
    """A stage for the time of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="failsoft-test-") as folder:
        stage = Stage(Play(**wanted), pathlib.Path(folder))
        try:
            yield stage
        except BaseException:
            for program in stage.programs:
                print(f"--- {program.log.name}\n{program.words()}")
            raise
        finally:
            stage.stop()

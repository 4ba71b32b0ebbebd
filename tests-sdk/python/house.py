"""A gateway before a fake that speaks every dialect, with the first target of each route down."""

import pathlib

from stage import Program, free_port

TARGETS = ["chat_completions", "messages", "responses", "generate_content", "bedrock_converse"]


def provider(dialect: str, fake: int) -> str:
    path = {"messages": "", "bedrock_converse": "", "generate_content": "/v1beta"}.get(dialect, "/v1")
    key = "AKIAEXAMPLE:secret" if dialect == "bedrock_converse" else f"sk-{dialect}"
    kind = 'kind = "bedrock"\nregion = "us-east-1"\n' if dialect == "bedrock_converse" else ""
    return (
        f'[providers.{dialect}]\n{kind}dialect = "{dialect}"\n'
        f'base_url = "http://127.0.0.1:{fake}{path}"\napi_key = "{key}"\n'
    )


def settings(fake: int, listen: int, admin: int, nobody: int) -> str:
    routes = "".join(
        f'[routes.to-{dialect}]\ntiers = [["down/model"], ["{dialect}/model"]]\n'
        for dialect in TARGETS
    )
    return (
        f'[server]\nlisten = "127.0.0.1:{listen}"\nadmin = "127.0.0.1:{admin}"\n'
        '[journal]\npath = "failsoft.db"\n'
        f'[providers.down]\ndialect = "chat_completions"\nbase_url = "http://127.0.0.1:{nobody}/v1"\n'
        'api_key = "none"\n'
        + "".join(provider(dialect, fake) for dialect in TARGETS)
        + routes
        # Nearly every call fails over here, which no budget of a healthy house foresees.
        + "[policy.budget]\nfailover = { ratio = 1.0, cap = 1000, in_flight = 1.0 }\n"
    )


class House:
    """One fake and one gateway for the whole matrix."""

    def __init__(self, folder: pathlib.Path):
        fake, listen, admin, nobody = (free_port() for _ in range(4))
        self.url, self.fake_url = f"http://127.0.0.1:{listen}", f"http://127.0.0.1:{fake}"
        path = folder / "failsoft.toml"
        path.write_text(settings(fake, listen, admin, nobody))
        arguments = ["fake", "--listen", f"127.0.0.1:{fake}"]
        self.programs = [Program(folder, "fake", arguments, f"{self.fake_url}/__fake/attempts")]
        arguments = ["serve", "--config", str(path)]
        ready = f"http://127.0.0.1:{admin}/readyz"
        self.programs.append(Program(folder, "gateway", arguments, ready))

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

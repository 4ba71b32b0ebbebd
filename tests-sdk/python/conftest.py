"""What all tests share, and the bench's table after the last one."""

import pytest
from stage import DIALECTS

BENCH = pytest.StashKey()


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


@pytest.fixture(params=["plain", "streamed"])
def how(request):
    return request.param


@pytest.fixture(scope="session")
def bench_table(pytestconfig):
    """Verdicts by scenario and dialect, printed at the end."""
    return pytestconfig.stash.setdefault(BENCH, {})


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(BENCH, {})
    if not rows:
        return
    terminalreporter.write_line("bench     " + "".join(f"{dialect:<20}" for dialect in DIALECTS))
    for name in sorted({name for name, _ in rows}):
        cells = [rows.get((name, dialect), "not run") for dialect in DIALECTS]
        terminalreporter.write_line(f"bench {name} " + "".join(f"{cell:<20}" for cell in cells))

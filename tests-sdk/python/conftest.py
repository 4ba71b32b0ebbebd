"""What all tests share, and the bench's table after the last one."""

import pathlib
import tempfile

import pytest
from house import House
from stage import DIALECTS

BENCH = pytest.StashKey()
MATRIX = pytest.StashKey()


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


@pytest.fixture(params=["plain", "streamed"])
def how(request):
    return request.param


@pytest.fixture(scope="session")
def bench_table(pytestconfig):
    """Verdicts by scenario and setup, printed at the end."""
    return pytestconfig.stash.setdefault(BENCH, {})


@pytest.fixture(scope="session")
def house():
    with tempfile.TemporaryDirectory(prefix="failsoft-house-") as folder:
        house = House(pathlib.Path(folder))
        yield house
        house.stop()


@pytest.fixture(scope="session")
def matrix_table(pytestconfig):
    """Verdicts by client, target, delivery and content, printed at the end."""
    return pytestconfig.stash.setdefault(MATRIX, {})


def pytest_terminal_summary(terminalreporter, config):
    show_matrix(terminalreporter, config.stash.get(MATRIX, {}))
    show_bench(terminalreporter, config.stash.get(BENCH, {}))


def show_matrix(terminalreporter, cells):
    """A row for each client and target; what failed is named."""
    targets = list(dict.fromkeys(target for _, target, _, _ in cells))
    if not cells:
        return
    terminalreporter.write_line("matrix " + "".join(f"{name:<18}" for name in ["", *targets]))
    for client in dict.fromkeys(client for client, _, _, _ in cells):
        row = []
        for target in targets:
            mine = {key[2:]: cell for key, cell in cells.items() if key[:2] == (client, target)}
            failed = [f"{what} {how}" for (how, what), cell in mine.items() if cell != "pass"]
            row.append(", ".join(failed) if failed else f"{len(mine)} pass")
        terminalreporter.write_line("matrix " + "".join(f"{name:<18}" for name in [client, *row]))


def show_bench(terminalreporter, rows):
    """A row for each scenario: the verdict, and the slowest call in seconds."""
    setups = list(dict.fromkeys(setup for _, setup in rows))
    if not rows:
        return
    for parts in zip(*((setup.client, "to " + setup.target, setup.how) for setup in setups)):
        terminalreporter.write_line("bench     " + "".join(f"{part[:11]:<12}" for part in parts))
    for name in sorted({name for name, _ in rows}):
        cells = [rows.get((name, setup), "") for setup in setups]
        terminalreporter.write_line(f"bench {name} " + "".join(f"{cell:<12}" for cell in cells))

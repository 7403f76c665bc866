"""What every test below this folder needs, and what is left out where the machine lacks a program.

A test says ``@pytest.mark.needs("faketime")``; a server program that a fixture is parametrised with counts too.
Such tests are never skipped: they are taken out of the run, and one line at its end says how many and why.
With ``--whole``, as in CI, a machine that lacks something is an error.
"""

import asyncio
from collections import Counter

import pytest

from asynctaskflow_testkit.machine import PROGRAMS, lacks, remedy

# Without this, pytest-asyncio's look for a current loop makes one on Python 3.11 that nobody closes, and its
# warning fails the run after the last test. Once a loop has been set (to none), looking makes no new one.
asyncio.set_event_loop(None)

LEFT_OUT = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole", action="store_true", help="fail if this machine lacks what some test needs"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = {item: need for item in items for need in _needs(item) if lacks(need)}
    left_out = config.stash.setdefault(LEFT_OUT, Counter())
    left_out.update(missing.values())
    if missing and config.getoption("--whole"):
        raise pytest.UsageError(_told(left_out))
    if missing:
        config.hook.pytest_deselected(items=list(missing))
        items[:] = [item for item in items if item not in missing]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash.get(LEFT_OUT, Counter())
    if left_out:
        terminalreporter.write_line(_told(left_out), yellow=True)


def _needs(item: pytest.Item) -> set[str]:
    named = {need for mark in item.iter_markers("needs") for need in mark.args}
    parameters = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    return named | {value for value in parameters if isinstance(value, str) and value in PROGRAMS}


def _told(left_out: Counter[str]) -> str:
    parts = [f"{number} need {need} ({remedy(need)})" for need, number in sorted(left_out.items())]
    return f"tests not run on this machine: {', '.join(parts)}"

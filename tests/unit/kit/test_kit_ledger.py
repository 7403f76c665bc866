"""The record outside Redis."""

import os
from pathlib import Path

import pytest

from asynctaskflow_testkit.ledger import Entry, Fault, Ledger, Ran, Submitted, parse


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    written: list[Entry] = [
        Submitted(1.5, "echo-1", "key", 503),
        Ran(2.0, "echo-1", 1, "w1", "start", 42),
        Fault(3.0, "kill", "w1"),
    ]
    for entry in written:
        ledger.write(entry)
    assert list(ledger.entries()) == written
    assert ledger.of(Fault) == written[2:]
    ledger.close()


def test_lines_of_many_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    children = [os.fork() for _ in range(1)]
    ledger = Ledger(path)
    for number in range(500):
        ledger.write(Ran(0, f"echo-{number}" * 20, 1, "w", "start", os.getpid()))
    if children[0] == 0:
        os._exit(0)
    os.waitpid(children[0], 0)
    assert len(ledger.of(Ran)) == 1000
    ledger.close()


@pytest.mark.parametrize("line", ["{}", '{"entry": "fault"}', '{"entry": "fault", "extra": 1}'])
def test_a_foreign_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a ledger line"):
        parse(line)

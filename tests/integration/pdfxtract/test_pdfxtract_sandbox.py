"""The child process that parses: what it sees, how it is stopped, what it does on its own."""

import asyncio
import sys

import pytest

from asynctaskflow_pdfxtract import child, sandbox
from asynctaskflow_testkit.extraction import GAZETTE, extract
from asynctaskflow_testkit.pdfs import MIB


async def test_a_cancelled_task_takes_its_child_with_it(traces):
    reached = asyncio.Event()

    async def stall(_fraction: float, _note: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(extract(GAZETTE, progress=stall))
    await reached.wait()
    assert len(traces.children()) == 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert traces.children() == []


async def test_the_child_sees_no_secret_of_the_worker(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary-0123456789")
    show = "import os; print(sorted(os.environ))"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", show], file) as running:
            seen = await running.read_all(wall_s=10, max_bytes=10_000)

    assert b"OPENROUTER" not in seen
    assert b"PATH" in seen


async def test_a_child_that_floods_its_output_is_stopped(traces):
    flood = "import sys\nwhile True: sys.stdout.write('x' * 65536)"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", flood], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="more than"):
                await running.read_all(wall_s=10, max_bytes=MIB)
        async with sandbox.run([sys.executable, "-I", "-c", flood], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="at once"):
                await running.read_line(wall_s=10)

    assert traces.children() == []


async def test_a_child_that_closes_its_output_and_stays_is_killed(traces):
    linger = "import os, time\nos.close(1)\ntime.sleep(60)"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", linger], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="did not end"):
                await running.read_line(wall_s=0.5)

    assert traces.children() == []


def test_what_the_child_does_can_be_done_in_process():
    """The same functions without a process between: what they return, and where they refuse."""
    with sandbox.unnamed_file(GAZETTE) as file:
        data = child.read_input(file.fileno())
    answers = list(child.extract(data, first=2, max_pages=2))

    assert answers[0] == {"pages": 2}
    assert answers[1]["page"] == 2
    assert list(child.probe(data, max_pages=2)) == [{"pages": 2}]
    assert child.render(data, number=1, long_edge_px=500).startswith(b"\x89PNG")
    with pytest.raises(child.Refused):
        child.open_document(b"%PDF-1.7")
    with pytest.raises(child.Refused):
        child.count_pages(child.open_document(data), max_pages=1)


async def test_an_unknown_command_of_the_child_is_an_error():
    limits = '{"memory_bytes": 500000000, "cpu_s": 5}'
    command = [sys.executable, "-I", "-m", "asynctaskflow_pdfxtract.child", limits, "dance"]

    with sandbox.unnamed_file(GAZETTE) as file:
        async with sandbox.run(command, file) as running:
            with pytest.raises(sandbox.ChildFailed, match="unknown command 'dance'"):
                await running.read_line(wall_s=10)

"""Child processes of the local stack: their output, their end, and that none outlives its parent."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.child import Child, Command


class Lines:
    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.grown = asyncio.Event()

    def write(self, name: str, line: str) -> None:
        self.written.append((name, line))
        self.grown.set()

    async def until(self, line: str) -> None:
        async with asyncio.timeout(10):
            while ("it", line) not in self.written:
                self.grown.clear()
                await self.grown.wait()


def python(program: str, stdin: str = "") -> Command:
    return Command("it", [sys.executable, "-c", program], inherited_environment(), stdin)


async def test_every_line_is_passed_on_whatever_its_length() -> None:
    lines = Lines()
    child = await Child.start(python("print('a'*300_000); print('b'); print('c', end='')"), lines)
    assert await child.wait() == 0
    assert [len(line) for _, line in lines.written] == [300_000, 1, 1]


async def test_standard_input_is_given_and_closed() -> None:
    lines = Lines()
    child = await Child.start(python("import sys; print(sys.stdin.read())", "secret"), lines)
    await child.wait()
    assert lines.written[0] == ("it", "secret")


async def test_a_polite_child_ends_by_sigterm() -> None:
    lines = Lines()
    program = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True); signal.pause()"
    )
    child = await Child.start(python(program), lines)
    await lines.until("ready")
    assert await child.stop(grace_s=10) == 7
    assert await child.stop(grace_s=10) == 7


async def test_a_stubborn_child_is_killed_with_its_children() -> None:
    lines = Lines()
    program = (
        "import signal, subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen(['sleep', '600']); print(inner.pid, flush=True)\n"
        "print('ready', flush=True); inner.wait()"
    )
    child = await Child.start(python(program), lines)
    await lines.until("ready")
    inner = psutil.Process(int(lines.written[0][1]))
    assert await child.stop(grace_s=0.2) == -signal.SIGKILL
    inner.wait(10)


@pytest.mark.needs("linux")  # the kernel's tie to the parent is Linux's
def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    program = """
import asyncio
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.child import Child, Command

class Out:
    def write(self, name, line): pass

async def main():
    child = await Child.start(Command("it", ["sleep", "600"], inherited_environment()), Out())
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        orphan = psutil.Process(int(parent.stdout.readline()))
        assert orphan.is_running()
        parent.kill()
    orphan.wait(10)

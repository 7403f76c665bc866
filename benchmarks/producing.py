"""The producer process: enqueues with one queue's library, as an ordinary caller in one process would.

Runs under the interpreter that has the library: ``python -m benchmarks.producing MODULE``. Reads one JSON
order a line, answers one JSON object a line. ``describe`` needs neither a server nor a loop.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TextIO

import uvloop


async def _repeat(enqueue: Callable[[], Awaitable[object]], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        await enqueue()
    return time.perf_counter() - started


async def _together(enqueue: Callable[[], Awaitable[object]], count: int, callers: int) -> float:
    """The same by several callers at once, as in a server that handles requests."""
    started = time.perf_counter()
    await asyncio.gather(*(_repeat(enqueue, count // callers) for _ in range(callers)))
    return time.perf_counter() - started


async def _bulk(enqueue: Callable[[int], Awaitable[object]], count: int) -> float:
    started = time.perf_counter()
    await enqueue(count)
    return time.perf_counter() - started


async def obey(adapter: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Do one thing; what is timed is only the calls themselves."""
    match order["do"]:
        case "noop":
            return {"seconds": await _repeat(adapter.noop, order["count"])}
        case "together":
            one = getattr(adapter, "noop_among_others", adapter.noop)
            seconds = await _together(one, order["count"], order["callers"])
            return {"seconds": seconds}
        case "bulk":
            return {"seconds": await _bulk(adapter.noops, order["count"])}
        case "report":
            await adapter.report(time.monotonic())
        case "hold":
            await adapter.hold(time.monotonic())
        case unknown:
            raise ValueError(f"no such order: {unknown}")
    return {}


def describe(adapter: Any) -> dict[str, Any]:
    """What the harness must know to start this queue's workers."""
    return {
        "worker": list(adapter.WORKER),
        "environment": dict(getattr(adapter, "ENVIRONMENT", {})),
        "tasks": adapter.TASKS,
        "bulk": hasattr(adapter, "noops"),
        "concurrent": bool(getattr(adapter, "CONCURRENT", False)),
        "settings": adapter.SETTINGS,
    }


async def serve(adapter: Any, answers: TextIO) -> None:
    """Obey until standard input ends."""
    loop = asyncio.get_running_loop()
    await adapter.start()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer = await obey(adapter, json.loads(line))
        print(json.dumps(answer), file=answers, flush=True)
    await adapter.stop()


def main() -> None:
    """Import the adapter, then describe or serve it."""
    # Libraries print to standard output; the answers go where only the harness listens.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    adapter = importlib.import_module(sys.argv[1])
    if sys.argv[2:] == ["describe"]:
        print(json.dumps(describe(adapter)), file=answers, flush=True)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(adapter, answers))


if __name__ == "__main__":
    main()

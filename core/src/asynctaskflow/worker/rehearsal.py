"""Runs a function once without Redis, as its worker would: for the tests of a function's author."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from asynctaskflow.clock import SystemClock
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import Claimed
from asynctaskflow.worker.context import Blobs, Guard, Services
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Execution
from asynctaskflow.worker.handlers import LoopHandlers, ThreadHandlers

T = TypeVar("T")
UUID = "00000000-0000-7000-8000-000000000000"
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came out.

    Attributes:
        result: the stored JSON, decoded.
        progress: every report, in order.
    """

    result: Any
    progress: list[tuple[float, str]]


async def rehearse(
    definition: FunctionDefinition[Any, Any, Any],
    given: Any,
    *,
    attempt: int = 1,
    guards: Mapping[str, Guard] | None = None,
    blobs: Blobs | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Rehearsal:
    """Call a function with a JSON-like input through the same checks as in a worker.

    Args:
        guards: stand-ins for declared dependencies; without one, calls go straight through.

    Raises:
        Exception: what the handler raises; ``InputRejected`` and ``Permanent`` from the checks.
    """
    clock, reports = SystemClock(), _Reports()
    services = Services(
        clock=clock,
        progress=reports,
        dependencies=definition.dependencies,
        guard=lambda name, _remaining_s: (guards or {}).get(name) or _OpenDoor(),
        blobs=blobs,
    )
    task = Claimed(TaskId(definition.name, UUID), "", attempt, 0, 1, 1, 0, b"", "", "")
    execution = Execution(task, lease_until_s=clock.mono_s() + timeout_s)
    execution.deadline_s = clock.mono_s() + timeout_s
    kind = LoopHandlers if definition.is_async else ThreadHandlers
    handlers = kind(definition, services)
    try:
        async with asyncio.timeout(timeout_s):
            output = await handlers.call(definition.parse(orjson.dumps(given)), execution)
    finally:
        await handlers.close()
    return Rehearsal(orjson.loads(definition.serialise(output)), reports.told)


@dataclass(frozen=True, slots=True)
class _Reports:
    told: list[tuple[float, str]] = field(default_factory=list)

    def offer(self, execution: Execution, *, fraction: float, note: str) -> None:  # noqa: ARG002
        self.told.append((fraction, note))


class _OpenDoor:
    """A guard that lets everything through."""

    async def call(self, operation: Callable[[], Awaitable[T]], *, tokens: int = 1) -> T:  # noqa: ARG002
        return await operation()

"""Follows a function's registered spec while its worker runs, so that a change needs no restart.

The heartbeat says which revision is registered; when it has moved, the spec is read again, this process's
settings are laid over it, and the parts take it over. Never ends a worker: a spec that cannot be read
changes nothing.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pydantic import ValidationError
from redis.exceptions import RedisError

from asynctaskflow.errors import FunctionNotFound, QueueUnavailable
from asynctaskflow.logs import get_logger
from asynctaskflow.model.function import FunctionSpec, live_changes, restart_changes


class SpecReader(Protocol):
    """The registry, as far as it is needed here."""

    async def spec(self, name: str) -> FunctionSpec:
        """The registered spec."""
        ...


class LiveSpec:
    """The spec that this worker runs by.

    Attributes:
        current: with this process's settings laid over it.
        on_change: gives a changed spec to the parts, on the loop.
    """

    def __init__(
        self,
        reader: SpecReader,
        *,
        function: str,
        start: FunctionSpec,
        effective: Callable[[FunctionSpec], FunctionSpec],
    ) -> None:
        """Nothing is read until a revision was told.

        Args:
            start: what the worker has started with, settings laid over it.
            effective: lays this process's settings over a registered spec.
        """
        self._reader = reader
        self._function = function
        self._effective = effective
        self.on_change: Callable[[FunctionSpec], None] = _ignore
        self._start = start
        self.current = start
        self._told = ""
        self._read_revision = ""
        self._news = asyncio.Event()
        self._fixed: tuple[str, ...] = ()

    def told(self, revision: str) -> None:
        """The registered spec has this revision now; on the loop."""
        self._told = revision
        if revision != self._read_revision:
            self._news.set()

    async def run(self) -> None:
        """Read again whenever the revision has moved, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._read()

    async def _read(self) -> None:
        revision = self._told
        try:
            registered = await self._reader.spec(self._function)
        except (QueueUnavailable, RedisError, FunctionNotFound) as error:
            get_logger().debug("spec_not_read", error=str(error))  # the next heartbeat asks again
            return
        except ValidationError as error:
            self._read_revision = revision
            get_logger().error("spec_refused", function=self._function, error=str(error))
            return
        self._read_revision = revision
        self._adopt(self._effective(registered))

    def _adopt(self, spec: FunctionSpec) -> None:
        self._say_fixed(restart_changes(self._start, spec))
        changes = live_changes(self.current, spec)
        self.current = spec
        if changes:
            self.on_change(spec)
            get_logger().info("spec_changed", function=self._function, changes=list(changes))

    def _say_fixed(self, fixed: tuple[str, ...]) -> None:
        """Once for each set of changes that only a new process can follow."""
        if fixed and fixed != self._fixed:
            get_logger().warning("spec_needs_restart", function=self._function, changes=list(fixed))
        self._fixed = fixed


def _ignore(_spec: FunctionSpec) -> None:
    """Nobody listens yet."""

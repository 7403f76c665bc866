"""Function specs, remembered for a second: accepting a task must not cost a second round trip.

Those who ask at the same time share one look: a hundred requests after a pause are not a hundred connections.
"""

import asyncio
from dataclasses import dataclass

from asynctaskflow.clock import Clock
from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import FUNCTION_NAME
from asynctaskflow_api.input_check import InputCheck
from asynctaskflow_api.ports import Queue

FRESH_S = 1.0
DEFAULT_ATTEMPTS = FunctionSpec(handler="none:none").retry.max_attempts


@dataclass(frozen=True, slots=True)
class Known:
    """One function as it was at a time."""

    seen_s: float
    spec: FunctionSpec
    inputs: InputCheck


class Catalog:
    """Registered functions as this process last saw them.

    Args:
        max_depth: how deep inputs nest at most.
    """

    def __init__(self, queue: Queue, clock: Clock, *, max_depth: int) -> None:
        """Nothing is known yet."""
        self._queue = queue
        self._clock = clock
        self._max_depth = max_depth
        self._known: dict[str, Known] = {}
        self._loading: dict[str, asyncio.Future[Known]] = {}

    async def spec(self, name: str) -> FunctionSpec:
        """The spec, at most a second old.

        Raises:
            FunctionNotFound
        """
        return (await self.known(name)).spec

    async def known(self, name: str) -> Known:
        """The spec and the check of its inputs, at most a second old.

        Raises:
            FunctionNotFound
        """
        now_s = self._clock.mono_s()
        found = self._known.get(name)
        if found and now_s - found.seen_s < FRESH_S:
            return found
        if not FUNCTION_NAME.fullmatch(name):
            raise FunctionNotFound(f"function {name[:60]!r}: not registered")
        loading = self._loading.get(name)
        if loading is None:
            loading = self._loading[name] = asyncio.ensure_future(self._load(name))
            loading.add_done_callback(lambda done: self._forget_loading(name, done))
        return await asyncio.shield(loading)

    async def _load(self, name: str) -> Known:
        try:
            spec = await self._queue.open_spec(name)
        except FunctionNotFound:
            self._known.pop(name, None)
            raise
        before = self._known.get(name)
        same = before is not None and before.inputs.schema == spec.input_schema
        inputs = before.inputs if before and same else self._check(spec)
        self._known[name] = known = Known(self._clock.mono_s(), spec, inputs)
        return known

    def _check(self, spec: FunctionSpec) -> InputCheck:
        return InputCheck.of(spec.input_schema, max_depth=self._max_depth)

    def _forget_loading(self, name: str, done: asyncio.Future[Known]) -> None:
        del self._loading[name]
        if not done.cancelled():
            done.exception()  # whoever asked has seen it; nobody may be left to ask

    async def max_attempts(self, name: str) -> int:
        """The function's own number of attempts; the default for one that is no longer registered."""
        try:
            return (await self.spec(name)).retry.max_attempts
        except FunctionNotFound:
            return DEFAULT_ATTEMPTS

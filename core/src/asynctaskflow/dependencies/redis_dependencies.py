"""The shared limiter and breaker of every dependency, in Redis; one script per transition.

Times are Redis' own. Never makes a call to a dependency itself: see ``guard``.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from asynctaskflow.dependencies import scripts
from asynctaskflow.dependencies.dependency_keys import (
    call_keys,
    days_key,
    dependency_keys,
    history_key,
)
from asynctaskflow.dependencies.messages import (
    Admission,
    Ask,
    CallDay,
    Code,
    Counted,
    DependencyNotFound,
    DependencyState,
    Transition,
)
from asynctaskflow.dependencies.records import call_days, state_of, transition_of
from asynctaskflow.model import keys
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.breaker import Override, Report, Status
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.scripts import Argument, Script

LONGEST_SLEEP_S = 3600.0
REASON_MAX_CHARS = 200


class RedisDependencies:
    """Limiters, breakers and what is known of them; every method raises ``QueueUnavailable`` without Redis."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def register(self, name: str, spec: DependencySpec, *, only_new: bool = False) -> bool:
        """Store a spec; it holds at once for every worker. What the breaker and the bucket know stays.

        Args:
            only_new: leave a dependency alone that is registered already.

        Returns:
            Whether it was stored.
        """
        stored = await self._run(scripts.REGISTER, name, [int(only_new), *_spec_args(spec)])
        with translated():
            await self._client.sadd(keys.DEPENDENCIES, name)
        return bool(stored)

    async def unregister(self, name: str) -> None:
        """Forget a dependency and all its state."""
        with translated():
            await self._client.srem(keys.DEPENDENCIES, name)
            await self._client.unlink(*dependency_keys(name))

    async def names(self) -> list[str]:
        """Registered dependencies, sorted."""
        with translated():
            return sorted(name.decode() for name in await self._client.smembers(keys.DEPENDENCIES))

    async def state(self, name: str) -> DependencyState:
        """Everything about one dependency, in one round trip.

        Raises:
            DependencyNotFound
        """
        found = await self._read(name)
        if found is None:
            raise DependencyNotFound(f"dependency {name!r}: not registered")
        return found

    async def states(self) -> list[DependencyState]:
        """Everything about every dependency, by name."""
        found = await asyncio.gather(*(self._read(name) for name in await self.names()))
        return [state for state in found if state is not None]

    async def transitions(self, name: str) -> list[Transition]:
        """The breaker's last transitions (at most 50), newest first."""
        with translated():
            lines = await self._client.lrange(history_key(name), 0, -1)
        return [transition_of(line.decode()) for line in lines]

    async def override(self, name: str, override: Override, *, reason: str = "by hand") -> bool:
        """Open, close, or let calls decide again (afresh and closed); whether the breaker turned.

        Raises:
            DependencyNotFound
        """
        known, turned, _ = await self._run(
            scripts.OVERRIDE, name, [override.value, " ".join(reason.split())[:REASON_MAX_CHARS]]
        )
        if not known:
            raise DependencyNotFound(f"dependency {name!r}: not registered")
        return bool(turned)

    async def configure(
        self, name: str, requests: float, interval_s: float, *, source: str, capacity: float = 0
    ) -> bool:
        """Limit all workers together, at once; False if the spec's own limit is stronger.

        Args:
            requests: per interval; 0 removes the limit.
            capacity: most that may pass at once after a quiet time; 0: ``requests``.

        Raises:
            ValueError: negative or not finite.
        """
        if not (0 <= requests < float("inf") and 0 <= capacity < float("inf") and interval_s > 0):
            raise ValueError(f"limit of {name!r}: {requests=} {interval_s=} {capacity=}")
        args: list[Argument] = [requests, _milliseconds(interval_s), capacity, source]
        return bool(await self._run(scripts.CONFIGURE, name, args))

    async def sleep(self, name: str, seconds: float) -> float:
        """Grant nobody anything for so long (at most an hour); seconds until the present sleep ends."""
        asleep_ms = _milliseconds(min(max(seconds, 0.0), LONGEST_SLEEP_S))
        return int(await self._run(scripts.SLEEP, name, [asleep_ms])) / 1000

    async def admit(self, name: str, ask: Ask) -> Admission:
        """Breaker and limiter in one round trip; both let the call through or neither does."""
        longest_ms = -1 if ask.longest_ms is None else max(0, ask.longest_ms)
        args: list[Argument] = [ask.nonce, ask.tokens, ask.waited_ms, longest_ms]
        with translated():
            answer = await scripts.ADMIT.run(self._client, call_keys(name, ask.nonce), args)
        code, wait_ms, probe, turned = answer
        return Admission(Code(code), int(wait_ms), bool(probe), bool(turned))

    async def days(self, name: str) -> list[CallDay]:
        """Calls of the last seven days (UTC), newest first; days without one are left out."""
        with translated():
            seconds, _ = await self._client.time()
            fields = await self._client.hgetall(days_key(name))
        return call_days(fields, now_ms=seconds * 1000)

    async def report(
        self, name: str, ask: Ask, how: Report, *, ended: str | None = None
    ) -> Counted:
        """How a call ended, counted once; gives back what a call held that never ran.

        Args:
            ended: the error class of a call that ran, empty if it went well; ``None``: it never ran.
        """
        ran = ended is not None
        args: list[Argument] = [ask.nonce, ask.tokens, how.value, int(ran), ended or ""]
        with translated():
            answer = await scripts.REPORT.run(self._client, call_keys(name, ask.nonce), args)
        counted, turned, status = answer
        return Counted(bool(counted), bool(turned), Status(status.decode()))

    async def _read(self, name: str) -> DependencyState | None:
        return state_of(name, await self._run(scripts.READ, name, []))

    async def _run(self, script: Script, name: str, args: Sequence[Argument]) -> Any:
        with translated():
            return await script.run(self._client, dependency_keys(name), args)


def _spec_args(spec: DependencySpec) -> list[Argument]:
    breaker, limit = spec.breaker, spec.rate_limit
    return [
        spec.model_dump_json(by_alias=True, exclude_defaults=True),
        _milliseconds(breaker.window_seconds),
        breaker.min_calls,
        breaker.failure_ratio,
        _milliseconds(breaker.open_seconds),
        breaker.half_open_probes,
        _milliseconds(breaker.permit_seconds),
        round(spec.max_wait_seconds * 1000),
        spec.override,
        limit.requests if limit else 0,
        _milliseconds(limit.interval_seconds) if limit else 0,
        limit.capacity if limit else 0,
    ]


def _milliseconds(seconds: float) -> int:
    """At least 1: a window or interval of 0 would divide by it."""
    return max(1, round(seconds * 1000))

"""The fast way to run scripts: one connection kept open, several calls in one round trip.

The client's own ``execute_command`` takes a connection from the pool, starts a task for each write and
packs in Python: about 90 microseconds a command, more than Redis takes for ten tasks. A lane keeps the
connection, packs in C and lets callers share it, in order. Redis Cluster has no single connection to
keep: there each call goes through the client.
"""

import asyncio
import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, cast

from hiredis import pack_command
from redis.asyncio.cluster import RedisCluster
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - the client's own name
    NoScriptError,
    RedisError,
    TimeoutError,  # noqa: A004 - the client's own name
)

from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.store.scripts import Argument, Script
from asynctaskflow.store.wire import Wire

LOST = (ConnectionError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Call:
    """One script with its keys and arguments."""

    script: Script
    keys: Sequence[str]
    args: Sequence[Argument]


class ScriptRunner(Protocol):
    """Runs script calls, in order."""

    async def run(self, calls: Sequence[Call]) -> list[Any]:
        """The replies.

        Raises:
            redis.exceptions.RedisError: the first refusal; the calls behind it have run all the same.
        """
        ...


def open_runner(
    client: AsyncRedis,
    *,
    blocking: AsyncRedis | None = None,
    timeout_s: float = 2.0,
    retries: int = 2,
) -> ScriptRunner:
    """A lane where the client allows one.

    Args:
        client: the client for commands; on Redis Cluster it runs the scripts.
        blocking: one without a socket deadline, whose writes need no timer; the lane has its own deadline.
        timeout_s: deadline of one round trip.
        retries: times that calls are sent again after a lost connection; every script tolerates it.
    """
    if isinstance(client, RedisCluster):
        return ClusterRunner(client, timeout_s=timeout_s)
    return Lane(blocking or client, timeout_s=timeout_s, retries=retries)


def open_lane(
    client: AsyncRedis, *, blocking: AsyncRedis | None = None, timeout_s: float = 2.0
) -> "Lane | None":
    """A lane of one's own for reads; ``None`` on Redis Cluster, whose client must see each command."""
    if isinstance(client, RedisCluster):
        return None
    return Lane(blocking or client, timeout_s=timeout_s, retries=1)


class ClusterRunner:
    """Each call through the cluster client, which finds the node and follows a moving slot."""

    def __init__(self, client: AsyncRedis, *, timeout_s: float) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._timeout_s = timeout_s

    async def run(self, calls: Sequence[Call]) -> list[Any]:
        """The replies, one round trip each, every one within the deadline."""
        return [await self._run_one(call) for call in calls]

    async def _run_one(self, call: Call) -> Any:
        # Looking for the node of a slot whose primary is away can take the client any time.
        async with asyncio.timeout(self._timeout_s):
            return await call.script.run(self._client, call.keys, call.args)


class Lane:
    """One connection for any number of callers; opened at the first call and again when it is lost."""

    def __init__(self, client: AsyncRedis, *, timeout_s: float, retries: int) -> None:
        """Nothing is sent yet."""
        self._pool = client.connection_pool
        self._timeout_s = timeout_s
        self._retries = retries
        self._backoff = ExponentialWithJitterBackoff(base=0.02, cap=0.2)
        self._wire: Wire | None = None
        self._opening = asyncio.Lock()

    async def run(self, calls: Sequence[Call]) -> list[Any]:
        """The replies, in one round trip; more only for scripts that the server does not know."""
        if not calls:
            return []
        replies = await self._exchange(_evalshas(calls), len(calls))
        return await self._complete(replies, calls)

    async def ask(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Replies to plain commands, in one round trip; sent again after a lost connection, so reads only."""
        replies = await self._exchange(b"".join(_pack(*one) for one in commands), len(commands))
        return _refused(replies)

    async def run_after(
        self, wait: Sequence[Argument], calls: Sequence[Call] = (), *, wait_s: float
    ) -> list[Any]:
        """Replies to a command that blocks and to the calls behind it, which run when it is over.

        All are sent at once and once: the server goes on by itself. Cancelled, or not answered within
        ``wait_s`` and a deadline, the connection is closed, and with it goes what the server has not begun.
        """
        packed = _pack(*wait) + _evalshas(calls)
        wire = await self._open_soon(within_s=self._timeout_s)
        try:
            first, *replies = await wire.exchange(
                packed, expected=1 + len(calls), within_s=wait_s + self._timeout_s
            )
        except asyncio.CancelledError:
            await self._drop(wire)
            raise
        _refused([first])
        return [first, *await self._complete(replies, calls)]

    async def _complete(self, replies: list[Any], calls: Sequence[Call]) -> list[Any]:
        """The replies, once every script is known; raises the first refusal."""
        for position, reply in enumerate(replies):
            if isinstance(reply, NoScriptError):
                replies[position] = (await self._exchange(_eval(calls[position]), 1))[0]
        return _refused(replies)

    async def _exchange(self, packed: bytes, expected: int) -> list[Any]:
        """Send and wait; again after a lost connection, all within one deadline."""
        until_s = asyncio.get_running_loop().time() + self._timeout_s
        wire = self._wire
        if wire is not None and wire.usable:
            try:
                return await wire.exchange(packed, expected=expected, within_s=self._timeout_s)
            except ConnectionError:
                if not self._retries:
                    raise
        return await self._exchange_anew(packed, expected, until_s=until_s)

    async def _exchange_anew(self, packed: bytes, expected: int, *, until_s: float) -> list[Any]:
        """The same over a connection that must be opened first, as often as retries allow."""
        loop = asyncio.get_running_loop()
        for failures in count(1):
            try:
                wire = await self._open_soon(within_s=until_s - loop.time())
                left_s = until_s - loop.time()
                return await wire.exchange(packed, expected=expected, within_s=left_s)
            except LOST:
                if failures > self._retries or loop.time() >= until_s:
                    raise
            await asyncio.sleep(min(self._backoff.compute(failures), until_s - loop.time()))
        raise AssertionError("unreachable")

    async def _open_soon(self, *, within_s: float) -> Wire:
        """An open connection.

        Raises:
            redis.exceptions.TimeoutError: not within the deadline.
        """
        if self._wire is not None and self._wire.usable:
            return self._wire
        try:
            async with asyncio.timeout(within_s):
                return await self._open()
        except builtins.TimeoutError as error:
            raise TimeoutError("no connection within the deadline") from error

    async def _open(self) -> Wire:
        if self._wire is not None and self._wire.usable:
            return self._wire
        async with self._opening:
            if self._wire is None or not self._wire.usable:
                if self._wire is not None:
                    await self._drop(self._wire)
                self._wire = Wire(await self._pool.get_connection())
            return self._wire

    async def _drop(self, wire: Wire) -> None:
        if self._wire is wire:
            self._wire = None
            await self._pool.release(await wire.close())


def _refused(replies: list[Any]) -> list[Any]:
    """The replies; the first refusal among them is raised."""
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
    return replies


def _evalshas(calls: Sequence[Call]) -> bytes:
    return b"".join(_evalsha(call) for call in calls)


def _evalsha(call: Call) -> bytes:
    return _pack("EVALSHA", call.script.sha, len(call.keys), *call.keys, *call.args)


def _eval(call: Call) -> bytes:
    return _pack("EVAL", call.script.source, len(call.keys), *call.keys, *call.args)


def _pack(*words: Argument) -> bytes:
    return cast(bytes, pack_command(words))  # type: ignore[arg-type]

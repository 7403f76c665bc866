"""The lane for threads: connections kept open, each lent to one caller at a time, packed in C.

redis-py opens, secures and authenticates them, finds the primary behind Sentinel and reads replies; what is left out
is its own way to a connection and its packing, which cost more than the rest of a call. On Redis Cluster each call goes
through its client, which finds the node.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, Protocol, cast

from hiredis import pack_command
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import RedisCluster
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - the client's own name
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from asynctaskflow.store.connection import SyncRedis
from asynctaskflow.store.lane import Call
from asynctaskflow.store.scripts import Argument

IN_FLIGHT = 2


class BlockingRunner(Protocol):
    """Runs script calls for any thread."""

    def run(self, call: Call, *behind: Sequence[Argument]) -> list[Any]:
        """The reply to the call and to the commands behind it, on one connection.

        Raises:
            redis.exceptions.RedisError: the first refusal, or no connection.
        """
        ...

    def run_each(self, calls: Iterable[Call]) -> Iterator[Any]:
        """The reply to each call, or the error, in order."""
        ...


def open_blocking_runner(client: SyncRedis, *, retries: int = 2) -> BlockingRunner:
    """A lane where the client allows one.

    Args:
        retries: times that a call is sent again after a lost connection; every script tolerates it. One that was
            not answered in time is not sent again.
    """
    if isinstance(client, RedisCluster):
        return BlockingClusterRunner(client)
    return BlockingLane(client, retries=retries)


class BlockingClusterRunner:
    """Each call through the cluster client."""

    def __init__(self, client: SyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    def run(self, call: Call, *behind: Sequence[Argument]) -> list[Any]:
        """The reply; commands behind a call have no connection to share here."""
        if behind:
            raise ValueError("a cluster has no single connection")
        return [call.script.run_sync(self._client, call.keys, call.args)]

    def run_each(self, calls: Iterable[Call]) -> Iterator[Any]:
        """The replies, one round trip each."""
        return _each_alone(self, calls)


class BlockingLane:
    """As many connections as threads call at once; safe after a fork, which starts with none."""

    def __init__(self, client: SyncRedis, *, retries: int) -> None:
        """Nothing is sent yet."""
        self._pool = client.connection_pool
        self._retries = retries
        self._backoff = ExponentialWithJitterBackoff(base=0.02, cap=0.2)
        self._idle: deque[Any] = deque()
        self._process = os.getpid()

    def run(self, call: Call, *behind: Sequence[Argument]) -> list[Any]:
        """The replies, in one round trip; one more for a script that the server does not know."""
        replies = self._exchange([_evalsha(call), *map(_pack, behind)])
        if isinstance(replies[0], NoScriptError):
            replies = self._exchange([_eval(call), *map(_pack, behind)])
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
        return replies

    def run_each(self, calls: Iterable[Call]) -> Iterator[Any]:
        """The replies in order; the next call is packed and sent while Redis works on the one before."""
        unanswered: deque[Call] = deque()
        left = iter(calls)
        try:
            yield from self._answers(left, unanswered)
        except ConnectionError:
            # What was sent and not answered is sent again, as after any lost connection.
            yield from _each_alone(self, chain(unanswered, left))

    def _answers(self, left: Iterator[Call], unanswered: deque[Call]) -> Iterator[Any]:
        connection, clean = self._take(), False
        try:
            for call in left:
                unanswered.append(call)
                connection.send_packed_command([_evalsha(call)], check_health=False)
                if len(unanswered) == IN_FLIGHT:
                    yield self._next_reply(connection, unanswered)
            while unanswered:
                yield self._next_reply(connection, unanswered)
            clean = True
        finally:
            self._give_back(connection, clean=clean)

    def _next_reply(self, connection: Any, unanswered: deque[Call]) -> Any:
        reply = _read(connection)
        call = unanswered.popleft()
        return next(_each_alone(self, [call])) if isinstance(reply, NoScriptError) else reply

    def _exchange(self, packed: list[bytes]) -> list[Any]:
        """Send and wait; again after a lost connection."""
        for failures in count(1):
            connection, clean = self._take(), False
            try:
                connection.send_packed_command([b"".join(packed)], check_health=False)
                replies = [_read(connection) for _ in packed]
                clean = True
            except ConnectionError:
                if failures > self._retries:
                    raise
            else:
                return replies
            finally:
                self._give_back(connection, clean=clean)
            time.sleep(self._backoff.compute(failures))
        raise AssertionError("unreachable")

    def _take(self) -> Any:
        """A connection for this thread alone; redis-py tries several times to open one."""
        if os.getpid() != self._process:
            self._idle, self._process = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._pool.get_connection()

    def _give_back(self, connection: Any, *, clean: bool) -> None:
        """For the next caller; closed if it may hold a reply that nobody has read."""
        if clean:
            self._idle.append(connection)
        else:
            connection.disconnect()
            self._pool.release(connection)


def _each_alone(runner: BlockingRunner, calls: Iterable[Call]) -> Iterator[Any]:
    for call in calls:
        try:
            yield runner.run(call)[0]
        except (RedisError, OSError) as error:
            yield error


def _read(connection: Any) -> Any:
    """One reply; refusals are values, but a server that has become a replica is as good as gone."""
    try:
        return connection.read_response(disable_decoding=True)
    except ReadOnlyError as error:
        raise ConnectionError("the server is a replica now") from error
    except ResponseError as error:
        return error


def _evalsha(call: Call) -> bytes:
    return _pack(("EVALSHA", call.script.sha, len(call.keys), *call.keys, *call.args))


def _eval(call: Call) -> bytes:
    return _pack(("EVAL", call.script.source, len(call.keys), *call.keys, *call.args))


def _pack(words: Sequence[Argument]) -> bytes:
    return cast(bytes, pack_command(tuple(words)))  # type: ignore[arg-type]

"""Opens Redis in the form the URL asks for, and refuses servers that would lose tasks.

Never interprets a key: only connections, capabilities and the translation of client errors.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis
import redis.asyncio as aredis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import RedisCluster as SyncRedisCluster
from redis.driver_info import DriverInfo
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ClusterError,
    ConnectionError,  # noqa: A004 - the client's own name
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - the client's own name
    TryAgainError,
)
from redis.retry import Retry
from redis.sentinel import Sentinel as SyncSentinel

from asynctaskflow.errors import QueueUnavailable, UnsafeServer

# The client's own annotations give each reply as bytes or str, plain or awaitable, whatever the client's
# settings: no caller could use them without a cast. Ours never decode, so replies are bytes.
AsyncRedis = Any
SyncRedis = Any

MIN_VERSION = (7, 0)
# Not the deadline: a command that was not answered in time is reported, not sent again.
RETRIED = (ConnectionError,)
SENTINEL_DEFAULT_PORT = 26_379

# Refusals that pass: the command had no effect and may be sent again later.
TRANSIENT = (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)
TRANSIENT_PREFIXES = (
    "BUSY",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "UNBLOCKED",
)
SLOT_IS_MOVING = "non local key"


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """How to reach Redis.

    Attributes:
        url: ``redis://``, ``rediss://``, ``unix://``; ``redis+cluster://host:port`` (``rediss+cluster://``);
            ``redis+sentinel://host:port,host:port/service`` for Sentinel.
        timeout_s: deadline of one command and of one connection attempt.
        retries: times a command is sent again after a lost connection (every script tolerates it).
        max_connections: per process; callers over it wait for their timeout.
    """

    url: str
    timeout_s: float = 2.0
    retries: int = 2
    max_connections: int = 64


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the connected server can do.

    Attributes:
        waitaof: on a cluster: some primary knows it.
    """

    version: tuple[int, ...]
    cluster: bool
    waitaof: bool


def _common(options: RedisOptions, *, blocking: bool) -> dict[str, Any]:
    return {
        "socket_connect_timeout": options.timeout_s,
        "socket_timeout": None if blocking else options.timeout_s,
        "health_check_interval": 0,
        "protocol": 3,
        # Otherwise each connection reads the package's metadata for its version: 2 ms.
        "driver_info": DriverInfo(lib_version=redis.__version__),
    }


def _parts(options: RedisOptions) -> tuple[str, str]:
    """(flavour, plain URL): flavour is ``single``, ``cluster`` or ``sentinel``."""
    scheme, _, rest = options.url.partition("://")
    base, _, flavour = scheme.partition("+")
    if flavour not in {"", "cluster", "sentinel"} or base not in {"redis", "rediss", "unix"}:
        raise ValueError(
            "Redis URL: expected redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://, "
            f"got {scheme!r}"
        )
    return flavour or "single", f"{base}://{rest}"


def _sentinel_parts(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    pairs = [(host.partition(":")[0], host.partition(":")[2]) for host in hosts]
    service = parts.path.strip("/") or "mymaster"
    login = {
        key: value
        for key, value in (("username", parts.username), ("password", parts.password))
        if value
    }
    nodes = [(host, int(port or SENTINEL_DEFAULT_PORT)) for host, port in pairs]
    return nodes, service, {**login, "ssl": parts.scheme == "rediss"}


def open_async(options: RedisOptions, *, blocking: bool = False) -> AsyncRedis:
    """A client for the running loop; ``blocking`` ones wait without a socket deadline (BZPOPMIN, XREAD)."""
    flavour, url = _parts(options)
    common = _common(options, blocking=blocking)
    retry = aredis.retry.Retry(
        ExponentialWithJitterBackoff(base=0.02, cap=0.2), options.retries, RETRIED
    )
    if flavour == "cluster":
        return RedisCluster.from_url(url, retry=retry, **common)
    if flavour == "sentinel":
        nodes, service, extra = _sentinel_parts(url)
        sentinel = Sentinel(nodes, **common)  # type: ignore[no-untyped-call]
        return sentinel.master_for(service, retry=retry, **extra, **common)
    pool = aredis.BlockingConnectionPool.from_url(
        url,
        retry=retry,
        max_connections=options.max_connections,
        timeout=None if blocking else options.timeout_s,
        **common,
    )
    return aredis.Redis.from_pool(pool)


def open_sync(options: RedisOptions) -> SyncRedis:
    """A client for a thread of its own."""
    flavour, url = _parts(options)
    common = _common(options, blocking=False)
    retry = Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), options.retries, RETRIED)
    if flavour == "cluster":
        return SyncRedisCluster.from_url(url, retry=retry, **common)
    if flavour == "sentinel":
        nodes, service, extra = _sentinel_parts(url)
        sentinel = SyncSentinel(nodes, **common)  # type: ignore[no-untyped-call]
        return sentinel.master_for(  # type: ignore[no-untyped-call]
            service, retry=retry, **extra, **common
        )
    return redis.Redis.from_url(url, retry=retry, **common)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors that mean "not now" into ``QueueUnavailable``; let defects through.

    Raises:
        asyncio.CancelledError: the caller was cancelled meanwhile and the client swallowed it, as its
            ``wait_for`` around writes and its zero timeout around probes can on Python 3.11.
    """
    cancellations = _cancellations()
    try:
        yield
        if _cancellations() > cancellations:
            raise asyncio.CancelledError
    except NoScriptError:
        raise
    except ResponseError as error:
        if not is_transient(error):
            raise
        raise QueueUnavailable(f"Redis refuses: {type(error).__name__}: {error}") from error
    except (ConnectionError, TimeoutError, ClusterError, RedisClusterException, OSError) as error:
        raise QueueUnavailable(f"Redis does not answer: {error}") from error
    except RuntimeError as error:
        if not is_closed_transport(error):
            raise
        raise QueueUnavailable("Redis has closed the connection") from error


def is_transient(error: RedisError) -> bool:
    """Whether the server refused without effect and may accept the same command later."""
    text = str(error)
    return (
        isinstance(error, TRANSIENT)
        or text.startswith(TRANSIENT_PREFIXES)
        or SLOT_IS_MOVING in text
    )


def _cancellations() -> int:
    """How often the running task has been asked to stop; 0 in a thread without a loop."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return 0
    return task.cancelling() if task is not None else 0


def is_closed_transport(error: RuntimeError) -> bool:
    """Whether uvloop refuses a write because the peer has reset the connection: it has no OSError for that."""
    return "closed=True" in str(error) or "handler is closed" in str(error)


async def probe(client: AsyncRedis) -> Capabilities:
    """Ask the server what it is, and refuse one that would lose tasks.

    Raises:
        UnsafeServer: older than 7.0, or an eviction policy other than ``noeviction``.
        QueueUnavailable: no answer.
    """
    with translated():
        info = _one(await client.info())
        words = ("COMMAND LIST", "FILTERBY", "PATTERN", "waitaof")
        known = await client.execute_command(*words, **_primaries(client))
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:3])
    if version[:2] < MIN_VERSION:
        raise UnsafeServer(f"Redis 7.0 or newer is required, this is {info['redis_version']}")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise UnsafeServer(
            f"maxmemory-policy is {policy!r}: Redis would evict tasks; set it to noeviction"
        )
    return Capabilities(
        version=version,
        cluster=isinstance(client, RedisCluster),
        waitaof=any(known.values()) if isinstance(known, dict) else bool(known),
    )


def _primaries(client: AsyncRedis) -> dict[str, Any]:
    return {"target_nodes": RedisCluster.PRIMARIES} if isinstance(client, RedisCluster) else {}


def _one(reply: Any) -> Any:
    """A cluster client answers some commands with {node: reply}: take any node's."""
    if isinstance(reply, dict) and reply and all(":" in str(key) for key in reply):
        return next(iter(reply.values()))
    return reply

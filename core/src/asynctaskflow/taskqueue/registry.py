"""What is registered: functions and their specs, and the workers that report for them."""

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.taskqueue.messages import WorkerInfo
from asynctaskflow.taskqueue.records import digest, mapping, worker

WORKERS_SHOWN_MS = 3_600_000
WORKERS_SHOWN = 1000
REVISION_CHARS = 16


class RedisRegistry:
    """Function specs and worker records in Redis."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def register(self, name: str, spec: FunctionSpec) -> None:
        """Store or replace a function's spec; ``paused`` and the queue are not touched.

        Running workers read it again when their next heartbeat tells them that the revision has moved.
        """
        stored = spec.model_dump_json(by_alias=True, exclude_defaults=True)
        fields = {
            "spec": stored,
            "revision": digest(stored.encode())[:REVISION_CHARS],
            "max_depth": spec.queue.max_depth,
        }
        with translated():
            await self._client.hset(keys.function(name), mapping=fields)
            await self._client.sadd(keys.FUNCTIONS, name)

    async def close(self, name: str) -> None:
        """Take no new tasks for a function that is going away; workers go on with those that it has."""
        with translated():
            await self._client.hset(keys.function(name), "closed", "1")

    async def reopen(self, name: str) -> None:
        """Take new tasks for a function that was closed; fine if it was not."""
        with translated():
            await self._client.hdel(keys.function(name), "closed")

    async def unregister(self, name: str) -> None:
        """Forget a function's spec; its tasks stay until purged."""
        with translated():
            await self._client.srem(keys.FUNCTIONS, name)
            await self._client.delete(keys.function(name))

    async def spec(self, name: str) -> FunctionSpec:
        """The registered spec; fields that a newer version has put into it are left out.

        Raises:
            FunctionNotFound
        """
        with translated():
            raw = await self._client.hget(keys.function(name), "spec")
        return _spec(name, raw)

    async def open_spec(self, name: str) -> FunctionSpec:
        """The registered spec of a function that takes new tasks.

        Raises:
            FunctionNotFound: not registered, or closed.
        """
        with translated():
            raw, closed = await self._client.hmget(keys.function(name), "spec", "closed")
        if closed:
            raise FunctionNotFound(f"function {name!r}: it is being deleted")
        return _spec(name, raw)

    async def functions(self) -> list[str]:
        """Names of the registered functions, sorted."""
        with translated():
            names = await self._client.smembers(keys.FUNCTIONS)
        return sorted(name.decode() for name in names)

    async def workers(self, function: str) -> list[WorkerInfo]:
        """Workers that reported within the last hour, newest heartbeat first."""
        with translated():
            seconds, micros = await self._client.time()
            now_ms = seconds * 1000 + micros // 1000
            seen = await self._client.zrevrangebyscore(
                keys.workers(function),
                "+inf",
                now_ms - WORKERS_SHOWN_MS,
                start=0,
                num=WORKERS_SHOWN,
            )
            pipe = self._client.pipeline(transaction=False)
            pipe.zrangebyscore(keys.draining(function), now_ms, "+inf")
            for worker_id in seen:
                pipe.hgetall(keys.worker(function, worker_id.decode()))
            marked, *records = await pipe.execute() if seen else [[]]
        marks = frozenset(marked)
        return [
            worker(
                function,
                worker_id.decode(),
                mapping(record),
                now_ms=now_ms,
                marked=worker_id in marks,
            )
            for worker_id, record in zip(seen, records, strict=True)
        ]


def _spec(name: str, raw: bytes | None) -> FunctionSpec:
    if raw is None:
        raise FunctionNotFound(f"function {name!r}: not registered")
    return FunctionSpec.model_validate_json(raw, extra="ignore")

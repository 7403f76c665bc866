"""The blocking client: what a program without an event loop (Django, Flask, a script) calls functions with.

Any number of threads may share one; after a fork each process opens connections of its own. Decides nothing about
tasks: packing, scripts and answers are those of the asynchronous queue.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Any

import orjson
from redis.cluster import RedisCluster
from redis.exceptions import RedisError

from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import QueueUnavailable, TaskNotCompleted, TaskNotFound
from asynctaskflow.model import keys
from asynctaskflow.model.task import FUNCTION_NAME, TASK_UUID, TERMINAL, Task, TaskId, TaskState
from asynctaskflow.store.blocking_lane import open_blocking_runner
from asynctaskflow.store.connection import RedisOptions, open_async, open_sync, translated
from asynctaskflow.taskqueue import submission
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow.taskqueue.records import mapping, task
from asynctaskflow.taskqueue.steering import cancel_call, cancelled
from asynctaskflow.taskqueue.submission import BATCH, DAY_MS, Named, Outcome, named, outcomes

DEFAULT_URL = "redis://127.0.0.1:6379/0"
MAX_RESULT_BYTES = 64 * 1024 * 1024
KEY_MAX_CHARS = 255
BLOCK_S = 0.5
PAUSE_MAX_S = 0.1


class TaskClient:
    """Enqueues tasks and asks for what became of them.

    Every method raises ``QueueUnavailable`` when Redis does not answer or refuses; whether a write that ended so took
    place is unknown, and repeating it with the same ``uuid`` or ``idempotency_key`` is safe.

    Args:
        url: as for every other process: ``redis://``, ``rediss://``, ``unix://``, ``redis+cluster://``,
            ``redis+sentinel://``.
        timeout_s: deadline of one round trip and of one connection attempt.
        durability: what accepting a task means.
        idempotency_ms: how long an idempotency key is remembered.
        blob_url: where large results are, if not in Redis: the workers' ``ATF_BLOB_URL``.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        timeout_s: float = 2.0,
        durability: Durability | None = None,
        idempotency_ms: int = DAY_MS,
        blob_url: str = "",
    ) -> None:
        """Nothing is sent yet; a cluster is asked for its nodes."""
        self._options = RedisOptions(url, timeout_s=timeout_s)
        with translated():
            self._client = open_sync(self._options)
        self._runner = open_blocking_runner(self._client, retries=self._options.retries)
        self._durability = durability or Durability.standard()
        self._confirmations = self._durability.confirmations()
        self._cluster = isinstance(self._client, RedisCluster)
        self._idempotency_ms = idempotency_ms
        self._blob_url = blob_url
        self._clock = SystemClock()

    def __enter__(self) -> "TaskClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def enqueue(
        self,
        function: str,
        input: object = b"{}",  # noqa: A002 - what the task calls it, too
        *,
        uuid: str | None = None,
        delay_s: float = 0.0,
        max_age_s: float = 0.0,
        max_attempts: int = 0,
        idempotency_key: str = "",
        traceparent: str = "",
    ) -> Accepted:
        """Store one task. What the function is and whether anybody runs it, is not looked at.

        Args:
            input: anything that JSON can say, or bytes that are JSON already.
            uuid, delay_s, max_age_s, max_attempts, idempotency_key, traceparent: as in ``NewTask``.

        Raises:
            IdempotencyConflict: the key stands for another input.
            QueueFull: the function's queue is at its maximum depth.
            TypeError: JSON cannot say the input.
            ValueError: not a function's name, a uuid, or a key of at most 255 characters.
        """
        new = NewTask(
            _checked_name(function),
            _json(input),
            "",
            uuid,
            delay_s,
            max_age_s,
            max_attempts,
            idempotency_key,
            traceparent,
        )
        _check(new)
        outcome = self._send(function, [named(new)])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def enqueue_many(
        self,
        function: str,
        inputs: Iterable[object],
        *,
        delay_s: float = 0.0,
        max_age_s: float = 0.0,
        max_attempts: int = 0,
    ) -> list[Accepted | Exception]:
        """Store a task for each input; one outcome each, in order, those that failed as the errors of ``enqueue``."""
        name = _checked_name(function)
        new = [
            NewTask(name, _json(one), "", None, delay_s, max_age_s, max_attempts) for one in inputs
        ]
        batches = [
            [named(one) for one in new[start : start + BATCH]]
            for start in range(0, len(new), BATCH)
        ]
        return [outcome for found in self._send_each(name, batches) for outcome in found]

    def get(self, task_id: TaskId | str) -> Task:
        """The task as it is now.

        Raises:
            TaskNotFound: never accepted, deleted, or past its retention.
        """
        return self._look(_parsed(task_id))[0]

    def wait(self, task_id: TaskId | str, *, timeout_s: float) -> Task:
        """The task once it has ended, however it did; its ``state`` says.

        Raises:
            TaskNotFound: as ``get``.
            TimeoutError: it has not ended in time; it goes on.
        """
        one, until_s = _parsed(task_id), self._clock.mono_s() + timeout_s
        pause_s = 0.001
        while True:
            found, seen = self._look(one)
            if found.state in TERMINAL:
                return found
            left_s = until_s - self._clock.mono_s()
            if left_s <= 0:
                raise TimeoutError(f"task {one}: {found.state} after {timeout_s:g} s")
            self._await_event(one.function, seen, within_s=left_s)
            # A busy function has an event at any time: look less often the longer it takes.
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    def result(self, task_id: TaskId | str, *, timeout_s: float = 0.0) -> Any:
        """What the function returned, as JSON says it.

        Args:
            timeout_s: wait so long for the end; 0: it must have ended.

        Raises:
            TaskNotFound: as ``get``.
            TaskNotCompleted: it has no result: failed, cancelled, or (with ``timeout_s`` 0) not ended.
            TimeoutError: as ``wait``.
            BlobNotFound, BlobsUnavailable: a large result that is not where it should be.
        """
        found = self.wait(task_id, timeout_s=timeout_s) if timeout_s > 0 else self.get(task_id)
        if found.state != TaskState.COMPLETED:
            raise TaskNotCompleted(
                f"task {found.id}: {found.state} {found.error}".rstrip(),
                state=found.state,
                error_class=found.error_class,
            )
        if found.result_ref:
            return orjson.loads(self._read_blob(found.result_ref))
        with translated():
            stored = self._client.get(keys.task_result(found.id.function, found.id.uuid))
        if not stored:
            raise TaskNotFound(f"task {found.id}: its result has been deleted")
        return orjson.loads(stored)

    def cancel(self, task_id: TaskId | str, *, reason: str = "") -> TaskState:
        """Cancel a queued, scheduled or running task; returns the state it had.

        Raises:
            TaskNotFound, InvalidTransition: it had ended already.
        """
        one = _parsed(task_id)
        with translated():
            reply = self._runner.run(cancel_call(one, reason=reason))[0]
        return cancelled(one, reply)

    def _send(self, function: str, batch: list[Named]) -> list[Outcome]:
        self._durability.refuse(cluster=self._cluster)
        packed = submission.call(function, batch, idempotency_ms=self._idempotency_ms)
        try:
            replies = self._runner.run(packed, *self._confirmations)
        except (RedisError, OSError):
            with translated():  # around the call itself it would take a tenth of its time
                raise
        return outcomes(function, batch, self._durability.confirmed(replies))

    def _send_each(self, function: str, batches: list[list[Named]]) -> Iterator[list[Outcome]]:
        if self._confirmations:
            for batch in batches:
                yield self._send_or_say(function, batch)
            return
        calls = (
            submission.call(function, batch, idempotency_ms=self._idempotency_ms)
            for batch in batches
        )
        for batch, reply in zip(batches, self._runner.run_each(calls), strict=True):
            if isinstance(reply, Exception):
                yield [_translated(reply)] * len(batch)
            else:
                yield outcomes(function, batch, reply)

    def _send_or_say(self, function: str, batch: list[Named]) -> list[Outcome]:
        try:
            return self._send(function, batch)
        except (QueueUnavailable, RedisError) as error:
            return [error] * len(batch)

    def _look(self, task_id: TaskId) -> tuple[Task, str]:
        """The task, and the newest event that is no newer than what was read of it."""
        function, uuid = task_id.function, task_id.uuid
        pipe = self._client.pipeline(transaction=False)
        pipe.xrevrange(keys.events(function), count=1)
        pipe.hgetall(keys.task(function, uuid))
        pipe.zscore(keys.state_index(function, TaskState.ACTIVE), uuid)
        with translated():
            newest, fields, lease_ms = pipe.execute()
        if not fields:
            raise TaskNotFound(f"task {task_id}: not found")
        seen = newest[0][0].decode() if newest else "0-0"
        return task(task_id, mapping(fields), lease_ms=int(lease_ms or 0)), seen

    def _await_event(self, function: str, seen: str, *, within_s: float) -> None:
        """Until the function has an event after that one, or a while has passed."""
        longest_s = min(within_s, BLOCK_S, self._options.timeout_s / 2)
        with translated():
            self._client.xread(
                {keys.events(function): seen}, count=1, block=max(1, round(longest_s * 1000))
            )

    def _read_blob(self, ref: str) -> bytes:
        """The blob stores are asynchronous; a thread of its own, since this one may have a running loop."""

        async def read() -> bytes:
            client = open_async(self._options)
            try:
                store = open_blobs(client, url=self._blob_url, clock=self._clock)
                return await store.read(ref, max_bytes=MAX_RESULT_BYTES)
            finally:
                await client.aclose()

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(lambda: asyncio.run(read())).result()


@lru_cache(maxsize=4096)
def _checked_name(function: str) -> str:
    if not FUNCTION_NAME.fullmatch(function):
        raise ValueError(f"function: bad name {function[:60]!r}")
    return function


def _check(new: NewTask) -> None:
    if new.uuid is not None and not TASK_UUID.fullmatch(new.uuid):
        raise ValueError(f"uuid: expected a canonical lower-case UUID, got {new.uuid[:60]!r}")
    if len(new.idempotency_key) > KEY_MAX_CHARS:
        raise ValueError(f"idempotency key: at most {KEY_MAX_CHARS} characters")


def _json(value: object) -> bytes:
    return value if isinstance(value, bytes) else orjson.dumps(value)


def _parsed(task_id: TaskId | str) -> TaskId:
    return TaskId.parse(task_id) if isinstance(task_id, str) else task_id


def _translated(error: Exception) -> Exception:
    try:
        with translated():
            raise error
    except (QueueUnavailable, RedisError) as found:
        return found

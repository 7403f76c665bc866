"""Accepts tasks: one script call stores many, and concurrent callers share it.

Never loses an answer: a call that was sent and not answered raises ``QueueUnavailable`` (outcome unknown),
and repeating it with the same uuid or idempotency key gives the same task.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.lane import open_runner
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow.taskqueue.submission import (
    BATCH,
    DAY_MS,
    IN_FLIGHT,
    Named,
    Outcome,
    by_function,
    call,
    named,
    outcomes,
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    one: Named
    answer: asyncio.Future[Outcome]


class RedisProducer:
    """``Producer`` over Redis.

    Args:
        blocking: a client without a socket deadline, whose connections carry the scripts.
        durability: what accepting means.
        idempotency_ms: how long an idempotency key is remembered.
        timeout_s: deadline of one script call.
    """

    def __init__(
        self,
        client: AsyncRedis,
        *,
        blocking: AsyncRedis | None = None,
        durability: Durability | None = None,
        idempotency_ms: int = DAY_MS,
        timeout_s: float = 2.0,
    ) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._durability = durability or Durability.standard()
        self._runner = open_runner(client, blocking=blocking, timeout_s=timeout_s)
        self._idempotency_ms = idempotency_ms
        self._waiting: deque[_Waiting] = deque()
        self._in_flight = 0
        self._senders: set[asyncio.Task[None]] = set()

    async def enqueue(self, new: NewTask) -> Accepted:
        """Store one task; see ``Producer.enqueue``."""
        one = named(new)
        if self._in_flight >= IN_FLIGHT:
            answer = await self._join(one)
        else:
            answer = (await self._send_counted([one]))[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def enqueue_many(self, new: Sequence[NewTask]) -> list[Accepted | Exception]:
        """Store many tasks; see ``Producer.enqueue_many``."""
        starts = range(0, len(new), BATCH)
        parts: dict[int, list[Outcome]] = {}
        left = iter(starts)

        async def send_on() -> None:
            """A batch is packed while Redis works on the one before."""
            for start in left:
                batch = [named(one) for one in new[start : start + BATCH]]
                parts[start] = await self._outcomes(batch)

        await asyncio.gather(*(send_on() for _ in range(IN_FLIGHT)))
        return [answer for start in starts for answer in parts[start]]

    async def _outcomes(self, batch: list[Named]) -> list[Outcome]:
        """One answer each; when Redis is away, that for all of them."""
        try:
            return await self._send(batch)
        except (QueueUnavailable, RedisError) as error:
            return [error] * len(batch)

    async def _join(self, one: Named) -> Outcome:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(one, answer))
        return await answer

    async def _send_counted(self, batch: list[Named]) -> list[Outcome]:
        self._in_flight += 1
        try:
            return await self._send(batch)
        finally:
            self._in_flight -= 1
            if self._waiting:
                sender = asyncio.create_task(self._send_waiting())
                self._senders.add(sender)
                sender.add_done_callback(self._senders.discard)

    async def _send_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        answers: Sequence[Outcome]
        try:
            answers = await self._send_counted([waiting.one for waiting in batch])
        except (QueueUnavailable, RedisError) as error:
            answers = [error] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _send(self, batch: list[Named]) -> list[Outcome]:
        """One script call for each function in the batch; answers in the order given."""
        groups = by_function(batch)
        if len(groups) == 1:
            return await self._send_function(batch[0][0].function, batch)
        answers: list[Outcome] = [QueueUnavailable("not sent")] * len(batch)
        for function, positions in groups.items():
            found = await self._send_function(function, [batch[position] for position in positions])
            for position, answer in zip(positions, found, strict=True):
                answers[position] = answer
        return answers

    async def _send_function(self, function: str, batch: Sequence[Named]) -> list[Outcome]:
        packed = call(function, batch, idempotency_ms=self._idempotency_ms)
        with translated():
            replies = await self._durability.run(self._client, self._runner, packed)
        return outcomes(function, batch, replies)

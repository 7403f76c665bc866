"""Hands tasks to one worker and takes the outcomes: settlements and the next claim share a round trip.

An idle worker's claim waits in Redis, behind a read that blocks until work is there: the task comes with the
wake-up, and nobody has to ask for it.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from redis.asyncio.cluster import RedisCluster

from asynctaskflow.errors import LeaseLost, QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.lane import Call, Lane, open_runner
from asynctaskflow.store.scripts import Argument, Script
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.messages import (
    ClaimBatch,
    Claimed,
    Complete,
    Fail,
    HandBack,
    Settlement,
    Turn,
)
from asynctaskflow.taskqueue.protocol import IdleClaims
from asynctaskflow.taskqueue.records import checksum
from asynctaskflow.taskqueue.scripts import (
    CLAIM,
    HAND_BACK,
    PROGRESS,
    SETTLE_COMPLETED,
    SETTLE_FAILED,
)

MESSAGE_CHARS = 1024
NO_DUE = -1
PAUSED, USED_UP, DRAINING = 1, 2, 4
NAME_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Command:
    call: Call
    positions: tuple[int, ...] = ()


def retry_share(depth: int) -> float:
    """Share of a claim that prefers the retry list: less as it grows, so that new work is not starved."""
    if depth >= 5000:
        return 0.1
    return 0.2 if depth >= 1000 else 0.3


class RedisWorkSource:
    """``WorkSource`` over Redis, for one worker of one function.

    Args:
        client: for commands.
        blocking: a client of its own without a socket deadline.
        roll: random number in [0, 1), decides how a fraction of a task is rounded.
        max_deliveries: a task on its last one runs beside no other such task of this worker.
        timeout_s: deadline of one turn.
    """

    def __init__(
        self,
        client: AsyncRedis,
        *,
        blocking: AsyncRedis,
        function: str,
        worker_id: str,
        lease_ms: int,
        roll: Callable[[], float],
        max_deliveries: int = 3,
        timeout_s: float = 2.0,
    ) -> None:
        """Nothing is claimed yet."""
        self._client = client
        self._blocking = blocking
        self._runner = open_runner(client, blocking=blocking, timeout_s=timeout_s)
        self._waiting = _waiting_lane(client, blocking, timeout_s=timeout_s)
        self._function = function
        self._worker_id = worker_id
        self._lease_ms = lease_ms
        self._roll = roll
        self._last_delivery = max(1, max_deliveries - 1)
        self._retry_depth = 0
        self._keys = function_keys(function)
        self._name = secrets.token_hex(NAME_BYTES)
        self._counter = count()
        self._nonce = self._next_nonce()
        self._scripts_sent = False

    def adopt(self, *, lease_ms: int, max_deliveries: int) -> None:
        """Claim with these from now on; a claim that is under way keeps the old ones."""
        self._lease_ms = lease_ms
        self._last_delivery = max(1, max_deliveries - 1)

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        """Settle and claim; see ``WorkSource.turn``.

        A turn that raised is repeated with the same settlements: each is idempotent on its lease, and the
        claim is idempotent on its nonce, which changes only when it has taken something.
        """
        if not self._scripts_sent:
            await self._send_scripts()
        commands = self._settle_commands(settlements)
        if free_slots > 0:
            commands.append(self._claim_command(free_slots, take_suspect=take_suspect))
        with translated():
            replies = await self._runner.run([command.call for command in commands])
        accepted = [False] * len(settlements)
        for command, reply in zip(commands, replies, strict=True):
            for position, code in zip(command.positions, reply, strict=False):
                accepted[position] = code != Code.LOST
        batch = self._batch(replies[-1]) if free_slots > 0 else ClaimBatch()
        return Turn(tuple(accepted), batch)

    async def wait_for_work(self, *, timeout_s: float) -> bool:
        """Block until the function's wake-up marker appears."""
        if self._waiting is not None:
            with translated():
                popped, *_ = await self._waiting.run_after(self._block(timeout_s), wait_s=timeout_s)
            return popped is not None
        try:
            async with asyncio.timeout(timeout_s + 2):
                with translated():
                    popped = await self._blocking.bzpopmin(self._keys[1], timeout=timeout_s)
        except TimeoutError as error:
            raise QueueUnavailable("Redis does not answer a blocking read") from error
        return popped is not None

    def idle_claims(self) -> IdleClaims | None:
        """Claims that wait in Redis; ``None`` on Redis Cluster, whose client cannot send ahead."""
        return None if self._waiting is None else self

    async def claim_next(self, *, timeout_s: float) -> ClaimBatch:
        """The next task, as soon as there is one; see ``IdleClaims.claim_next``.

        One write sends the blocking read and the claim behind it, which Redis runs the moment the read ends, by a
        marker or by time: no marker is lost between the two, and a worker that died takes nothing.
        """
        if self._waiting is None:
            raise QueueUnavailable("claims cannot wait on Redis Cluster")
        if not self._scripts_sent:
            await self._send_scripts()
        call = self._claim_command(1, take_suspect=True).call
        with translated():
            _, reply = await self._waiting.run_after(
                self._block(timeout_s), [call], wait_s=timeout_s
            )
        return self._batch(reply)

    async def recall(self) -> ClaimBatch:
        """What the claim that was given up took; see ``IdleClaims.recall``."""
        call = self._claim_command(0, take_suspect=False).call
        with translated():
            (reply,) = await self._runner.run([call])
        return self._batch(reply)

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:
        """Store and publish progress; see ``WorkSource.progress``."""
        task_key = keys.task(self._function, task_id.uuid)
        args: list[Argument] = [task_id.uuid, lease, fraction, note[:MESSAGE_CHARS]]
        with translated():
            code = await PROGRESS.run(self._client, [*self._keys, task_key], args)
        if code == Code.LOST:
            raise LeaseLost(str(task_id))

    async def _send_scripts(self) -> None:
        """Once: in a pipeline an unknown script would run after the commands behind it."""
        with translated():
            for script in (CLAIM, SETTLE_COMPLETED, SETTLE_FAILED, HAND_BACK):
                await self._client.script_load(script.source)
        self._scripts_sent = True

    def _block(self, timeout_s: float) -> list[Argument]:
        return ["BZPOPMIN", self._keys[1], timeout_s]

    def _next_nonce(self) -> str:
        """A random name for this source and the number of its claim: one that was given up takes nothing later."""
        return f"{self._name}{next(self._counter):08x}"

    def _claim_command(self, free_slots: int, *, take_suspect: bool) -> _Command:
        preferred = int(free_slots * retry_share(self._retry_depth) + self._roll())
        args: list[Argument] = [
            self._worker_id,
            self._nonce,
            free_slots,
            self._lease_ms,
            min(preferred, free_slots),
            self._last_delivery,
            int(take_suspect),
        ]
        return _Command(Call(CLAIM, self._keys, args))

    def _settle_commands(self, settlements: Sequence[Settlement]) -> list[_Command]:
        grouped = (
            self._pack(settlements, Complete, SETTLE_COMPLETED, _complete_args),
            self._pack(settlements, Fail, SETTLE_FAILED, _fail_args),
            self._pack(settlements, HandBack, HAND_BACK, _hand_back_args),
        )
        return [command for command in grouped if command.positions]

    def _pack(
        self,
        settlements: Sequence[Settlement],
        kind: type[Settlement],
        script: Script,
        arguments: Callable[[Any], list[Argument]],
    ) -> _Command:
        script_keys, args, positions = list(self._keys), list[Argument](), []
        for position, settlement in enumerate(settlements):
            if isinstance(settlement, kind):
                task = keys.task(self._function, settlement.id.uuid)
                script_keys.append(task)
                if kind is Complete:
                    script_keys.append(task + ":result")
                args += arguments(settlement)
                positions.append(position)
        return _Command(Call(script, script_keys, args), tuple(positions))

    def _batch(self, reply: list[Any]) -> ClaimBatch:
        flags, next_due_ms, self._retry_depth, *rows = reply
        nonce, function = self._nonce, self._function
        if rows or flags & USED_UP:
            self._nonce = self._next_nonce()
        tasks = tuple(
            Claimed(
                TaskId(function, uuid.decode()),
                nonce,
                attempt,
                failures,
                deliveries,
                max_attempts,
                created_ms,
                data,
                ref.decode(),
                trace.decode(),
            )
            for uuid, attempt, failures, deliveries, max_attempts, created_ms, data, ref, trace in rows
        )
        due = None if next_due_ms == NO_DUE else int(next_due_ms)
        return ClaimBatch(
            tasks,
            paused=bool(flags & PAUSED),
            next_due_ms=due,
            retry_depth=self._retry_depth,
            draining=bool(flags & DRAINING),
        )


def _waiting_lane(client: AsyncRedis, blocking: AsyncRedis, *, timeout_s: float) -> Lane | None:
    """A connection of its own for reads that block: nothing else may stand behind them."""
    if isinstance(client, RedisCluster):
        return None
    return Lane(blocking, timeout_s=timeout_s, retries=0)


def _complete_args(one: Complete) -> list[Argument]:
    return [
        one.id.uuid,
        one.lease,
        one.result,
        checksum(one.result or one.result_ref.encode()),
        one.result_ref,
    ]


def _fail_args(one: Fail) -> list[Argument]:
    return [
        one.id.uuid,
        one.lease,
        one.to,
        one.error_class,
        one.message[:MESSAGE_CHARS],
        one.delay_ms,
    ]


def _hand_back_args(one: HandBack) -> list[Argument]:
    return [one.id.uuid, one.lease, one.reason[:MESSAGE_CHARS], one.delay_ms]

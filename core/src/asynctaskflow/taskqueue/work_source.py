"""Hands tasks to one worker and takes the outcomes: settlements and the next claim share a round trip."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asynctaskflow.errors import LeaseLost, QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.lane import Call, open_runner
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
        self._function = function
        self._worker_id = worker_id
        self._lease_ms = lease_ms
        self._roll = roll
        self._last_delivery = max(1, max_deliveries - 1)
        self._retry_depth = 0
        self._keys = function_keys(function)
        self._nonce = secrets.token_hex(8)
        self._scripts_sent = False

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        """Settle and claim; see ``WorkSource.turn``.

        A turn that raised is repeated with the same settlements: each is idempotent on its lease, and the
        claim is idempotent on its nonce, which changes only after an answer.
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
        try:
            async with asyncio.timeout(timeout_s + 2):
                with translated():
                    popped = await self._blocking.bzpopmin(self._keys[1], timeout=timeout_s)
        except TimeoutError as error:
            raise QueueUnavailable("Redis does not answer a blocking read") from error
        return popped is not None

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
        paused, next_due_ms, self._retry_depth, *rows = reply
        nonce, self._nonce = self._nonce, secrets.token_hex(8)
        function = self._function
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
        return ClaimBatch(tasks, bool(paused), due, self._retry_depth)


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

"""A ``WorkSource`` in memory, for tests of the worker's loop: leases are compared, time stands still.

It passes the contract tests that ``RedisWorkSource`` passes (``test_work_source_contract.py``).
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from redis.exceptions import ResponseError

from asynctaskflow.errors import LeaseLost
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import ClaimBatch, Claimed, Settlement, Turn

LAST_DELIVERY = 3


class MemorySource:
    """The queue of the function ``f``, as one worker sees it.

    Attributes:
        queued: waiting tasks, next one first.
        leases: uuid -> current lease; a test overwrites one to take a task away.
        settled: uuid -> the outcome that was accepted.
        turns: (settlements sent, slots asked for) of each turn that was answered.
        reports: (fraction, note) of each progress that was stored.
        failing: raised by every call while it is set.
        refused: uuids whose settlement makes the script fail, as that of a damaged record does.
        waiting: calls of ``wait_for_work`` that wait now.
    """

    def __init__(self) -> None:
        """Nothing is queued."""
        self.queued: deque[Claimed] = deque()
        self.leases: dict[str, str] = {}
        self.settled: dict[str, Settlement] = {}
        self.turns: list[tuple[int, int]] = []
        self.reports: list[tuple[float, str]] = []
        self.failing: Exception | None = None
        self.failed_turns = 0
        self.report_delay_s = 0.0
        self.waiting = 0
        self.refused: set[str] = set()
        self._changed = asyncio.Event()
        self._claims = 0

    def add(self, *inputs: Any, deliveries: int = 1) -> list[str]:
        """Queue a task for each input; their uuids."""
        uuids = []
        for given in inputs:
            number = len(self.leases) + len(self.queued) + len(self.settled)
            uuid = f"00000000-0000-7000-8000-{number:012d}"
            data = json.dumps(given).encode()
            self.queued.append(Claimed(TaskId("f", uuid), "", 1, 0, deliveries, 0, 0, data, "", ""))
            uuids.append(uuid)
        self._changed.set()
        return uuids

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        """Settle, then claim."""
        await asyncio.sleep(0)
        if self.failing is not None:
            self.failed_turns += 1
            raise self.failing
        if any(one.id.uuid in self.refused for one in settlements):
            raise ResponseError("WRONGTYPE")
        self.turns.append((len(settlements), free_slots))
        accepted = tuple(self._settle(one) for one in settlements)
        return Turn(accepted, ClaimBatch(tuple(self._claim(free_slots, take_suspect=take_suspect))))

    async def wait_for_work(self, *, timeout_s: float) -> bool:
        """Block until something is added; what was added before this call counts once."""
        if self.failing is not None:
            raise self.failing
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
                self._changed.clear()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:
        """Keep the report, after ``report_delay_s``."""
        await asyncio.sleep(self.report_delay_s)
        if self.leases.get(task_id.uuid) != lease:
            raise LeaseLost(str(task_id))
        self.reports.append((fraction, note))

    def _settle(self, settlement: Settlement) -> bool:
        uuid = settlement.id.uuid
        if uuid in self.settled:
            return self.settled[uuid].lease == settlement.lease
        if self.leases.get(uuid) != settlement.lease:
            return False
        del self.leases[uuid]
        self.settled[uuid] = settlement
        return True

    def _claim(self, number: int, *, take_suspect: bool) -> list[Claimed]:
        claimed: list[Claimed] = []
        for task in tuple(self.queued):
            suspect = task.deliveries >= LAST_DELIVERY
            if len(claimed) == number or (suspect and not take_suspect):
                continue
            take_suspect = take_suspect and not suspect
            self.queued.remove(task)
            self._claims += 1
            lease = f"lease-{self._claims}"
            self.leases[task.id.uuid] = lease
            claimed.append(replace(task, lease=lease))
        return claimed

"""A thread of its own that keeps leases alive while handlers are busy, and ends a worker that hangs.

A handler that blocks the event loop, even for several leases, keeps its task: this thread renews. One that
blocks it past its time limit cannot be interrupted from inside: the thread returns the other tasks and
ends the process. Expired leases of others are taken back here too, so that a blocked loop delays nobody.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from redis.exceptions import RedisError

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.logs import get_logger
from asynctaskflow.worker.execution import Execution, Running
from asynctaskflow.worker.stopping import Exit

TICK_S = 0.1
SETTLING_S = 10.0  # within it, claims that were under way have been answered
FROZEN_S = 1.0  # this thread rested for ten times its tick: the whole process was stopped

Lease = tuple[str, str]
Record = Mapping[str, str | int | float]


class LeaseKeeper(Protocol):
    """The queue, as far as this thread needs it; every call is one short round trip."""

    def renew(self, record: Record, leases: Sequence[Lease]) -> set[str]:
        """Extend leases and store the worker's record; uuids whose lease is lost."""
        ...

    def hand_back(self, leases: Sequence[Lease], *, reason: str) -> None:
        """Return running tasks, no attempt burned."""
        ...

    def reap(self, *, max_deliveries: int) -> tuple[int, int, int]:
        """Take back expired leases: (queued again, dead-lettered, expired by age)."""
        ...

    def deregister(self) -> None:
        """Forget this worker."""
        ...


@dataclass(frozen=True, slots=True)
class HeartbeatLimits:
    """How often, and how long.

    Attributes:
        stuck_after_s: a loop blocked for this long past a task's time limit ends the process.
    """

    lease_s: float
    heartbeat_s: float
    reaper_tick_s: float
    stuck_after_s: float
    max_deliveries: int


@dataclass(frozen=True, slots=True)
class HeartbeatPorts:
    """What the thread may call.

    Attributes:
        record: the worker's fields for its record in Redis.
        loop_seen_s: when the event loop last moved, monotonic.
        on_lost: tells the loop about a lost lease; safe from this thread.
        on_reaped: counts expired leases that were taken back.
        die: ends the process at once.
    """

    record: Callable[[], Record]
    loop_seen_s: Callable[[], float]
    on_lost: Callable[[Execution], None]
    on_reaped: Callable[[int], None]
    die: Callable[[int], object] = os._exit


class Heartbeat(threading.Thread):
    """Renews, reaps, watches; started once, stopped once."""

    def __init__(
        self,
        keeper: LeaseKeeper,
        running: Running,
        *,
        limits: HeartbeatLimits,
        ports: HeartbeatPorts,
        clock: Clock,
    ) -> None:
        """Not started."""
        super().__init__(name="heartbeat", daemon=True)
        self._keeper = keeper
        self._running = running
        self._limits = limits
        self._later: tuple[float, HeartbeatLimits] | None = None
        self._ports = ports
        self._clock = clock
        self._ended = threading.Event()
        self._renew_at_s = 0.0
        self._told_busy = False
        self._reap_at_s = 0.0
        self._rested_s = clock.mono_s()
        self._thawed_s = 0.0

    def run(self) -> None:
        """Until ``finish``."""
        self.beat()
        while not self._ended.wait(TICK_S):
            self.beat()

    def beat(self) -> None:
        """Do what is due now."""
        now_s = self._clock.mono_s()
        if now_s - self._rested_s > FROZEN_S:
            self._thawed_s = now_s
        self._watch(now_s)
        if self._later is not None and now_s >= self._later[0]:
            self._limits, self._later = self._later[1], None
        if now_s >= self._renew_at_s or self._has_come_to_rest():
            self._renew_at_s = now_s + self._limits.heartbeat_s
            self._renew()
        if now_s >= self._reap_at_s:
            self._reap_at_s = now_s + self._limits.reaper_tick_s
            self._reap()
        self._rested_s = self._clock.mono_s()

    def adopt(self, limits: HeartbeatLimits) -> None:
        """Renew by other limits, at once; safe from any thread.

        Claims that were under way come with the old lease, so for one such lease it goes on renewing at
        least as often as before.
        """
        now_s, old = self._clock.mono_s(), self._limits
        self._later = (now_s + old.lease_s + SETTLING_S, limits)
        self._limits = replace(limits, heartbeat_s=min(old.heartbeat_s, limits.heartbeat_s))
        self._renew_at_s = now_s

    def finish(self) -> None:
        """End the thread, then forget the worker in Redis; blocks for at most one round trip each."""
        self._ended.set()
        if self.is_alive():
            self.join(timeout=self._limits.lease_s)
        try:
            self._keeper.deregister()
        except (QueueUnavailable, RedisError) as error:
            get_logger().warning("not_deregistered", error=str(error))

    def _has_come_to_rest(self) -> bool:
        """Told at once: a worker that is thought to be busy is kept, and paid for, until its next heartbeat."""
        return self._told_busy and not len(self._running)

    def _renew(self) -> None:
        executions = self._running.snapshot()
        sent_s = self._clock.mono_s()
        leases = [(one.task.id.uuid, one.task.lease) for one in executions]
        try:
            lost = self._keeper.renew(self._ports.record(), leases)
        except (QueueUnavailable, RedisError) as error:
            get_logger().debug("not_renewed", error=str(error))
            self._renew_at_s = sent_s  # again at the next tick: every moment counts now
            return
        self._told_busy = bool(executions)
        for execution in executions:
            if execution.task.id.uuid in lost:
                self._ports.on_lost(execution)
            else:
                execution.lease_until_s = sent_s + self._limits.lease_s

    def _reap(self) -> None:
        try:
            again, dead, _ = self._keeper.reap(max_deliveries=self._limits.max_deliveries)
        except (QueueUnavailable, RedisError) as error:
            get_logger().debug("not_reaped", error=str(error))
            return
        if again or dead:
            get_logger().warning("leases_expired", queued_again=again, dead_lettered=dead)
            self._ports.on_reaped(again + dead)

    def _watch(self, now_s: float) -> None:
        """End the process if a handler has blocked the loop for too long past its time limit."""
        seen_s = max(self._ports.loop_seen_s(), self._thawed_s)
        if now_s - seen_s < self._limits.stuck_after_s:
            return
        executions = self._running.snapshot()
        stuck = [one for one in executions if self._overdue(one, now_s)]
        if not stuck:
            return
        for one in stuck:
            get_logger().error("loop_blocked", task=str(one.task.id))
        others = [one for one in executions if one not in stuck]
        try:
            leases = [(one.task.id.uuid, one.task.lease) for one in others]
            if leases:
                self._keeper.hand_back(leases, reason="worker_stuck")
        except (QueueUnavailable, RedisError) as error:
            get_logger().error("not_handed_back", error=str(error))
        self._ports.die(Exit.STUCK)

    def _overdue(self, execution: Execution, now_s: float) -> bool:
        return execution.running and now_s >= execution.deadline_s + self._limits.stuck_after_s

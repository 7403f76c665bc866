"""The worker's loop: settle what ended and claim what fits in one round trip, run, again.

Never stores anything by itself and never judges an outcome: ``attempt`` executes, ``settle`` judges,
``claim`` counts, ``gate`` pauses, ``link`` waits for Redis. Never dies because Redis is away.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.logs import get_logger
from asynctaskflow.taskqueue.messages import ClaimBatch, HandBack, Settlement
from asynctaskflow.taskqueue.protocol import IdleClaims, WorkSource
from asynctaskflow.worker.attempt import Attempts
from asynctaskflow.worker.claim import Room, wanted
from asynctaskflow.worker.execution import Cause, Execution, Running
from asynctaskflow.worker.faultpoints import Faultpoints
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.last_chance import LastChance
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.runners import Runners
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally
from asynctaskflow.worker.wakeup import Wakeup

WAIT_PER_LEASE = 1 / 6

Outcome = tuple[Execution, Settlement]


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """Bounds of the loop.

    Attributes:
        safety_tick_s: longest wait for a wake-up.
        max_tasks: recycle after this many; 0: never.
    """

    slots: int
    lease_s: float
    safety_tick_s: float
    max_tasks: int = 0


class WorkerLoop:
    """Claims, hands out to runners, settles; one per worker.

    Attributes:
        abandoned: handlers that did not stop when told; they may still be at work.
        draining: a scaler has marked this worker: it is handed nothing.
    """

    def __init__(
        self,
        source: WorkSource,
        *,
        running: Running,
        attempts: Attempts,
        gate: Gate,
        last_chance: LastChance,
        link: Link,
        stopping: Stopping,
        tally: Tally,
        faultpoints: Faultpoints,
        limits: LoopLimits,
        clock: Clock,
        roll: Callable[[], float],
        idle_claims: IdleClaims | None = None,
    ) -> None:
        """Nothing is claimed until ``run``; ``idle_claims`` as ``Wakeup`` has them."""
        self._source = source
        self._idle_claims = idle_claims
        self._running = running
        self._attempts = attempts
        self._gate = gate
        self._last_chance = last_chance
        self._link = link
        self._stopping = stopping
        self._tally = tally
        self._faultpoints = faultpoints
        self._limits = limits
        self._clock = clock
        self._roll = roll
        self._news = asyncio.Event()
        self._outbox: list[Outcome] = []
        self._occupied = 0
        self._hungry = True
        self._next_due_s: float | None = None
        self._unanswered_claim = False
        self._waiting_since_s = self._asked_s = 0.0
        self.abandoned, self.draining = 0, False
        self._runners: Runners | None = None
        self._wakeup: Wakeup | None = None

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Work until a stop was asked for and everything is settled or handed back."""
        runners = self._runners = Runners(
            self._attempts,
            slots=self._limits.slots,
            on_end=self._ended,
            group=group,
            clock=self._clock,
        )
        wakeup = self._wakeup = Wakeup(
            self._source,
            idle_claims=self._idle_claims,
            group=group,
            on_wake=self.wake,
            on_claim=self._claimed_next,
        )
        while True:
            self._news.clear()
            if wakeup.claiming and self._stopping.asked:
                await self._withdraw(wakeup)
            self._hand_back_unstarted()
            ask = 0 if wakeup.claiming else self._ask()
            if self._outbox or ask:
                await self._turn(ask)
            elif self._finished():
                break
            else:
                self._await_work(wakeup)
                await self._news.wait()
        wakeup.disarm()
        runners.close()

    def wake(self) -> None:
        """There may be work: ask."""
        self._hungry = True
        self._news.set()

    def adopt(self, limits: LoopLimits, *, max_deliveries: int) -> None:
        """Work within other limits from now on; what runs beyond fewer slots ends in its own time."""
        self._limits = limits
        self._last_chance.adopt(max_deliveries=max_deliveries)
        if self._runners is not None:
            self._runners.resize(limits.slots)
        self.wake()

    def nudge(self) -> None:
        """Something has changed (a stop, the gate): look again."""
        self._news.set()

    def lease_lost(self, execution: Execution) -> None:
        """Another worker may have this task: stop it; its result is not wanted."""
        if execution.ended:
            return
        get_logger().warning("lease_lost", task=str(execution.task.id), during="run")
        execution.stop(Cause.LEASE_LOST, unwind_until_s=self._stopping.unwind_until_s())

    def abandon(self, execution: Execution) -> None:
        """Its handler does not stop: settle without it."""
        if self._runners is not None:
            self.abandoned += 1
            self._runners.abandon(execution)

    def _ask(self) -> int:
        left = self._limits.max_tasks - self._tally.claimed if self._limits.max_tasks else None
        if left is not None and left <= 0 and self._occupied == 0:
            self._stopping.recycle("max_tasks")
        room = Room(
            slots=self._limits.slots,
            occupied=self._occupied,
            hungry=self._hungry,
            stopping=self._stopping.asked,
            left=left,
        )
        number = self._gate.allowed(wanted(room), now_s=self._clock.mono_s())
        return max(number, 1) if self._unanswered_claim else number

    async def _turn(self, ask: int) -> None:
        outcomes, self._outbox = self._outbox, []
        sent_s = self._clock.mono_s()
        if outcomes:
            self._faultpoints.reach("before_settle")
        self._unanswered_claim = self._unanswered_claim or ask > 0
        try:
            turn = await self._source.turn(
                [one[1] for one in outcomes], free_slots=ask, take_suspect=self._last_chance.free
            )
        except QueueUnavailable as error:
            self._outbox = outcomes + self._outbox
            await self._away(error)
            return
        except RedisError as error:
            await self._refused(outcomes, error)
            return
        self._link.answered()
        self._settled(outcomes, turn.accepted)
        if ask:
            self._unanswered_claim = False
            self._begin(turn.batch, ask=ask, sent_s=sent_s)

    async def _claimed_next(self, batch: ClaimBatch) -> None:
        """The claim that waited has been answered: its task runs where the answer came, without a detour."""
        executions = self._arrived(batch)
        self._news.set()
        if executions and self._runners is not None:
            await self._runners.run_here(executions)

    def _arrived(self, batch: ClaimBatch) -> list[Execution]:
        self._link.answered()
        self._unanswered_claim = False
        return self._take(batch, ask=1, sent_s=self._waiting_since_s)

    async def _withdraw(self, wakeup: Wakeup) -> None:
        """No more claims: what the one that waits has taken goes back with the rest."""
        try:
            batch = await wakeup.withdraw()
        except (QueueUnavailable, RedisError) as error:
            await self._away(error)
        else:
            for execution in self._arrived(batch):
                self._hand_back(execution)

    def _settled(self, outcomes: list[Outcome], accepted: Sequence[bool]) -> None:
        if not outcomes:
            return
        self._faultpoints.reach("after_settle")
        for (execution, _), kept in zip(outcomes, accepted, strict=True):
            self._forget(execution)
            if not kept:
                self._tally.refused()
                get_logger().warning("lease_lost", task=str(execution.task.id), during="settling")
        self._tally.settled([one for one, kept in zip(outcomes, accepted, strict=True) if kept])

    def _begin(self, batch: ClaimBatch, *, ask: int, sent_s: float) -> None:
        executions = self._take(batch, ask=ask, sent_s=sent_s)
        if executions and self._runners is not None:
            self._runners.start(executions)
        if self._wakeup is not None and self._occupied >= self._limits.slots:
            self._wakeup.disarm()

    def _take(self, batch: ClaimBatch, *, ask: int, sent_s: float) -> list[Execution]:
        """Answer for what a claim has brought; nothing runs yet."""
        tasks, due_ms = batch.tasks, batch.next_due_ms
        self._hungry = len(tasks) >= ask
        self._mind(draining=batch.draining)
        self._next_due_s = None if due_ms is None else due_ms / 1000
        if not tasks:
            return []
        self._faultpoints.reach("after_claim")
        self._tally.took(len(tasks))
        self._gate.claimed()
        lease_until_s = sent_s + self._limits.lease_s
        executions = [Execution(task, lease_until_s=lease_until_s) for task in tasks]
        for execution in executions:
            self._running.add(execution)
            self._last_chance.began(execution)
        self._occupied += len(executions)
        return executions

    def _mind(self, *, draining: bool) -> None:
        self._asked_s = self._clock.mono_s()
        if draining is not self.draining:
            get_logger().info("drain_mark", draining=draining)
        self.draining = draining

    def _ask_again(self) -> None:
        """A marked worker leaves the wake-ups to others: it asks now and then whether the mark is gone."""
        if self._clock.mono_s() >= self._asked_s + self._limits.safety_tick_s:
            self.wake()

    def _hand_back(self, execution: Execution) -> None:
        """Return a task that was not started."""
        execution.ended = True
        self._occupied -= 1
        task = execution.task
        self._outbox.append((execution, HandBack(task.id, task.lease, str(Cause.DRAINING))))

    def _ended(self, execution: Execution, settlement: Settlement | None, ran_s: float) -> None:
        """A runner is done with a task, or has given it up."""
        self._occupied -= 1
        self._tally.ran(ran_s)
        if settlement is None:
            self._tally.abandoned()
            self._forget(execution)
        else:
            self._outbox.append((execution, settlement))
        if isinstance(settlement, HandBack):
            self._gate.close(now_s=self._clock.mono_s(), delay_s=settlement.delay_ms / 1000)
        else:
            self._gate.passed()
        self._news.set()

    def _forget(self, execution: Execution) -> None:
        """Its outcome is known to the queue, or never will be."""
        self._running.remove(execution)
        if self._last_chance.ended(execution):
            self.wake()

    def _hand_back_unstarted(self) -> None:
        if not self._stopping.asked or self._runners is None:
            return
        for execution in self._runners.take_back():
            self._hand_back(execution)

    def _finished(self) -> bool:
        return self._stopping.asked and self._occupied == 0

    def _await_work(self, wakeup: Wakeup) -> None:
        if self._stopping.asked or self._occupied >= self._limits.slots:
            return
        if self._gate.opens_s(now_s=self._clock.mono_s()) is not None:
            return
        if self.draining:
            self._ask_again()
            return
        tick_s = self._limits.safety_tick_s
        wait_s = tick_s if self._next_due_s is None else min(tick_s, self._next_due_s)
        if wakeup.armed:
            return
        idle = len(self._running) == 0
        if idle and self._idle_claims is not None:
            # The lease of what is claimed at last counts from here.
            wait_s = min(wait_s, self._limits.lease_s * WAIT_PER_LEASE)
            self._waiting_since_s = self._clock.mono_s()
            self._unanswered_claim = True
        wakeup.arm(wait_s, idle=idle)

    async def _away(self, error: Exception) -> None:
        """Wait before asking again, but not past the end of a stop."""
        self._tally.metrics.redis_errors.inc()
        await self._stopping.pause(self._link.failed(error, roll=self._roll()))
        if self._stopping.given_up():
            self._tally.abandoned(len(self._outbox))
            for execution, _ in self._outbox:
                self._forget(execution)
            self._outbox.clear()
            self._unanswered_claim = False

    async def _refused(self, outcomes: list[Outcome], error: RedisError) -> None:
        """Redis calls a script's input wrong: find the damaged task, so that the others are settled."""
        get_logger().error("turn_refused", error=str(error), settlements=len(outcomes))
        if len(outcomes) <= 1:
            self._settled(outcomes, [False] * len(outcomes))
            await self._away(error)
            return
        for outcome in outcomes:
            try:
                turn = await self._source.turn([outcome[1]], free_slots=0)
            except QueueUnavailable:
                self._outbox.append(outcome)
            except RedisError as cause:
                get_logger().error(
                    "settlement_refused", task=str(outcome[0].task.id), error=str(cause)
                )
                self._settled([outcome], [False])
            else:
                self._settled([outcome], turn.accepted)

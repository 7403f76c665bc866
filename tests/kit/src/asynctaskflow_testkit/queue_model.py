"""What Redis ought to hold of one function's tasks: the queue's transitions, written once more in Python.

The scripts run as shipped but for one line: where they read Redis' clock they read the test's.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from asynctaskflow.model import keys
from asynctaskflow.model.task import TERMINAL, TRANSITIONS, TaskState
from asynctaskflow.store.connection import SyncRedis
from asynctaskflow.store.scripts import Script
from asynctaskflow.taskqueue import scripts
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.function_keys import function_keys

F = "echo"
CLOCK = f"{{{F}}}:clock"
T0 = 1_800_000_000_000
TIME = "local clock = call('TIME')"
TEST_TIME = (
    f"local test_ms = tonumber(call('GET', '{CLOCK}'))\n"
    "local clock = {math.floor(test_ms / 1000), test_ms % 1000 * 1000}"
)
UUIDS = [f"0189{n:04x}-0000-{4 + 3 * (n % 2)}000-8000-{n:012x}" for n in range(4)]
IDEMPOTENCY = [keys.idempotency(F, name) for name in ("a", "b")]
CLASSES = ["boom", "timeout"]
LOST_SAID = "lost # workers in a row while it ran"
ALIKE = {said: f" {said} in row #" for said in ("it broke", "it stood still")}
LEASE_MS, MAX_DELIVERIES, MAX_DEPTH = 1_000, 2, 3
PENDING, ACTIVE, SCHEDULED = TaskState.PENDING, TaskState.ACTIVE, TaskState.SCHEDULED
FAILED, DLQ, CANCELLED = TaskState.FAILED, TaskState.DLQ, TaskState.CANCELLED
COMPLETED = TaskState.COMPLETED


def virtual(script: Script) -> Script:
    assert TIME in script.source
    return Script(script.name, script.source.replace(TIME, TEST_TIME))


VIRTUAL = {one.name: virtual(one) for one in vars(scripts).values() if isinstance(one, Script)}


@dataclass
class Record:
    """What Redis ought to hold of a task; ``score`` is its place in the index of its state, ``ended`` is all tasks'."""

    state: TaskState
    score: int
    sha: str
    expires: int = 0
    attempt: int = 0
    failures: int = 0
    deliveries: int = 0
    lease: str = ""
    error: str = ""
    said: str = ""
    updated: int | None = None
    nonce: str = ""
    result: str = ""
    ended: "Counter[tuple[int, TaskState]]" = field(default_factory=Counter)

    def enter(self, state: TaskState, score: int, *, now: int) -> None:
        assert state in TRANSITIONS[self.state], (self.state, state)
        if state in TERMINAL:
            self.ended[now, state] += 1
        self.state, self.score, self.updated = state, score, now


class QueueModel(RuleBasedStateMachine):
    """One function; ``self.tasks`` and the two lists are what Redis ought to hold."""

    redis: SyncRedis

    @initialize(bounded=st.booleans())
    def start(self, bounded: bool) -> None:
        self.redis.flushall()
        self.now, self.number = T0, 0
        self.redis.set(CLOCK, self.now)
        self.tasks: dict[str, Record] = {}
        self.ended: Counter[tuple[int, TaskState]] = Counter()
        self.primary: list[str] = []
        self.retry: list[str] = []
        self.keys: dict[str, tuple[str, str]] = {}
        self.leases: list[tuple[str, str]] = [(UUIDS[0], "never-given")]
        self.claims: dict[str, tuple[str, list[str]]] = {}
        self.nonces: list[str] = ["x"]
        self.paused = False
        self.max_depth = MAX_DEPTH if bounded else 1_000
        self.redis.hset(keys.function(F), "max_depth", self.max_depth)

    def run(self, name: str, args: list[Any], *more: str) -> Any:
        return VIRTUAL[name].run_sync(self.redis, [*function_keys(F), *more], args)

    def alike(self, task: Record) -> str:
        """What a dead letter's fingerprint ought to be: the template is spelled here, not computed."""
        template = ALIKE.get(task.said, f" {task.said}")
        return hashlib.sha1(template.encode(), usedforsecurity=False).hexdigest()[:10]

    def fresh(self) -> str:
        self.number += 1
        return f"{self.number:016x}"

    def of(self, state: TaskState) -> list[str]:
        found = [uuid for uuid, one in self.tasks.items() if one.state is state]
        return sorted(found, key=lambda uuid: (self.tasks[uuid].score, uuid))

    def stored(
        self, uuid: str, sha: str, delay: int, age: int, key: str | None
    ) -> tuple[int, str, str]:
        known, fingerprint = self.keys.get(key or "", ("", ""))
        if known in self.tasks:
            code = Code.REPLAYED if fingerprint == sha else Code.CONFLICT
            return code, known, self.tasks[known].state
        if uuid in self.tasks:
            found = self.tasks[uuid]
            return Code.REPLAYED if found.sha == sha else Code.CONFLICT, uuid, found.state
        if len(self.of(PENDING)) + len(self.of(SCHEDULED)) >= self.max_depth:
            return Code.FULL, uuid, ""
        if key:
            self.keys[key] = (uuid, sha)
        state = SCHEDULED if delay else PENDING
        self.tasks[uuid] = Record(state, self.now + delay, sha, ended=self.ended)
        if age:
            self.tasks[uuid].expires = self.now + delay + age
        return Code.CREATED, uuid, state

    def promote(self) -> None:
        for uuid in self.of(SCHEDULED):
            task = self.tasks[uuid]
            if task.score <= self.now:
                task.enter(PENDING, self.now, now=self.now)
                (self.retry if task.failures else self.primary).append(uuid)

    def expire(self, uuid: str) -> bool:
        task = self.tasks[uuid]
        if not task.expires or task.expires > self.now:
            return False
        task.enter(FAILED, self.now, now=self.now)
        task.error = "expired"
        return True

    def choose(
        self, queue: list[str], count: int, chosen: list[str], suspects: int
    ) -> tuple[list[str], int]:
        """(what stays of the list, suspects that may still be taken)."""
        kept: list[str] = []
        wanted = len(chosen) + count
        while queue and len(chosen) < wanted:
            uuid, queue = queue[0], queue[1:]
            task = self.tasks.get(uuid)
            if task is None or task.state is not PENDING or uuid in chosen or self.expire(uuid):
                continue
            suspect = task.deliveries >= MAX_DELIVERIES - 1
            if suspect and not suspects:
                kept.append(uuid)
                continue
            chosen.append(uuid)
            suspects -= suspect
        return kept + queue, suspects

    def take(
        self, worker: str, nonce: str, n: int, preferred: int, suspects: int, chosen: list[str]
    ) -> None:
        self.promote()
        if self.retry:
            self.retry, suspects = self.choose(self.retry, preferred, chosen, suspects)
            self.primary, suspects = self.choose(self.primary, n - len(chosen), chosen, suspects)
            self.retry, _ = self.choose(self.retry, n - len(chosen), chosen, suspects)
        else:
            self.primary, _ = self.choose(self.primary, n, chosen, suspects)
        for uuid in chosen:
            task = self.tasks[uuid]
            task.enter(ACTIVE, self.now + LEASE_MS, now=self.now)
            task.lease, task.attempt, task.deliveries = nonce, task.attempt + 1, task.deliveries + 1
            self.leases.append((uuid, nonce))
        if chosen:
            self.claims[worker] = (nonce, list(chosen))

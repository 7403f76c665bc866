"""The queue's scripts against a model: any order of calls, repeats, late writers, a clock that also steps back.

The scripts run as shipped but for one line: where they read Redis' clock they read the test's.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from asynctaskflow.model import keys
from asynctaskflow.model.ended import GRAINS, LETTERS, STEPS_EACH
from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow.store.connection import RedisOptions, SyncRedis, open_sync
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow_testkit.queue_model import (
    ACTIVE,
    ALIKE,
    CANCELLED,
    CLASSES,
    CLOCK,
    COMPLETED,
    DLQ,
    FAILED,
    IDEMPOTENCY,
    LEASE_MS,
    LOST_SAID,
    MAX_DELIVERIES,
    PENDING,
    SCHEDULED,
    UUIDS,
    F,
    QueueModel,
)
from asynctaskflow_testkit.servers import RedisServer

EXAMPLES = 300  # with sixty, four mutants of four survived
ALIKE_SAID = sorted(ALIKE)
which = st.sampled_from(UUIDS)
some = st.lists(which, min_size=1, max_size=3)
waits = st.sampled_from([0, 0, 0, 400, 5_000])


class Comparison(QueueModel):
    """Every transition as a rule, and what must hold between them."""

    @rule(ms=st.sampled_from([1, 40, 500, 1_001, 6_000, -1, -300, -3_600_000]))
    def pass_time(self, ms: int) -> None:
        self.now += ms
        self.redis.set(CLOCK, self.now)

    @rule(
        uuids=some,
        sha=st.sampled_from("AAB"),
        delay=waits,
        age=waits,
        key=st.sampled_from([None, None, *IDEMPOTENCY]),
    )
    def enqueue(self, uuids: list[str], sha: str, delay: int, age: int, key: str | None) -> None:
        args: list[Any] = [3_600_000]
        keyed = bool(key)
        options = {"delay": delay, "max_age": age, "keyed": keyed, "fields": []}
        for _ in uuids:
            args += [sha * 3, sha, orjson.dumps(options) if delay or age or keyed else ""]
        more = [keys.task(F, uuid) for uuid in uuids] + [key or ""] * len(uuids) * keyed
        answers = self.run("enqueue", args, *more)
        expected = [self.stored(uuid, sha, delay, age, key) for uuid in uuids]
        assert [
            _answer(uuid, answer) for uuid, answer in zip(uuids, answers, strict=True)
        ] == expected
        self.primary += [uuid for code, uuid, state in expected if (code, state) == (1, PENDING)]

    @rule(
        worker=st.sampled_from(["one", "two"]),
        n=st.integers(1, 4),
        preferred=st.integers(0, 4),
        suspects=st.integers(0, 1),
        again=st.booleans(),
    )
    def claim(self, worker: str, n: int, preferred: int, suspects: int, *, again: bool) -> None:
        nonce, known = self.claims.get(worker, ("", []))
        again = again and bool(nonce)
        nonce = nonce if again else self.fresh()
        args = [worker, nonce, n, LEASE_MS, min(preferred, n), MAX_DELIVERIES - 1, suspects]
        flags, due, depth, *rows = self.run("claim", args)
        chosen: list[str] = []
        if again:
            mine = [uuid for uuid in known if uuid in self.tasks]
            chosen = [
                u for u in mine if (self.tasks[u].lease, self.tasks[u].state) == (nonce, ACTIVE)
            ]
        elif not self.paused:
            self.take(worker, nonce, n, min(preferred, n), suspects, chosen)
        assert [row[0].decode() for row in rows] == chosen
        for row in rows:
            task = self.tasks[row[0].decode()]
            assert row[1:4] == [task.attempt, task.failures, task.deliveries]
            assert row[6] == task.sha.encode() * 3
        assert (flags, depth) == (int(self.paused) + 2 * again, len(self.retry))
        assert (due == -1) == (not self.of(SCHEDULED))

    def holder(self, data: st.DataObject) -> tuple[str, str, str, Code]:
        """(uuid, lease, task key, the answer that a settlement under this lease gets)."""
        uuid, lease = data.draw(st.sampled_from(self.leases[-4:]))
        task = self.tasks.get(uuid)
        if task is None or task.lease != lease:
            return uuid, lease, keys.task(F, uuid), Code.LOST
        code = Code.OK if task.state is ACTIVE else Code.ALREADY
        return uuid, lease, keys.task(F, uuid), code

    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        uuid, lease, key, code = self.holder(data)
        result = self.fresh()
        args = [uuid, lease, result, "sha", ""]
        assert self.run("settle_completed", args, key, key + ":result") == [code]
        if code == Code.OK:
            task = self.tasks[uuid]
            task.enter(COMPLETED, self.now, now=self.now)
            task.error, task.result = "", result

    @rule(
        data=st.data(),
        to=st.sampled_from([SCHEDULED, DLQ, FAILED]),
        name=st.sampled_from(CLASSES),
        said=st.sampled_from(ALIKE_SAID),
        delay=waits,
    )
    def fail(self, data: st.DataObject, to: TaskState, name: str, said: str, delay: int) -> None:
        uuid, lease, key, code = self.holder(data)
        message = f"{said} in row {self.fresh()}"
        assert self.run("settle_failed", [uuid, lease, to, name, message, delay], key) == [code]
        if code == Code.OK:
            task = self.tasks[uuid]
            task.enter(to, self.now + (delay if to is SCHEDULED else 0), now=self.now)
            task.error, task.failures, task.deliveries = name, task.failures + 1, 0
            task.said = said

    @rule(data=st.data(), delay=waits)
    def hand_back(self, data: st.DataObject, delay: int) -> None:
        uuid, lease, key, code = self.holder(data)
        assert self.run("hand_back", [uuid, lease, "later", delay], key) == [code]
        if code == Code.OK:
            task = self.tasks[uuid]
            task.enter(SCHEDULED if delay else PENDING, self.now + delay, now=self.now)
            task.attempt, task.deliveries = task.attempt - 1, task.deliveries - 1
            if not delay:
                (self.retry if task.failures else self.primary).insert(0, uuid)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        uuid, lease, _, code = self.holder(data)
        more = [keys.worker(F, "one"), keys.workers(F)]
        _, *lost = self.run("renew", ["one", LEASE_MS, 60_000, 0, uuid, lease], *more)
        assert lost == ([] if code == Code.OK else [uuid.encode()])
        if code == Code.OK:
            self.tasks[uuid].score = self.now + LEASE_MS

    @rule(data=st.data())
    def progress(self, data: st.DataObject) -> None:
        uuid, lease, key, code = self.holder(data)
        said = self.run("progress", [uuid, lease, 0.5, "half a b\nc"], key)
        assert said == (Code.OK if code == Code.OK else Code.LOST)

    @rule()
    def reap(self) -> None:
        again = dead = expired = 0
        for uuid in self.of(ACTIVE):
            task = self.tasks[uuid]
            if task.score > self.now:
                continue
            task.lease = ""
            if task.deliveries >= MAX_DELIVERIES:
                task.enter(DLQ, self.now, now=self.now)
                task.error, task.said, dead = "worker_lost", LOST_SAID, dead + 1
            else:
                task.enter(PENDING, self.now, now=self.now)
                self.retry.insert(0, uuid)
                again += 1
        for uuid in self.of(PENDING)[:10]:
            expired += self.expire(uuid)
        self.promote()
        assert self.run("reap_expired", [MAX_DELIVERIES]) == [again, dead, expired]

    @rule(uuid=which, again=st.booleans())
    def cancel(self, uuid: str, *, again: bool) -> None:
        nonce = self.nonces[-1] if again else self.fresh()
        self.nonces.append(nonce)
        code, state = self.run("cancel", [uuid, nonce, "because"])
        task = self.tasks.get(uuid)
        if task is None:
            expected = (Code.MISSING, "")
        elif task.nonce == nonce:
            expected = (Code.ALREADY, task.state)
        elif task.state in TERMINAL:
            expected = (Code.REFUSED, task.state)
        else:
            expected = (Code.OK, task.state)
            task.enter(CANCELLED, self.now, now=self.now)
            task.lease, task.nonce, task.error = "", nonce, ""
        assert (code, state.decode()) == expected

    @rule(uuids=some, forget=st.booleans(), again=st.booleans())
    def redrive(self, uuids: list[str], *, forget: bool, again: bool) -> None:
        nonce = self.nonces[-1] if again else self.fresh()
        self.nonces.append(nonce)
        codes = self.run("redrive", [nonce, int(forget), *uuids])
        assert codes == [self.redriven(uuid, nonce, forget=forget) for uuid in uuids]

    def redriven(self, uuid: str, nonce: str, *, forget: bool) -> Code:
        task = self.tasks.get(uuid)
        if task is None:
            return Code.MISSING
        if task.nonce == nonce:
            return Code.ALREADY
        if task.state not in (DLQ, FAILED):
            return Code.REFUSED
        task.enter(PENDING, self.now, now=self.now)
        task.expires, task.deliveries, task.lease, task.nonce = 0, 0, "", nonce
        task.failures = 0 if forget else task.failures
        self.retry.append(uuid)
        return Code.OK

    @rule(uuid=which)
    def delete(self, uuid: str) -> None:
        code, state, *_ = self.run("delete", [uuid])
        task = self.tasks.pop(uuid, None)
        assert (code, state.decode()) == ((Code.OK, task.state) if task else (Code.MISSING, ""))

    @rule(
        state=st.sampled_from([COMPLETED, FAILED, DLQ, CANCELLED]),
        ttl=st.sampled_from([300, 3_600_000]),
        keep=st.sampled_from([0, 1, 2]),
    )
    def purge(self, state: TaskState, ttl: int, keep: int) -> None:
        ended = self.of(state)
        doomed = [uuid for uuid in ended if self.tasks[uuid].score <= self.now - ttl]
        if not doomed and keep:
            doomed = ended[: max(0, len(ended) - keep)]
        assert self.run("purge_expired", [state, ttl, keep]) == [len(doomed)]
        for uuid in doomed:
            del self.tasks[uuid]

    @rule()
    def ask_while_paused(self) -> None:
        self.pause_or_resume()
        self.claim("one", 4, 4, 1, again=False)
        self.pause_or_resume()

    def pause_or_resume(self) -> None:
        self.paused = not self.paused
        assert self.run("pause", [int(self.paused)]) == Code.OK
        assert self.run("pause", [int(self.paused)]) == Code.ALREADY

    @rule(uuid=which, data=st.data(), name=st.sampled_from(CLASSES))
    def work(self, uuid: str, data: st.DataObject, name: str) -> None:
        """The common beginning of what is rare: a task that has failed once and runs again."""
        self.enqueue([uuid], "A", 0, 0, None)
        self.claim("one", 4, 4, 1, again=False)
        self.fail(data, SCHEDULED, name, "it broke", 400)
        self.pass_time(500)
        self.claim("two", 4, 4, 1, again=False)

    @rule(
        uuid=which, data=st.data(), name=st.sampled_from(CLASSES), said=st.sampled_from(ALIKE_SAID)
    )
    def bury(self, uuid: str, data: st.DataObject, name: str, said: str) -> None:
        """The common beginning of what is rare with dead letters."""
        self.enqueue([uuid], "A", 0, 0, None)
        self.claim("one", 4, 4, 1, again=False)
        self.fail(data, DLQ, name, said, 0)

    @rule()
    def requeue(self) -> None:
        pending = self.of(PENDING)
        assert self.run("requeue", pending) == 0, "every PENDING task stands in a list"

    @invariant()
    def lists_agree(self) -> None:
        if not hasattr(self, "primary"):
            return
        for key, queue in ((keys.primary(F), self.primary), (keys.retry(F), self.retry)):
            assert [uuid.decode() for uuid in self.redis.lrange(key, 0, -1)] == queue

    @invariant()
    def each_task_stands_in_one_index(self) -> None:
        if not hasattr(self, "tasks"):
            return
        for state in TaskState:
            found = self.redis.zrange(keys.state_index(F, state), 0, -1, withscores=True)
            expected = {uuid: float(self.tasks[uuid].score) for uuid in self.of(state)}
            assert {uuid.decode(): score for uuid, score in found} == expected, state
        everything = self.redis.zrange(keys.all_index(F), 0, -1)
        assert {uuid.decode() for uuid in everything} == set(self.tasks)
        foreign = {uuid.decode() for uuid in self.redis.zrange(keys.foreign_ids(F), 0, -1)}
        assert foreign == {uuid for uuid in self.tasks if uuid[14] != "7"}

    @invariant()
    def records_agree(self) -> None:
        if not hasattr(self, "tasks"):
            return
        for uuid in UUIDS:
            stored = self.redis.hgetall(keys.task(F, uuid))
            task = self.tasks.get(uuid)
            if task is None:
                names = (keys.task(F, uuid), keys.task_input(F, uuid), keys.task_result(F, uuid))
                assert not self.redis.exists(*names)
                continue
            told = {name.decode(): value.decode() for name, value in stored.items()}
            numbers = [int(told.get(name, 0)) for name in ("attempt", "failures", "deliveries")]
            assert numbers == [task.attempt, task.failures, task.deliveries]
            assert min(numbers) >= 0
            assert (told["state"], told.get("lease", "")) == (task.state, task.lease)
            assert (self.redis.get(keys.task_result(F, uuid)) or b"").decode() == task.result

    @invariant()
    def each_end_was_counted_once_in_each_grain(self) -> None:
        if not hasattr(self, "tasks"):
            return
        for grain in GRAINS:
            expected: Counter[tuple[str, str]] = Counter()
            for (at, state), count in self.ended.items():
                number, step = divmod(at // grain.step_ms, STEPS_EACH)
                expected[keys.ended(F, grain, number), f"{step}{LETTERS[state]}"] += count
            found = {
                (key.decode(), name.decode()): int(count)
                for key in self.redis.keys(f"tasks:ended:{{{F}}}:{grain.name}:*")
                for name, count in self.redis.hgetall(key).items()
            }
            assert found == expected

    @invariant()
    def the_index_of_errors_names_who_holds_one_and_dead_letters_twice(self) -> None:
        if not hasattr(self, "tasks"):
            return
        found = [one.decode() for one in self.redis.zrange(keys.errors(F), 0, -1)]
        expected = []
        for uuid, one in self.tasks.items():
            if not one.error or one.state not in (SCHEDULED, FAILED, DLQ):
                continue
            names = [one.error]
            if one.state is DLQ:
                names.append(f"{one.error}/{self.alike(one)}")
            expected += [f"{one.state}:{name}:{one.updated:014d}:{uuid}" for name in names]
        assert sorted(found) == sorted(expected)

    @invariant()
    def only_dead_letters_have_a_fingerprint(self) -> None:
        if not hasattr(self, "tasks"):
            return
        for uuid, one in self.tasks.items():
            stored = self.redis.hget(keys.task(F, uuid), "fingerprint") or b""
            assert stored.decode() == (self.alike(one) if one.state is DLQ else "")


def _answer(uuid: str, answer: Any) -> tuple[int, str, str]:
    """A new PENDING task is answered by its code alone."""
    if answer == Code.CREATED:
        return Code.CREATED, uuid, PENDING
    code, found, state = answer
    return code, found.decode(), state.decode()


@pytest.fixture
def redis_of(server: RedisServer) -> Iterator[SyncRedis]:
    client = open_sync(RedisOptions(server.url))
    yield client
    client.close()


def test_the_scripts_do_what_the_model_does(redis_of: SyncRedis) -> None:
    machine = type("Machine", (Comparison,), {"redis": redis_of})
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=quiet,
        ),
    )

"""Fast checks of one promise each, run in a process of its own: ``python -m asynctaskflow_testkit.drills NAME URL``.

They exist for the mutants (see ``mutation``): the process runs with a broken copy of the core in front, and
must end with exit code 1 and the law that was broken. On the sound core each ends with 0.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from secrets import token_hex

from redis import Redis

from asynctaskflow.dependencies.messages import Ask, Code
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec, RateLimit
from asynctaskflow.model.task import TaskState
from asynctaskflow.resilience.breaker import Report
from asynctaskflow.taskqueue.messages import Fail, HandBack, NewTask
from asynctaskflow_testkit.bounds import insist_on_limit, insist_on_probes
from asynctaskflow_testkit.drill import LEASE_MS, MAX_DELIVERIES, SOON_S, Drill
from asynctaskflow_testkit.ledger import Ledger
from asynctaskflow_testkit.processes import Fleet
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.traffic import consuming
from asynctaskflow_testkit.waiting import eventually

MAX_ATTEMPTS = 3


async def stale_write(drill: Drill) -> None:
    """A worker whose lease was given to another one writes its result while the other one still runs."""
    await drill.enqueue()
    drill.ledger.fault("freeze", worker="zombie")
    zombie = await drill.claim("zombie", lease_ms=1)
    await drill.reap()
    heir = await drill.claim("heir")
    accepted = await drill.complete(zombie, "zombie")
    drill.stale_rejected = int(not accepted)
    await drill.complete(heir, "heir")
    drill.judge()


async def stale_failure(drill: Drill) -> None:
    """The same for a failure."""
    await drill.enqueue()
    drill.ledger.fault("freeze", worker="zombie")
    zombie = await drill.claim("zombie", lease_ms=1)
    await drill.reap()
    heir = await drill.claim("heir")
    accepted = await drill.settle(Fail(zombie.id, zombie.lease, TaskState.DLQ, "late", "late"))
    drill.stale_rejected = int(not accepted)
    await drill.complete(heir, "heir")
    drill.judge()


async def crash(drill: Drill) -> None:
    """A worker dies with a task; the others take it back by themselves."""
    await drill.enqueue(3)
    drill.ledger.fault("kill", worker="dead")
    await drill.claim("dead", lease_ms=LEASE_MS)
    async with consuming([drill.consumer("alive")]):
        await drill.drained()
    drill.judge()


async def renewal(drill: Drill) -> None:
    """A worker runs one task for several leases and renews; nobody else may get it."""
    await drill.enqueue()
    keeper = drill.q.keeper("busy", lease_ms=LEASE_MS)
    task = await drill.claim("busy", lease_ms=LEASE_MS)
    loop = asyncio.get_running_loop()
    until_s = loop.time() + 4 * LEASE_MS / 1000

    async def renewed_long_enough() -> bool:
        lost = keeper.renew({}, [(task.id.uuid, task.lease)])
        await drill.queue.reap(FUNCTION, max_deliveries=MAX_DELIVERIES)
        return bool(lost) or loop.time() >= until_s

    await eventually(renewed_long_enough, SOON_S)
    await drill.complete(task, "busy")
    drill.judge()


async def poison(drill: Drill) -> None:
    """A task takes down every worker that runs it."""
    await drill.enqueue()
    for number in range(MAX_DELIVERIES + 1):
        worker = f"victim-{number}"
        drill.ledger.fault("kill", worker=worker)
        try:
            await drill.claim(worker, lease_ms=1)
        except AssertionError:
            break
        await drill.reap()
    drill.judge()


async def retries(drill: Drill) -> None:
    """A task fails until its budget is used up, as the worker counts it: by ``failures``."""
    await drill.enqueue()
    for _ in range(MAX_ATTEMPTS + 1):
        try:
            task = await drill.claim("w")
        except AssertionError:
            break
        exhausted = task.failures + 1 >= MAX_ATTEMPTS
        await drill.settle(
            Fail(task.id, task.lease, TaskState.DLQ, "boom", "boom")
            if exhausted
            else Fail(task.id, task.lease, TaskState.SCHEDULED, "boom", "boom", 1)
        )
    drill.judge()


async def repeats_by_id(drill: Drill) -> None:
    """A submitter that got no answer sends its task again while it runs."""
    uuid = "01900000-0000-7000-8000-00000000000a"
    await drill.enqueue(uuid=uuid)
    first = await drill.claim("w")
    await drill.enqueue(uuid=uuid)
    async with consuming([drill.consumer("other")]):
        await drill.settled_by_others()
        await drill.complete(first, "w")
        await drill.drained()
    drill.judge()


async def repeats_by_key(drill: Drill) -> None:
    """The same idempotency key twice is one task."""
    first = await drill.enqueue(idempotency_key="k")
    again = await drill.enqueue(idempotency_key="k")
    assert first == again, "I6  the idempotency key stands for two tasks"


async def redrive(drill: Drill) -> None:
    """A dead-lettered task is redriven and completes."""
    await drill.enqueue()
    task = await drill.claim("w")
    await drill.settle(Fail(task.id, task.lease, TaskState.DLQ, "boom", "boom"))
    await drill.queue.redrive(task.id)
    await drill.complete(await drill.claim("w"), "w")
    drill.judge()


async def purge(drill: Drill) -> None:
    """Old finished tasks are deleted while others wait and run."""
    await drill.enqueue(3)
    await drill.complete(await drill.claim("w"), "w")
    running = await drill.claim("w")
    await drill.queue.purge(FUNCTION, ttl_ms={TaskState.COMPLETED: 0}, keep={})
    await drill.complete(running, "w")
    async with consuming([drill.consumer("other")]):
        await drill.drained()
    drill.judge()


async def hand_back(drill: Drill) -> None:
    """A worker returns a task because it leaves."""
    await drill.enqueue()
    task = await drill.claim("leaving")
    await drill.settle(HandBack(task.id, task.lease, "draining"))
    again = await drill.claim("staying")
    await drill.complete(again, "staying")
    drill.judge()
    assert again.attempt == 1, "I5  a hand-back has burned an attempt"


async def heartbeat(drill: Drill) -> None:
    """A real worker runs one task for three leases beside an idle one."""
    env = {
        "ATF_REDIS_URL": drill.url,
        "ATF_LEASE_S": "0.6",
        "ATF_HEARTBEAT_S": "0.15",
        "ATF_REAPER_TICK_S": "0.1",
        "TESTKIT_LEDGER": str(drill.ledger.path),
    }
    with Fleet(drill.ledger.path.parent, env=env) as fleet:
        for name in ("busy", "idle"):
            fleet.start_worker("asynctaskflow_testkit.handlers:sleep", name)
        accepted = await drill.queue.enqueue(NewTask("sleep", b'{"seconds": 1.8}'))
        drill.ledger.submitted(accepted.id)
        await drill.drained("sleep", within_s=15)
    drill.judge("sleep")


async def limiter(drill: Drill) -> None:
    """Twenty askers at one bucket for more than a second."""
    dependencies = RedisDependencies(drill.q.client)
    limit = RateLimit(requests=20, interval_seconds=1, capacity=5)
    await dependencies.register("service", DependencySpec(rate_limit=limit, max_wait_seconds=0))
    loop = asyncio.get_running_loop()
    until_s = loop.time() + 1.2
    grants_s: list[float] = []

    async def ask() -> None:
        while loop.time() < until_s:
            answer = await dependencies.admit("service", Ask(token_hex(8), longest_ms=0))
            if answer.code is Code.GRANTED:
                grants_s.append(loop.time())

    await asyncio.gather(*(ask() for _ in range(20)))
    insist_on_limit(grants_s, capacity=5, rate_per_s=20, delay_s=0.1)


async def half_open(drill: Drill) -> None:
    """Twenty askers wait for an open breaker that allows two probes."""
    dependencies = RedisDependencies(drill.q.client)
    policy = BreakerPolicy(min_calls=1, open_seconds=0.05, half_open_probes=2)
    await dependencies.register("service", DependencySpec(breaker=policy))
    first = Ask(token_hex(8))
    await dependencies.admit("service", first)
    await dependencies.report("service", first, Report.FAULT)

    async def is_probing_time() -> bool:
        state = await dependencies.state("service")
        return state.breaker.next_attempt_ms <= state.now_ms

    await eventually(is_probing_time, SOON_S)
    answers = await asyncio.gather(
        *(dependencies.admit("service", Ask(token_hex(8))) for _ in range(20))
    )
    insist_on_probes([sum(one.code is Code.GRANTED for one in answers)], allowed=2)


async def wake_up(drill: Drill) -> None:
    """An idle worker blocks on Redis until a task comes."""
    worker = drill.q.worker()
    await worker.turn([], free_slots=1)
    await drill.enqueue()
    woken = await worker.wait_for_work(timeout_s=1)
    assert woken, "I1  a waiting worker was not woken"


DRILLS: dict[str, Callable[[Drill], Awaitable[None]]] = {
    drill.__name__: drill
    for drill in (
        stale_write,
        stale_failure,
        crash,
        renewal,
        poison,
        retries,
        repeats_by_id,
        repeats_by_key,
        heartbeat,
        redrive,
        purge,
        hand_back,
        limiter,
        half_open,
        wake_up,
    )
}


async def run(name: str, url: str) -> None:
    """One drill on an empty server.

    Raises:
        AssertionError: the core breaks a law.
    """
    admin = Redis.from_url(url, decode_responses=True)
    admin.flushall()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger")
        try:
            async with open_queue(url) as under_test:
                drill = Drill(url, under_test=under_test, ledger=ledger, admin=admin)
                await DRILLS[name](drill)
        finally:
            ledger.close()
            admin.close()


def main() -> None:
    """Exit code 0: the promise holds; 1: it does not, with the reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("url")
    options = parser.parse_args()
    try:
        asyncio.run(run(options.name, options.url))
    except AssertionError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()

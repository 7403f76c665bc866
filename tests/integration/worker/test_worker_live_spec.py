"""A changed spec reaches running workers: what they take over, what they say they cannot, and whose word counts."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynctaskflow.model.function import (
    Concurrency,
    FunctionSpec,
    QueueLimits,
    RetryPolicy,
    Timeouts,
)
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually
from asynctaskflow_testkit.worker_process import StartWorker, worker_starter

HANDLERS = Path(__file__).with_name("worker_handlers.py")

HANDLER = "worker_handlers:waits"
BASE = FunctionSpec(
    handler=HANDLER,
    concurrency=Concurrency(slots_per_worker=1),
    timeouts=Timeouts(lease_seconds=1.5, grace_seconds=1),
)
QUICK = {"ATF_REAPER_TICK_S": "0.2", "ATF_UNWIND_S": "0.3", "ATF_LOG_FORMAT": "json"}


@pytest.fixture
def start_plain(server: RedisServer, tmp_path: Path) -> Iterator[StartWorker]:
    """Workers whose environment says nothing about what a spec says."""
    env = {"ATF_REDIS_URL": server.url, **QUICK}
    with worker_starter(env, handlers=HANDLERS, logs=tmp_path) as started:
        yield started


async def listed(queue):
    (info,) = await queue.queue.workers("waits")
    return info


async def now_ms(queue):
    seconds, micros = await queue.client.time()
    return seconds * 1000 + micros // 1000


async def began(start, queue, **settings):
    await queue.queue.register("waits", BASE)
    return await start("waits", **settings).running()


async def test_more_slots_run_more_tasks_at_once_without_a_restart(start_plain, queue, submit):
    worker = await began(start_plain, queue)
    for _ in range(3):
        await submit("waits", seconds=60)
    await submit.started()

    more = Concurrency(slots_per_worker=3)
    await queue.queue.register("waits", BASE.model_copy(update={"concurrency": more}))

    async def all_run() -> bool:
        info = await listed(queue)
        return (info.slots, info.active) == (3, 3)

    await eventually(all_run, 5)
    assert worker.metric("worker_slots") == 3
    assert [event["changes"] for event in worker.events("spec_changed")] == [
        ["concurrency.slots_per_worker"]
    ]


async def test_a_longer_lease_is_kept_from_the_first_renewal_on(start_plain, queue, submit):
    worker = await began(start_plain, queue, slots=2)
    task_id = await submit("waits", seconds=60)
    await submit.started()

    longer = BASE.timeouts.model_copy(update={"lease_seconds": 600.0})
    await queue.queue.register("waits", BASE.model_copy(update={"timeouts": longer}))

    async def renewed() -> bool:
        found = await queue.queue.get(task_id)
        seconds, _ = await queue.client.time()
        return found.lease_ms / 1000 > seconds + 500

    await eventually(renewed, 10)
    await submit("waits", seconds=0)

    async def later_one_is_done() -> bool:
        return (await listed(queue)).completed == 1

    await eventually(later_one_is_done, 10)
    assert not worker.events("lease_lost")
    assert (await queue.queue.get(task_id)).deliveries == 1


async def test_a_shorter_lease_loses_no_task(start_plain, queue, submit):
    spec = BASE.model_copy(update={"timeouts": Timeouts(lease_seconds=4.5)})
    await queue.queue.register("waits", spec)
    worker = await start_plain("waits").running()
    task_id = await submit("waits", seconds=5)
    await submit.started()

    short = Timeouts(lease_seconds=1.2)
    await queue.queue.register("waits", BASE.model_copy(update={"timeouts": short}))
    await eventually(lambda: worker.events("spec_changed"), 5)

    async def done() -> bool:
        return (await queue.queue.get(task_id)).state == "COMPLETED"

    await eventually(done, 10)
    found = await queue.queue.get(task_id)
    assert (found.attempt, found.deliveries) == (1, 1)


async def test_time_limit_and_retries_hold_for_the_next_attempt(start_plain, queue, submit):
    worker = await began(start_plain, queue)
    changed = BASE.model_copy(
        update={
            "timeouts": BASE.timeouts.model_copy(update={"attempt_seconds": 0.3}),
            "retry": RetryPolicy(max_attempts=1),
            "queue": QueueLimits(max_deliveries=5),
        }
    )
    await queue.queue.register("waits", changed)
    await eventually(lambda: worker.events("spec_changed"), 5)

    task_id = await submit("waits", seconds=60)

    async def dead() -> bool:
        return (await queue.queue.get(task_id)).state == "DLQ"

    await eventually(dead, 5)
    assert (await queue.queue.get(task_id)).error_class == "timeout"


async def test_a_changed_grace_counts_at_the_next_stop(start_plain, queue, submit):
    worker = await began(start_plain, queue)
    longer = BASE.timeouts.model_copy(update={"grace_seconds": 60.0})
    await queue.queue.register("waits", BASE.model_copy(update={"timeouts": longer}))
    await eventually(lambda: worker.events("spec_changed"), 5)
    task_id = await submit("waits", seconds=2)
    await submit.started()

    worker.signal(signal.SIGTERM)

    assert await worker.exit_code() == 0
    assert (await queue.queue.get(task_id)).state == "COMPLETED"


async def test_what_needs_a_new_process_is_said_once(start_plain, queue, submit):
    worker = await began(start_plain, queue)
    other = BASE.model_copy(
        update={"handler": "elsewhere:waits", "concurrency": Concurrency(isolation="process")}
    )
    await queue.queue.register("waits", other)
    await eventually(lambda: worker.events("spec_needs_restart"), 5)
    await queue.queue.register("waits", other.model_copy(update={"description": "again"}))
    more = Concurrency(isolation="process", slots_per_worker=2)
    await queue.queue.register("waits", other.model_copy(update={"concurrency": more}))

    async def reached() -> bool:
        return (await listed(queue)).slots == 2

    await eventually(reached, 5)
    assert [event["changes"] for event in worker.events("spec_needs_restart")] == [
        ["handler", "concurrency.isolation"]
    ]


async def test_the_environment_and_a_manifest_still_win(start_plain, queue, submit, tmp_path):
    manifest = tmp_path / "function.yaml"
    manifest.write_text(
        "apiVersion: asynctaskflow.dev/v1alpha1\nkind: Function\nmetadata: {name: waits}\n"
        f"spec: {{handler: '{HANDLER}', concurrency: {{slotsPerWorker: 7}}, "
        "timeouts: {leaseSeconds: 1.5}}\n"
    )
    await queue.queue.register("waits", BASE)
    await start_plain("waits", slots=5, worker_id="environment").running()
    own = await start_plain("waits", manifest=manifest, worker_id="manifest").running()
    bare = await start_plain("waits", worker_id="bare").running()

    more = Concurrency(slots_per_worker=3)
    await queue.queue.register("waits", BASE.model_copy(update={"concurrency": more}))
    await eventually(lambda: bare.events("spec_changed"), 5)
    changed_ms = await now_ms(queue)

    async def heard_since() -> dict[str, int]:
        infos = await queue.queue.workers("waits")
        now = await now_ms(queue)
        assert all(now - info.age_ms > changed_ms + 1000 for info in infos)
        return {info.id: info.slots for info in infos}

    assert await eventually(heard_since, 10) == {"environment": 5, "manifest": 7, "bare": 3}
    assert not own.events("spec_changed")


async def test_a_spec_that_cannot_be_read_changes_nothing(start_plain, queue, submit):
    worker = await began(start_plain, queue)
    two = BASE.model_copy(update={"concurrency": Concurrency(slots_per_worker=2)})
    await queue.queue.register("waits", two)
    await eventually(lambda: worker.events("spec_changed"), 5)
    bad = {"spec": '{"handler": "no colon"}', "revision": "from-the-future"}
    await queue.client.hset("function:{waits}", mapping=bad)

    await eventually(lambda: worker.events("spec_refused"), 5)
    await submit("waits", seconds=0)

    async def done() -> bool:
        return (await listed(queue)).completed == 1

    await eventually(done, 5)
    assert len(worker.events("spec_refused")) == 1


async def test_a_paused_function_is_not_worked_on_by_running_workers(start_plain, queue, submit):
    await began(start_plain, queue)
    await queue.queue.pause("waits")
    task_id = await submit("waits", seconds=0)
    await queue.queue.resume("waits")

    async def done() -> bool:
        return (await queue.queue.get(task_id)).state == "COMPLETED"

    await eventually(done, 5)

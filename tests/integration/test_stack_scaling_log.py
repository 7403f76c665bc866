"""What the local stack tells of its scaling: to Prometheus, to probes, and to whoever asks the API later."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx2
import pytest

from asynctaskflow.scaling import Candidate, DecisionRecord, LoadSample
from asynctaskflow.scaling.record import KEPT
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.scaling_log import RedisScalingLog
from asynctaskflow_cli.stack.stack import Stack
from asynctaskflow_testkit.local_stack import stack_of
from asynctaskflow_testkit.waiting import eventually

Up = Callable[[str], AbstractAsyncContextManager[Stack]]
RECORD = DecisionRecord(
    at_ms=5,
    previous=0,
    replicas=2,
    ready=0,
    reason="0 -> 2 workers: 7 waiting",
    limited_by="MaxReplicas",
    inputs={"waiting": 7, "breaker_open": ""},
    candidates=(Candidate("demand", 7), Candidate("max", 2)),
    next_scale_down_s=9.5,
)


@pytest.fixture
def up(tmp_path: Path) -> Up:
    def start(handler: str) -> AbstractAsyncContextManager[Stack]:
        scaling = {"idleSeconds": 0.5, "down": {"stabilizationSeconds": 0.5}}
        spec = {"handler": handler, "scaling": scaling}
        return stack_of(handler.rpartition(":")[2], spec, folder=tmp_path)

    return start


@pytest.fixture
async def log(redis_url: str) -> AsyncIterator[RedisScalingLog]:
    client = open_async(RedisOptions(redis_url))
    try:
        yield RedisScalingLog(client)
    finally:
        await client.aclose()


async def decisions(stack: Stack, function: str) -> list[DecisionRecord]:
    client = open_async(RedisOptions(stack.redis_url))
    try:
        return await RedisScalingLog(client).recent(function)
    finally:
        await client.aclose()


async def load(stack: Stack, function: str) -> tuple[LoadSample, ...]:
    client = open_async(RedisOptions(stack.redis_url))
    try:
        return (await RedisScalingLog(client).load(function, last_ms=3_600_000)).samples
    finally:
        await client.aclose()


async def metrics(stack: Stack) -> dict[str, float]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{stack.probe_url}/metrics")).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def status(stack: Stack, path: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(stack.probe_url + path)).status_code


async def test_a_stack_keeps_its_decisions_with_their_reasons(up: Up) -> None:
    async with up("asynctaskflow_testkit.handlers:echo") as stack:
        await stack.queue.enqueue(NewTask("echo", b'{"text":"x"}'))

        async def came_and_went() -> bool:
            steps = [(one.previous, one.replicas) for one in await decisions(stack, "echo")]
            return (0, 1) in steps and steps[0] == (1, 0)

        await eventually(came_and_went, 40)
        found = await decisions(stack, "echo")
        await eventually(lambda: _is_at_rest(stack), 20)
        first, *_ = await load(stack, "echo")

    assert (first.waiting, first.desired, first.ready) == (1, 1, 0)
    assert found[0].reason.startswith("1 -> 0 workers")
    assert [one.at_ms for one in found] == sorted((one.at_ms for one in found), reverse=True)
    raised = next(one for one in found if one.replicas == 1)
    assert raised.inputs["waiting"] == 1
    assert raised.candidates


async def _is_at_rest(stack: Stack) -> bool:
    *_, last = await load(stack, "echo")
    return (last.waiting, last.running, last.desired, last.ready) == (0, 0, 0, 0)


async def test_a_stack_counts_its_workers_and_is_ready(up: Up) -> None:
    async with up("asynctaskflow_testkit.handlers:sleep") as stack:
        await stack.queue.enqueue(NewTask("sleep", b'{"seconds":3}'))

        async def works() -> bool:
            seen = await metrics(stack)
            return seen.get('atf_supervisor_ready_replicas{function="sleep"}') == 1

        await eventually(works, 40)
        seen = await metrics(stack)
        assert seen['atf_supervisor_desired_replicas{function="sleep"}'] == 1
        raised = [
            name for name in seen if name.startswith("atf_supervisor_scaling_decisions_total")
        ]
        assert len(raised) == 1
        assert await status(stack, "/live") == await status(stack, "/ready") == 200


async def test_workers_that_end_at_start_are_counted_as_a_crash_loop(
    up: Up, tmp_path: Path
) -> None:
    (tmp_path / "ends.py").write_text(
        "import os, sys\n"
        "from asynctaskflow import function\n"
        "if '--describe' not in sys.argv:\n"
        "    os._exit(7)\n"
        "@function(name='ends')\n"
        "async def ends(task, ctx):\n"
        "    return task\n"
    )
    async with up("ends:ends") as stack:
        await stack.queue.enqueue(NewTask("ends", b"{}"))

        async def loops() -> bool:
            seen = await metrics(stack)
            return seen.get('atf_supervisor_crash_loop{function="ends"}') == 1

        await eventually(loops, 40)
        seen = await metrics(stack)
        kept = await decisions(stack, "ends")

    assert seen['atf_supervisor_worker_restarts_total{function="ends"}'] >= 2
    assert seen['atf_supervisor_ready_replicas{function="ends"}'] == 0
    assert [(one.previous, one.replicas) for one in kept].count((0, 1)) == 1


async def test_a_stack_without_its_redis_lives_and_is_not_ready(up: Up) -> None:
    async with up("asynctaskflow_testkit.handlers:echo") as stack:

        async def is_ready() -> bool:
            return await status(stack, "/ready") == 200

        async def is_blind() -> bool:
            return await status(stack, "/ready") == 503

        await eventually(is_ready, 20)
        admin = open_async(RedisOptions(stack.redis_url))
        await admin.client_pause(4000)
        try:
            await eventually(is_blind, 20)
            assert await status(stack, "/live") == 200
        finally:
            await admin.client_unpause()
            await admin.aclose()


async def test_a_decision_is_read_as_it_was_written(log: RedisScalingLog) -> None:
    await log.append("echo", RECORD)

    assert await log.recent("echo") == [RECORD]
    assert await log.recent("other") == []


async def test_only_the_last_decisions_are_kept_newest_first(log: RedisScalingLog) -> None:
    await asyncio.gather(*(log.append("echo", RECORD) for _ in range(KEPT)))
    await log.append("echo", DecisionRecord(6, 2, 3, 2, "why", "None"))

    found = await log.recent("echo", limit=KEPT * 2)

    assert len(found) == KEPT
    assert found[0].at_ms == 6
    assert len(await log.recent("echo", limit=2)) == 2


async def test_an_entry_of_a_later_version_is_read_and_a_damaged_one_left_out(
    log: RedisScalingLog, redis_url: str
) -> None:
    await log.append("echo", RECORD)
    client = open_async(RedisOptions(redis_url))
    key = "scaling:decisions:{echo}"
    (entry,) = await client.lrange(key, 0, -1)
    await client.lpush(key, b"{", b"5", b"{}", entry.replace(b'"acts"', b'"mood":"good","acts"'))
    await client.aclose()

    assert await log.recent("echo") == [RECORD, RECORD]


async def test_the_load_begins_with_the_sample_that_held_then(log: RedisScalingLog) -> None:
    now_ms = (await log.load("echo", last_ms=0)).now_ms
    ages_s = (7200, 600, 60)
    samples = [LoadSample(now_ms - age_s * 1000, age_s, 1, 2, 1) for age_s in ages_s]
    for sample in samples:
        await log.note("echo", sample)

    found = await log.load("echo", last_ms=300_000)

    assert found.samples == tuple(samples[1:])
    assert (await log.load("echo", last_ms=3_600_000)).samples == tuple(samples)
    assert found.now_ms >= now_ms


async def test_a_damaged_sample_is_left_out(log: RedisScalingLog, redis_url: str) -> None:
    sample = LoadSample(1, 2, 3, 4, 5)
    await log.note("echo", sample)
    client = open_async(RedisOptions(redis_url))
    await client.lpush("scaling:load:{echo}", b"{", b"5", b"[1,2]", b'["a",1,1,1,1]')
    await client.aclose()

    assert (await log.load("echo", last_ms=0)).samples == (sample,)

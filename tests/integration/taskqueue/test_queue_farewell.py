"""A function that goes away: it takes no new tasks, and leaves no key; and the look at many that have no task."""

import pytest

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

SPEC = FunctionSpec(handler="m:f")


async def test_a_closed_function_is_not_found_by_those_who_submit(q: QueueUnderTest):
    await q.queue.register(FUNCTION, SPEC)
    await q.queue.close(FUNCTION)

    with pytest.raises(FunctionNotFound, match="being deleted"):
        await q.queue.open_spec(FUNCTION)
    assert await q.queue.spec(FUNCTION) == SPEC


async def test_a_reopened_function_is_found_again(q: QueueUnderTest):
    await q.queue.register(FUNCTION, SPEC)
    await q.queue.close(FUNCTION)
    await q.queue.reopen(FUNCTION)

    assert await q.queue.open_spec(FUNCTION) == SPEC


async def test_a_spec_of_a_newer_version_is_read_without_what_is_not_known(q: QueueUnderTest):
    await q.queue.register(FUNCTION, SPEC)
    newer = b'{"handler":"m:f","scaling":{"maxReplicas":3,"fromTheFuture":1},"alsoNew":true}'
    await q.client.hset("function:{echo}", "spec", newer)

    spec = await q.queue.spec(FUNCTION)

    assert spec.scaling.max_replicas == 3


async def test_erasing_a_function_leaves_no_key_without_a_lifetime(q: QueueUnderTest):
    await q.queue.register(FUNCTION, SPEC)
    await q.enqueue(130)
    await q.claim(2)
    await q.fail(await q.claim_one())
    await q.enqueue(3, delay_s=60)
    await q.queue.drain_workers(FUNCTION, ["worker-9"])

    while await q.queue.erase(FUNCTION):
        pass

    keys = await q.client.keys("*")
    assert [key for key in keys if await q.client.ttl(key) == -1] == []
    assert await q.queue.functions() == []


async def test_what_steers_a_function_too_late_brings_nothing_of_it_back(q: QueueUnderTest):
    await q.queue.register(FUNCTION, SPEC)
    while await q.queue.erase(FUNCTION):
        pass

    marked = await q.queue.drain_workers(FUNCTION, ["worker-9"])
    await q.queue.pause(FUNCTION)

    assert (marked, await q.client.keys("*{echo}*")) == ([], [])


async def test_only_functions_with_unfinished_tasks_stir(q: QueueUnderTest):
    await q.queue.register("idle", SPEC)
    assert await q.queue.stirring([]) == frozenset()
    assert await q.queue.stirring([FUNCTION, "idle"]) == frozenset()

    await q.enqueue()
    waiting = await q.queue.stirring([FUNCTION, "idle"])
    claimed = await q.claim_one()
    running = await q.queue.stirring([FUNCTION, "idle"])
    await q.complete(claimed)

    assert waiting == running == {FUNCTION}
    assert await q.queue.stirring([FUNCTION, "idle"]) == frozenset()


async def test_a_scheduled_task_stirs_too(q: QueueUnderTest):
    await q.enqueue(delay_s=60)

    assert await q.queue.stirring([FUNCTION]) == {FUNCTION}

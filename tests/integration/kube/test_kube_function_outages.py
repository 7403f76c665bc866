"""Redis or the API server away: nothing is scaled on what cannot be seen, and afterwards all goes on."""

import pytest

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_testkit.operator_stage import QUICK, Stage, operating
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]


async def test_an_unreadable_queue_leaves_the_workers_as_they_are(
    stage: Stage, operator, stage_redis: RedisServer
):
    await stage.served()
    await stage.busy(2)
    stage_redis.kill()
    await stage.condition("echo", "QueueReadable", is_="Unknown", reason="Unreadable")
    await stage.condition("echo", "ScalingActive", is_="False", reason="QueueUnreadable")

    assert (await stage.replicas(), stage.pods.taken) == (2, [])


async def test_the_operator_is_not_ready_while_redis_is_away(
    stage: Stage, operator, stage_redis: RedisServer
):
    await stage.served()
    operator.health.renewed()
    stage_redis.kill()
    await eventually(lambda: "Redis" in operator.health.ready().reason, 20)

    assert operator.health.live().good


async def test_scaling_goes_on_when_redis_is_back(stage: Stage, operator, stage_redis: RedisServer):
    await stage.served()
    stage_redis.kill()
    await stage.condition("echo", "QueueReadable", is_="Unknown")
    stage_redis.restart()
    await stage.condition("echo", "QueueReadable", is_="True")
    await stage.enqueue(2)

    await stage.scaled(2)


async def test_a_minimum_is_kept_even_if_the_queue_cannot_be_read(
    stage: Stage, operator, stage_redis: RedisServer
):
    await stage.served()
    stage_redis.kill()
    await stage.change(scaling={"minReplicas": 2})

    await stage.scaled(2)


async def test_a_function_applied_while_redis_is_away_is_registered_later(
    stage: Stage, operator, stage_redis: RedisServer
):
    stage_redis.kill()
    await stage.apply()
    await eventually(lambda: stage.exists(Kind.DEPLOYMENT, "atf-echo"), 20)
    stage_redis.restart()

    await eventually(lambda: _registered(stage), 20)


@pytest.mark.slow
async def test_a_redis_that_lost_everything_is_filled_again(
    stage: Stage, operator, stage_redis: RedisServer
):
    await stage.served(scaling={**QUICK, "minReplicas": 1})
    await stage.pods_up(1)
    stage_redis.command("FLUSHALL")

    await eventually(lambda: _registered(stage), 20)


@pytest.mark.slow
async def test_watches_come_back_after_a_restart_of_the_api_server(stage: Stage, operator):
    await stage.served()
    stage.server.kill()
    try:
        await stage.enqueue(2)
    finally:
        stage.server.start()
    await stage.scaled(2, within_s=40)
    await stage.apply("later")

    await eventually(lambda: stage.exists(Kind.DEPLOYMENT, "atf-later"), 40)


@pytest.mark.slow
async def test_an_object_deleted_just_after_a_restart_of_the_api_server_comes_back(
    stage: Stage, operator
):
    await stage.served()
    stage.server.kill()
    stage.server.start()
    await stage.kube.delete(Kind.SERVICE_ACCOUNT, "atf-echo")

    await eventually(lambda: stage.exists(Kind.SERVICE_ACCOUNT, "atf-echo"), 40)


@pytest.mark.slow
async def test_two_hundred_functions_are_served_at_once(stage: Stage):
    async with operating(stage):
        for number in range(200):
            await stage.apply(f"f-{number}")

        async def ready():
            listed = await stage.kube.list(Kind.FUNCTION)
            good = [one for one in listed if _is_ready(one)]
            assert len(good) == 200, len(good)
            return True

        await eventually(ready, 60)
        await stage.enqueue(1, "f-199")
        await stage.scaled(1, "f-199")


async def _registered(stage: Stage):
    return "echo" in await stage.q.queue.functions()


def _is_ready(function):
    conditions = (function.get("status") or {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

"""The end of a Function: its tasks finish or fail, and nothing of it stays behind."""

from typing import Any

import pytest

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow_operator.functions import deletion
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_testkit.operator_stage import QUICK, Stage, operating
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]

BUSY: dict[str, Any] = {"scaling": {**QUICK, "maxReplicas": 1}}


async def test_a_deleted_function_without_tasks_leaves_nothing_in_redis(stage: Stage, operator):
    await stage.served()
    assert await stage.keys_of("echo")
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.gone(Kind.FUNCTION, "echo")

    assert (await stage.lasting_keys_of("echo"), await stage.q.queue.functions()) == ([], [])


async def test_a_draining_function_ends_its_tasks_first_and_no_error_is_logged(
    stage: Stage, operator, caplog
):
    await stage.served(**BUSY)
    (pod,) = await stage.busy(1)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.condition("echo", "Ready", is_="False", reason="Deleting")
    assert await stage.pods.holds_its_lease(pod)

    await stage.pods.finish(pod)
    await stage.gone(Kind.FUNCTION, "echo")
    assert await stage.lasting_keys_of("echo") == []
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def test_a_draining_function_takes_no_new_tasks(stage: Stage, operator):
    await stage.served(**BUSY)
    await stage.busy(1)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.condition("echo", "Ready", is_="False", reason="Deleting")

    with pytest.raises(FunctionNotFound):
        await stage.q.queue.open_spec("echo")


async def test_a_draining_function_starts_workers_for_what_waits(stage: Stage, operator):
    await stage.served(replicas=0)
    await stage.enqueue(1)
    await stage.change(replicas=None)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    (pod,) = await eventually(lambda: stage.pods.up("echo"), 20)
    await eventually(lambda: stage.pods.claim(pod), 20)
    await stage.pods.finish(pod)

    await stage.gone(Kind.FUNCTION, "echo")


async def test_a_drain_ends_with_its_time_limit(stage: Stage, operator):
    await stage.served(**BUSY, onDelete={"timeoutSeconds": 1})
    await stage.busy(1)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.gone(Kind.FUNCTION, "echo")

    assert await stage.lasting_keys_of("echo") == []


async def test_a_failing_function_goes_at_once_and_leaves_nothing(stage: Stage, operator):
    await stage.served(**BUSY, onDelete={"tasks": "Fail"})
    (pod,) = await stage.busy(1)
    await stage.enqueue(150)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.gone(Kind.FUNCTION, "echo")

    assert not await stage.pods.holds_its_lease(pod)
    assert await stage.lasting_keys_of("echo") == []


async def test_a_function_of_a_deleted_ones_name_starts_anew(stage: Stage, operator):
    await stage.served(**BUSY)
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.gone(Kind.FUNCTION, "echo")
    await stage.served()
    await stage.enqueue(2)

    await stage.scaled(2)


async def test_a_function_that_was_never_valid_can_be_deleted(stage: Stage, operator):
    window = {"cron": "61 * * * *", "durationSeconds": 60, "replicas": 1}
    await stage.apply(scaling={"warm": [window]})
    await stage.condition("echo", "Ready", is_="False")
    await stage.kube.delete(Kind.FUNCTION, "echo")

    await stage.gone(Kind.FUNCTION, "echo")


async def test_a_function_that_was_deleted_while_no_operator_ran_ends_later(stage: Stage):
    async with operating(stage):
        await stage.served()
    await stage.kube.delete(Kind.FUNCTION, "echo")
    async with operating(stage):
        await stage.gone(Kind.FUNCTION, "echo")

    assert await stage.lasting_keys_of("echo") == []


async def test_a_deletion_waits_for_redis(stage: Stage, operator, stage_redis: RedisServer):
    await stage.served()
    stage_redis.kill()
    await stage.kube.delete(Kind.FUNCTION, "echo")
    await stage.condition("echo", "QueueReadable", is_="Unknown")
    assert await stage.exists(Kind.FUNCTION, "echo")
    stage_redis.restart()

    await stage.gone(Kind.FUNCTION, "echo")
    assert await stage.lasting_keys_of("echo") == []


async def test_a_redis_that_stays_away_holds_a_deletion_for_a_limited_time(
    stage: Stage, operator, stage_redis: RedisServer, monkeypatch
):
    monkeypatch.setattr(deletion, "REDIS_AWAY_S", 1.0)
    await stage.served(onDelete={"timeoutSeconds": 0})
    stage_redis.kill()
    await stage.kube.delete(Kind.FUNCTION, "echo")

    await stage.gone(Kind.FUNCTION, "echo")
    await stage.told("KeysLeftBehind")

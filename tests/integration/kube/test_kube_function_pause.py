"""Pausing: by the resource, by a person over REST, and what a restart of the operator makes of both."""

from asynctaskflow_testkit.operator_stage import Stage, operating
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]


async def test_a_function_paused_by_its_resource_hands_out_nothing(stage: Stage, operator):
    await stage.served(paused=True)
    await stage.enqueue(3)
    await stage.condition("echo", "ScalingActive", is_="False", reason="Paused")

    assert await stage.replicas() == 0
    assert (await stage.status())["queue"]["paused"] is True


async def test_a_resource_that_takes_its_pause_back_resumes(stage: Stage, operator):
    await stage.served(paused=True)
    await stage.enqueue(3)
    await _is_paused(stage, True)
    await stage.change(paused=False)

    await stage.scaled(3)


async def test_a_resource_that_is_paused_later_stops_handing_out(stage: Stage, operator):
    await stage.served()
    await stage.change(paused=True)

    await _is_paused(stage, True)


async def test_a_pause_over_rest_is_shown(stage: Stage, operator):
    await stage.served()
    await stage.q.queue.pause("echo")

    async def shown():
        return (await stage.status())["queue"]["paused"]

    await eventually(shown, 20)


async def test_a_pause_over_rest_survives_an_edit_of_the_resource(stage: Stage, operator):
    await stage.served()
    await stage.q.queue.pause("echo")
    await stage.change(timeouts={"attemptSeconds": 7})
    await _follows(stage, attempt_s=7)

    assert (await stage.q.queue.depths("echo")).paused


async def test_a_pause_over_rest_survives_a_restart_of_the_operator(stage: Stage):
    async with operating(stage):
        await stage.served()
        await stage.q.queue.pause("echo")
    async with operating(stage):
        await stage.change(timeouts={"attemptSeconds": 7})
        await _follows(stage, attempt_s=7)

    assert (await stage.q.queue.depths("echo")).paused


async def test_a_resume_over_rest_survives_a_restart_of_the_operator(stage: Stage):
    async with operating(stage):
        await stage.served(paused=True)
        await _is_paused(stage, True)
        await stage.q.queue.resume("echo")
    async with operating(stage):
        await stage.change(timeouts={"attemptSeconds": 7})
        await _follows(stage, attempt_s=7)

    assert not (await stage.q.queue.depths("echo")).paused


async def test_a_redis_that_lost_everything_is_told_again_that_a_function_is_paused(
    stage: Stage, stage_redis
):
    async with operating(stage):
        await stage.served(paused=True)
    stage_redis.command("FLUSHALL")
    async with operating(stage):
        await _is_paused(stage, True)


async def _is_paused(stage: Stage, paused: bool):
    async def so():
        return (await stage.q.queue.depths("echo")).paused is paused

    await eventually(so, 20)


async def _follows(stage: Stage, *, attempt_s: float):
    async def so():
        return (await stage.q.queue.spec("echo")).timeouts.attempt_seconds == attempt_s

    await eventually(so, 20)

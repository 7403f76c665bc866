"""Dependencies: their spec in Redis, their breaker in status, and what both mean to scaling."""

from typing import Any

from asynctaskflow.resilience.breaker import Override
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_testkit.operator_stage import QUICK, Stage, operating
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]

LONG: dict[str, Any] = {"breaker": {"openSeconds": 600}}
USER: dict[str, Any] = {"dependencies": ["llm"], "scaling": {**QUICK, "onBreakerOpen": "Hold"}}


async def test_a_dependency_is_registered_and_shown_as_closed(stage: Stage, operator):
    await stage.apply_dependency("llm", maxWaitSeconds=3)

    await _shows(stage, state="Closed", override="Auto", usedBy=0)
    assert (await stage.dependencies.state("llm")).spec.max_wait_seconds == 3


async def test_a_changed_dependency_reaches_redis(stage: Stage, operator):
    await stage.apply_dependency("llm")
    await _shows(stage, state="Closed")
    await stage.apply_dependency("llm", rateLimit={"requests": 5, "intervalSeconds": 1})

    async def limited():
        return (await stage.dependencies.state("llm")).limiter.requests == 5

    await eventually(limited, 20)


async def test_an_open_breaker_is_shown_and_told(stage: Stage, operator):
    await stage.apply_dependency("llm", **LONG)
    await _shows(stage, state="Closed")
    await stage.break_circuit("llm")

    status = await _shows(stage, state="Open")
    assert (status["calls"], status["failures"], status["failureRatio"]) == (10, 10, 1)
    assert status["nextAttemptTime"]
    await stage.condition("llm", "Healthy", is_="False", of=Kind.DEPENDENCY)
    await stage.told("BreakerOpen", "llm", Kind.DEPENDENCY)


async def test_an_open_breaker_is_shown_at_the_functions_that_use_it(stage: Stage, operator):
    await stage.apply_dependency("llm", **LONG)
    await stage.served(**USER)
    await _breaker(stage, "Closed")
    await stage.break_circuit("llm")

    await _breaker(stage, "Open")
    await stage.condition("echo", "DependenciesHealthy", is_="False", reason="BreakerOpen")
    await stage.told("BreakerOpen", "echo")


async def test_an_open_breaker_keeps_a_backlog_from_starting_workers(stage: Stage, operator):
    await stage.apply_dependency("llm", **LONG)
    await stage.served(**USER)
    await stage.break_circuit("llm")
    await _breaker(stage, "Open")
    await stage.enqueue(50)
    await stage.condition("echo", "ScalingActive", is_="False", reason="BreakerOpen")

    assert await stage.replicas() in {0, 1}


async def test_workers_come_when_the_breaker_closes(stage: Stage, operator):
    await stage.apply_dependency("llm", **LONG)
    await stage.served(**USER)
    await stage.break_circuit("llm")
    await _breaker(stage, "Open")
    await stage.enqueue(8)
    await stage.dependencies.override("llm", Override.AUTO)

    await stage.scaled(8)
    await stage.told("BreakerClosed", "echo")


async def test_a_breaker_forced_open_by_its_resource_is_shown_as_such(stage: Stage, operator):
    await stage.apply_dependency("llm", override="ForceOpen")

    status = await _shows(stage, state="Open", override="ForceOpen")
    assert (status["reason"], status.get("nextAttemptTime")) == ("by hand", None)


async def test_a_rate_limit_caps_the_workers(stage: Stage, operator):
    await stage.apply_dependency("llm", rateLimit={"requests": 2, "intervalSeconds": 1})
    await stage.served(**USER)
    await _breaker(stage, "Closed")
    stage.pods.wishes.p50_run_ms = 1000
    await stage.enqueue(50)

    async def capped():
        last = (await stage.status())["scaling"]["last"]
        assert last["limitedBy"] == "RateLimit", last
        # The first workers may have come before any of them could say how long a task runs.
        return await stage.replicas() in range(1, 10)

    await eventually(capped, 20)


async def test_a_dependency_that_nobody_declared_is_unknown_and_stops_nothing(
    stage: Stage, operator
):
    await stage.served(dependencies=["missing"])
    await stage.condition("echo", "DependenciesHealthy", is_="Unknown")
    await stage.enqueue()

    await stage.scaled(1)


async def test_a_dependency_says_how_many_functions_use_it(stage: Stage, operator):
    await stage.served("one", dependencies=["llm"])
    await stage.served("two", dependencies=["llm"])
    await stage.apply_dependency("llm")

    await _shows(stage, usedBy=2)


async def test_a_deleted_dependency_is_forgotten(stage: Stage, operator):
    await stage.apply_dependency("llm", rateLimit={"requests": 5, "intervalSeconds": 1})
    await _shows(stage, state="Closed")
    await stage.kube.delete(Kind.DEPENDENCY, "llm")
    await stage.gone(Kind.DEPENDENCY, "llm")

    assert (await stage.keys_of("llm"), await stage.dependencies.names()) == ([], [])


async def test_a_breaker_that_turned_while_no_operator_ran_is_shown_later(stage: Stage):
    async with operating(stage):
        await stage.apply_dependency("llm", **LONG)
        await _shows(stage, state="Closed")
    await stage.break_circuit("llm")
    async with operating(stage):
        await _shows(stage, state="Open")


async def _shows(stage: Stage, **fields):
    async def shown():
        status = await stage.status("llm", Kind.DEPENDENCY)
        assert {name: status.get(name) for name in fields} == fields, status
        return status

    return await eventually(shown, 20, what=f"llm shows {fields}")


async def _breaker(stage: Stage, state: str):
    async def shown():
        status = await stage.status()
        assert status.get("breaker") == state, status
        return True

    await eventually(shown, 20, what=f"breaker {state}")

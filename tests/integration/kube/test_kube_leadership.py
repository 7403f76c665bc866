"""Two operators as a cluster runs them: one acts, the other stands by and takes over."""

import signal

import pytest

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_testkit.lifetime import free_port
from asynctaskflow_testkit.operator_stage import OperatorProcess, Stage, start_operator
from asynctaskflow_testkit.processes import Fleet
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]


def started(fleet: Fleet, stage: Stage, name: str, **settings) -> OperatorProcess:
    return start_operator(fleet, stage, name, port=free_port(), **settings)


async def test_an_operator_alone_leads_and_serves(stage: Stage, fleet: Fleet):
    alone = started(fleet, stage, "alone")
    await alone.answers(200)
    await stage.served()

    assert await _holder(stage) == "alone"


async def test_the_second_operator_stands_by_and_says_so(stage: Stage, fleet: Fleet):
    await started(fleet, stage, "first").answers(200)
    second = started(fleet, stage, "second")

    await second.answers(503, "standing by")


@pytest.mark.slow
async def test_the_second_takes_over_when_the_first_is_killed(stage: Stage, fleet: Fleet):
    first = started(fleet, stage, "first")
    await first.answers(200)
    second = started(fleet, stage, "second")
    await second.answers(503, "standing by")
    first.process.kill()
    await second.answers(200)
    await stage.served()

    assert await _holder(stage) == "second"


@pytest.mark.slow
async def test_the_second_takes_over_at_once_when_the_first_is_told_to_stop(
    stage: Stage, fleet: Fleet
):
    first = started(fleet, stage, "first", lease_s=60)
    await first.answers(200)
    second = started(fleet, stage, "second", lease_s=60)
    await second.answers(503, "standing by")
    first.process.send(signal.SIGTERM)

    await second.answers(200, within_s=25)


async def test_an_operator_that_is_told_to_stop_ends_with_zero(stage: Stage, fleet: Fleet):
    alone = started(fleet, stage, "alone")
    await alone.answers(200)
    await stage.served()
    alone.process.send(signal.SIGTERM)

    assert await _exit_code(alone) == 0
    assert await _holder(stage) == ""


async def test_a_standby_that_is_told_to_stop_ends_with_zero(stage: Stage, fleet: Fleet):
    await started(fleet, stage, "first").answers(200)
    second = started(fleet, stage, "second")
    await second.answers(503, "standing by")
    second.process.send(signal.SIGTERM)

    assert await _exit_code(second) == 0
    assert await _holder(stage) == "first"


async def test_an_operator_whose_lease_was_taken_ends_itself(stage: Stage, fleet: Fleet):
    alone = started(fleet, stage, "alone")
    await alone.answers(200)
    taken = {"spec": {"holderIdentity": "thief", "renewTime": "2026-01-01T00:00:00.000000Z"}}
    await stage.kube.patch(Kind.LEASE, "asynctaskflow-operator", taken)

    assert await _exit_code(alone) == 75


async def test_an_operator_without_settings_says_what_is_missing(stage: Stage, fleet: Fleet):
    lost = started(fleet, stage, "lost", namespace="")

    assert await _exit_code(lost) == 2
    assert "ATF_OPERATOR_NAMESPACE" in lost.process.log()


@pytest.mark.slow
async def test_an_operator_that_was_frozen_beyond_its_lease_lets_the_other_act(
    stage: Stage, fleet: Fleet
):
    first = started(fleet, stage, "first")
    await first.answers(200)
    second = started(fleet, stage, "second")
    await second.answers(503, "standing by")
    first.process.send(signal.SIGSTOP)
    await second.answers(200)
    first.process.send(signal.SIGCONT)

    assert await _exit_code(first) == 75


async def _exit_code(operator: OperatorProcess) -> int:
    await eventually(lambda: not operator.process.alive, 20, what="it ends")
    return operator.process.wait(1)


async def _holder(stage: Stage) -> str:
    lease = await stage.kube.get(Kind.LEASE, "asynctaskflow-operator")
    return lease["spec"].get("holderIdentity") or ""

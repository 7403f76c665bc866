"""Replicas follow the queue: up with tasks, down to none, and never from under a task."""

import pytest

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.manifests.worker import DELETION_COST
from asynctaskflow_testkit.operator_stage import QUICK, Stage, operating
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]


async def test_a_task_starts_a_worker(stage: Stage, operator):
    await stage.served()
    await stage.enqueue()

    await stage.scaled(1)
    await stage.told("ScaledUp")


async def test_many_tasks_start_as_many_workers_as_are_allowed(stage: Stage, operator):
    await stage.served(scaling={**QUICK, "maxReplicas": 4})
    await stage.enqueue(50)

    await stage.scaled(4)


async def test_an_idle_function_goes_back_to_zero(stage: Stage, operator):
    await stage.served()
    (pod,) = await stage.busy(1)
    await stage.pods.finish(pod)

    await stage.scaled(0)
    await stage.told("ScaledToZero")
    await eventually(lambda: stage.pods.taken == [pod], 20)


async def test_a_minimum_is_kept_without_tasks(stage: Stage, operator):
    await stage.served(scaling={**QUICK, "minReplicas": 2})

    await stage.pods_up(2)


async def test_a_scale_down_takes_the_idle_workers_only(stage: Stage, operator):
    await stage.served()
    pods = await stage.busy(4)
    for pod in pods[:3]:
        await stage.pods.finish(pod)
    await stage.scaled(1)
    await eventually(lambda: len(stage.pods.taken) == 3, 20)

    assert sorted(stage.pods.taken) == pods[:3]
    assert stage.pods.lost == []


@pytest.mark.parametrize("idle", [0, 1])
async def test_a_worker_whose_heartbeat_is_late_is_not_taken_for_idle(stage: Stage, operator, idle):
    await stage.served()
    pods = await stage.pods_up_with_tasks(2)
    stage.pods.wishes.reports = False
    for pod in pods:
        await stage.pods.claim(pod, report=False)
    await stage.pods.finish(pods[idle])
    await _decided(stage, 1)
    stage.pods.wishes.reports = True
    await eventually(lambda: len(stage.pods.taken) == 1, 20)

    assert stage.pods.taken == [pods[idle]]


async def test_pods_that_are_to_go_are_made_the_cheapest(stage: Stage, operator):
    await stage.served()
    pods = await stage.busy(2)
    stage.pods.wishes.keeps = True
    await stage.pods.finish(pods[0])
    await stage.scaled(1)

    costs = {one["metadata"]["name"]: _cost(one) for one in await stage.kube.list(Kind.POD)}
    assert costs == {pods[0]: "-1000", pods[1]: None}


async def test_an_unready_busy_pod_postpones_a_scale_down(stage: Stage, operator):
    await stage.served()
    busy, idle = await stage.busy(2)
    await stage.pods.set_ready(busy, ready=False)
    await stage.pods_up(1)
    await stage.pods.finish(idle)
    await _decided(stage, 1)
    assert (await stage.replicas(), stage.pods.taken) == (2, [])

    await stage.pods.set_ready(busy, ready=True)
    await stage.scaled(1)
    await eventually(lambda: stage.pods.taken == [idle], 20)


async def test_a_marked_pod_claims_again_when_kubernetes_took_another(stage: Stage, operator):
    await stage.served(scaling={**QUICK, "minReplicas": 1})
    pods = await stage.busy(2)
    stage.pods.wishes.takes = {pods[1]}
    await stage.pods.finish(pods[0])
    await eventually(lambda: stage.pods.taken == [pods[1]], 20)
    await eventually(lambda: _is_spared(stage, pods[0]), 20)
    await stage.enqueue(1)

    assert await stage.pods.claim(pods[0])
    assert b'scaling_wrong_victims_total{function="echo"} 1.0' in operator.gauges.exposition()


async def test_a_number_set_by_hand_goes_before_the_queue(stage: Stage, operator):
    await stage.served()
    await stage.change(replicas=3)

    await stage.scaled(3)
    await stage.condition("echo", "ScalingActive", is_="True")


async def test_a_number_set_by_hand_to_zero_holds_while_tasks_wait(stage: Stage, operator):
    await stage.served(replicas=0)
    await stage.enqueue(5)

    async def seen():
        status = await stage.status()
        return status["queue"]["pending"] == 5 and status["desiredReplicas"] == 0

    await eventually(seen, 20)
    assert await stage.replicas() == 0


async def test_taking_the_number_back_returns_to_automatic(stage: Stage, operator):
    await stage.served(replicas=3)
    await stage.pods_up(3)
    await stage.change(replicas=None)

    await stage.scaled(0)


async def test_a_deployment_scaled_by_hand_is_scaled_back(stage: Stage, operator):
    await stage.served()
    await stage.kube.patch(Kind.DEPLOYMENT, "atf-echo", {"spec": {"replicas": 3}})

    await stage.told("ScaledToZero")
    await stage.scaled(0)


async def test_an_observing_function_says_what_it_would_do_and_does_not(stage: Stage, operator):
    await stage.served(scaling={**QUICK, "mode": "Observe"})
    await stage.enqueue(3)
    await _decided(stage, 3)

    assert await stage.replicas() == 0
    await stage.condition("echo", "ScalingActive", is_="False")


async def test_a_second_operator_goes_on_with_the_replicas_that_it_finds(stage: Stage):
    async with operating(stage):
        await stage.served()
        pods = await stage.busy(3)
    async with operating(stage):
        await stage.enqueue(1)
        await stage.scaled(4)

    assert stage.pods.taken == []
    assert stage.pods.up("echo")[:3] == pods


async def test_a_status_tells_of_the_queue_and_the_workers(stage: Stage, operator):
    await stage.served(scaling={**QUICK, "maxReplicas": 2})
    await stage.busy(2)
    await stage.enqueue(3)

    async def told():
        status = await stage.status()
        queue = {name: status["queue"][name] for name in ("pending", "active")}
        assert queue == {"pending": 3, "active": 2}
        assert [status[name] for name in ("replicas", "readyReplicas", "busyReplicas")] == [2] * 3
        assert status["scaling"]["last"]["limitedBy"] == "MaxReplicas"
        return True

    await eventually(told, 20)


@pytest.mark.parametrize("limit", ["selector", "replicas"])
async def test_the_scale_subresource_answers(stage: Stage, operator, limit):
    await stage.served(replicas=2)
    await stage.pods_up(2)
    path = stage.server.path("Function", stage.namespace, "echo", part="scale")
    scale = stage.server.request("GET", path).json()
    assert scale["kind"] == "Scale", scale.get("message")

    wanted = {"selector": "asynctaskflow.dev/function=echo", "replicas": 2}
    assert scale["status"][limit] == wanted[limit]


async def _decided(stage: Stage, replicas: int):
    async def so():
        seen = (await stage.status()).get("desiredReplicas")
        assert seen == replicas, seen
        return True

    await eventually(so, 20, what=f"{replicas} replicas are wanted")


async def _is_spared(stage: Stage, pod: str):
    (live,) = [one for one in await stage.kube.list(Kind.POD) if one["metadata"]["name"] == pod]
    return _cost(live) is None and not await stage.q.client.exists("workers:draining:{echo}")


def _cost(pod):
    return (pod["metadata"].get("annotations") or {}).get(DELETION_COST)

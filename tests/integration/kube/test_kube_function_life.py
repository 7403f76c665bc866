"""A Function from its first apply to its edits: what the operator makes of it, and restores."""

import pytest

from asynctaskflow_operator.kube.kinds import FINALIZER, Kind
from asynctaskflow_testkit.operator_stage import Stage, operating
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.operator_stage_fixtures"]

NEVER = {"warm": [{"cron": "61 * * * *", "durationSeconds": 60, "replicas": 1}]}
OWNED = (Kind.DEPLOYMENT, Kind.SERVICE_ACCOUNT, Kind.DISRUPTION_BUDGET)


@pytest.mark.parametrize("kind", OWNED, ids=lambda kind: kind.text)
async def test_a_function_gets_its_objects_and_owns_them(stage: Stage, operator, kind):
    made = await stage.apply()
    await eventually(lambda: stage.exists(kind, "atf-echo"), 20)

    (owner,) = (await stage.kube.get(kind, "atf-echo"))["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Function", made["metadata"]["uid"])


async def test_a_function_without_tasks_has_no_workers_and_accepts(stage: Stage, operator):
    await stage.apply()

    ready = await stage.condition("echo", "Ready", is_="True", reason="Accepting")
    assert await stage.replicas() == 0
    assert ready["message"] == "workers start with the first task"


async def test_a_function_is_registered_with_its_spec(stage: Stage, operator):
    await stage.served(timeouts={"attemptSeconds": 7})

    assert (await stage.q.queue.open_spec("echo")).timeouts.attempt_seconds == 7


async def test_a_functions_end_is_the_operators_to_allow(stage: Stage, operator):
    await stage.served()

    meta = (await stage.kube.get(Kind.FUNCTION, "echo"))["metadata"]
    assert meta["finalizers"] == [FINALIZER]


async def test_a_new_image_reaches_the_deployment_and_a_new_limit_reaches_redis(
    stage: Stage, operator
):
    await stage.served()
    await stage.change(image="registry/echo:2", timeouts={"attemptSeconds": 9})

    async def followed():
        made = await stage.kube.get(Kind.DEPLOYMENT, "atf-echo")
        (container,) = made["spec"]["template"]["spec"]["containers"]
        limit_s = (await stage.q.queue.spec("echo")).timeouts.attempt_seconds
        return (container["image"], limit_s) == ("registry/echo:2", 9)

    await eventually(followed, 20)


async def test_a_status_says_which_generation_it_is_about(stage: Stage, operator):
    await stage.served()
    await stage.change(description="another one")
    generation = (await stage.kube.get(Kind.FUNCTION, "echo"))["metadata"]["generation"]

    async def observed():
        return (await stage.status())["observedGeneration"] == generation

    await eventually(observed, 20)


@pytest.mark.parametrize("kind", OWNED, ids=lambda kind: kind.text)
async def test_a_deleted_object_comes_back(stage: Stage, operator, kind):
    await stage.served()
    before = (await stage.kube.get(kind, "atf-echo"))["metadata"]["uid"]
    await stage.kube.delete(kind, "atf-echo")

    async def back():
        exists = await stage.exists(kind, "atf-echo")
        return exists and (await stage.kube.get(kind, "atf-echo"))["metadata"]["uid"] != before

    await eventually(back, 20)
    await stage.told("Restored")


EDITS = {
    "image": (
        Kind.DEPLOYMENT,
        {
            "spec": {
                "template": {"spec": {"containers": [{"name": "worker", "image": "evil:1"}]}},
            }
        },
    ),
    "labels": (Kind.DEPLOYMENT, {"metadata": {"labels": {"app.kubernetes.io/name": "evil"}}}),
    "token": (Kind.SERVICE_ACCOUNT, {"automountServiceAccountToken": True}),
    "budget": (Kind.DISRUPTION_BUDGET, {"spec": {"maxUnavailable": 5}}),
}


@pytest.mark.parametrize(("kind", "edit"), EDITS.values(), ids=EDITS)
async def test_an_edited_object_is_made_right_again(stage: Stage, operator, kind, edit):
    await stage.served()
    before = await stage.kube.get(kind, "atf-echo")
    edited = await stage.kube.patch(kind, "atf-echo", edit)
    assert _essence(edited) != _essence(before)

    async def restored():
        return _essence(await stage.kube.get(kind, "atf-echo")) == _essence(before)

    await eventually(restored, 20)
    await stage.told("Restored")


async def test_an_operator_that_starts_finds_its_objects_untouched(stage: Stage):
    async with operating(stage):
        await stage.served()
    before = {kind: _version(await stage.kube.get(kind, "atf-echo")) for kind in OWNED}
    async with operating(stage) as second:
        await eventually(lambda: b'verb="apply"' in second.gauges.exposition(), 20)
        await stage.served("second")

    assert {k: _version(await stage.kube.get(k, "atf-echo")) for k in OWNED} == before


async def test_a_quiet_function_causes_no_writes(stage: Stage, operator):
    await stage.served()
    await stage.served("other")
    before = (await stage.kube.get(Kind.FUNCTION, "echo"))["metadata"]["resourceVersion"]
    await stage.change("other", description="ten turns later")
    await stage.condition("other", "Ready", is_="True")

    assert (await stage.kube.get(Kind.FUNCTION, "echo"))["metadata"]["resourceVersion"] == before


async def test_a_spec_that_only_the_operator_can_judge_is_shown_as_invalid(stage: Stage, operator):
    await stage.apply("broken", scaling=NEVER)

    found = await stage.condition("broken", "Ready", is_="False", reason="InvalidSpec")
    assert "61" in found["message"]
    await stage.told("InvalidSpec", "broken")


async def test_an_invalid_function_stops_no_other(stage: Stage, operator):
    await stage.apply("broken", scaling=NEVER)
    await stage.condition("broken", "Ready", is_="False")
    await stage.served("sound")

    assert [await stage.replicas(name) for name in ("broken", "sound")] == [None, 0]


async def test_a_spec_that_is_mended_is_followed(stage: Stage, operator):
    await stage.apply(scaling=NEVER)
    await stage.condition("echo", "Ready", is_="False")
    await stage.change(scaling={"warm": None})

    await stage.condition("echo", "Ready", is_="True")
    assert await stage.replicas() == 0


async def test_a_spec_that_breaks_keeps_its_workers(stage: Stage, operator):
    await stage.served(scaling={"minReplicas": 1})
    await stage.pods_up(1)
    await stage.change(scaling=NEVER)

    await stage.condition("echo", "Ready", is_="False", reason="InvalidSpec")
    assert await stage.replicas() == 1


def _essence(live):
    labels, spec = live["metadata"]["labels"], live.get("spec", {})
    return labels, spec, live.get("automountServiceAccountToken")


def _version(live):
    return live["metadata"]["resourceVersion"]

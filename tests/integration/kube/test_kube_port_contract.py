"""What the operator builds on is so on a real API server, and in the fake that stands for one in tests."""

from collections.abc import AsyncIterator

import pytest
from lightkube import AsyncClient, KubeConfig

from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import (
    Kube,
    KubeConflict,
    KubeNotFound,
    KubeRefused,
)
from asynctaskflow_testkit.fake_kube import FakeKube

ELSE = "6e23d4b4-0000-4000-8000-000000000000"
ENDED = {
    "state": "COMPLETED",
    "acceptedTime": "2026-01-01T00:00:00.123Z",
    "result": {"none": None, "list": [None, {"none": None}]},
}


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.needs("kubernetes"))])
async def kube(request: pytest.FixtureRequest) -> AsyncIterator[Kube]:
    if request.param == "fake":
        yield FakeKube()
        return
    server = request.getfixturevalue("kube_api")
    namespace = server.namespace()
    config = KubeConfig.from_file(str(server.kubeconfig))
    client = AsyncClient(config=config, namespace=namespace, field_manager="test")
    opened = KubeClient(client, namespace=namespace, meter=OperatorGauges())
    yield opened
    await opened.close()


def task(name: str = "one", **spec: object) -> dict[str, object]:
    return {
        "apiVersion": Kind.TASK.api_version,
        "kind": "Task",
        "metadata": {"name": name, "labels": {"made": "here"}},
        "spec": {"function": "f", "input": {"x": 1}, **spec},
    }


async def test_a_created_object_has_an_identity_and_no_status(kube: Kube):
    made = await kube.create({**task(), "status": {"state": "COMPLETED"}})

    found = await kube.get(Kind.TASK, "one")
    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert found["metadata"]["generation"] == 1
    assert found["metadata"]["creationTimestamp"]
    assert found.get("status", {}).get("state") != "COMPLETED"


async def test_a_name_is_given_once(kube: Kube):
    await kube.create(task())

    with pytest.raises(KubeConflict):
        await kube.create(task())


async def test_a_name_that_is_given_again_is_another_object(kube: Kube):
    first = await kube.create(task())
    await kube.delete(Kind.TASK, "one")

    assert (await kube.create(task()))["metadata"]["uid"] != first["metadata"]["uid"]


async def test_what_is_not_there_is_not_found(kube: Kube):
    with pytest.raises(KubeNotFound):
        await kube.get(Kind.TASK, "none")
    with pytest.raises(KubeNotFound):
        await kube.delete(Kind.TASK, "none")
    with pytest.raises(KubeNotFound):
        await kube.patch(Kind.TASK, "none", {"spec": {"redrives": 1}})
    with pytest.raises(KubeNotFound):
        await kube.replace_status(Kind.TASK, "none", ENDED, uid=ELSE)


async def test_a_listing_has_what_carries_the_labels(kube: Kube):
    await kube.create(task("one"))
    await kube.create(task("two"))

    assert len(await kube.list(Kind.TASK)) == 2
    assert len(await kube.list(Kind.TASK, labels={"made": "here"})) == 2
    assert await kube.list(Kind.TASK, labels={"made": "there"}) == []


async def test_a_replaced_status_is_what_was_sent_nulls_included(kube: Kube):
    made = await kube.create(task())
    uid = made["metadata"]["uid"]
    await kube.replace_status(Kind.TASK, "one", {**ENDED, "reason": "timeout"}, uid=uid)

    answer = await kube.replace_status(Kind.TASK, "one", ENDED, uid=uid)

    assert answer["status"] == ENDED
    assert (await kube.get(Kind.TASK, "one"))["status"] == ENDED


async def test_a_status_is_no_change_of_the_spec(kube: Kube):
    made = await kube.create(task())

    answer = await kube.replace_status(Kind.TASK, "one", ENDED, uid=made["metadata"]["uid"])

    assert answer["metadata"]["generation"] == 1
    assert answer["spec"] == made["spec"]
    assert answer["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]


async def test_a_status_is_not_written_to_a_namesake(kube: Kube):
    await kube.create(task())

    with pytest.raises(KubeRefused):
        await kube.replace_status(Kind.TASK, "one", ENDED, uid=ELSE)

    found = await kube.get(Kind.TASK, "one")
    assert found.get("status", {}).get("state") != "COMPLETED"


async def test_a_changed_spec_is_a_new_generation(kube: Kube):
    await kube.create(task())

    answer = await kube.patch(Kind.TASK, "one", {"spec": {"redrives": 1}})

    assert answer["metadata"]["generation"] == 2
    assert answer["spec"]["redrives"] == 1
    assert answer["spec"]["input"] == {"x": 1}


async def test_a_patch_of_an_object_leaves_its_status(kube: Kube):
    made = await kube.create(task())
    await kube.replace_status(Kind.TASK, "one", ENDED, uid=made["metadata"]["uid"])

    answer = await kube.patch(Kind.TASK, "one", {"status": {"state": "DLQ"}})

    assert answer["status"] == ENDED


async def test_a_merge_takes_away_what_is_null_and_leaves_the_rest(kube: Kube):
    await kube.create(task())
    await kube.patch(Kind.TASK, "one", {"metadata": {"annotations": {"a": "1", "b": "2"}}})

    answer = await kube.patch(Kind.TASK, "one", {"metadata": {"annotations": {"a": None}}})

    assert answer["metadata"]["annotations"] == {"b": "2"}


async def test_a_patch_of_an_older_version_is_a_conflict(kube: Kube):
    made = await kube.create(task())
    await kube.patch(Kind.TASK, "one", {"spec": {"redrives": 1}})
    old = {"resourceVersion": made["metadata"]["resourceVersion"]}

    with pytest.raises(KubeConflict):
        await kube.patch(Kind.TASK, "one", {"metadata": old, "spec": {"redrives": 2}})


async def test_applying_creates_and_then_changes(kube: Kube):
    made = await kube.apply(task())

    changed = await kube.apply(task(redrives=2))

    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    assert changed["spec"]["redrives"] == 2
    assert changed["metadata"]["generation"] == 2

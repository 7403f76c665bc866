"""What is shown of Kubernetes objects: why a pod does not work, which Event is whose, and in what order."""

from datetime import UTC, datetime, timedelta

import pytest

from asynctaskflow_api.kube import shapes
from asynctaskflow_api.kube.objects import Deployment, Event, Function, Pod
from asynctaskflow_api.kube.trouble import Finding, finding, needs_help
from asynctaskflow_operator.manifests.worker import FUNCTION_LABEL, object_name

SCHEDULED = {"type": "PodScheduled", "status": "True"}
UNSCHEDULED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient memory.",
}
READY = {"type": "Ready", "status": "True"}
UNREADY = {
    "type": "Ready",
    "status": "False",
    "reason": "ContainersNotReady",
    "message": "containers with unready status: [worker]",
}
OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
START = datetime(2026, 11, 26, 8, tzinfo=UTC)


def pod_of(*conditions, containers=(), age_s=0, name="atf-echo-bcdf-ghjkl", **status) -> Pod:
    created = (START - timedelta(seconds=age_s)).isoformat()
    return Pod.model_validate(
        {
            "metadata": {"name": name, "creationTimestamp": created},
            "spec": {"nodeName": "node-1"},
            "status": {
                "phase": "Running",
                "conditions": conditions,
                "containerStatuses": containers,
                **status,
            },
        }
    )


def waiting(reason, message="", **more):
    return {"state": {"waiting": {"reason": reason, "message": message}}, **more}


def event_of(kind, name, *, uid="", **fields) -> Event:
    return Event.model_validate(
        {
            "metadata": {"name": f"{name}.1", "uid": uid or f"{kind}-{name}"},
            "involvedObject": {"kind": kind, "name": name},
            "eventTime": None,
            **fields,
        }
    )


PULL = waiting("ImagePullBackOff", 'Back-off pulling image "no:1"')
CRASH = waiting("CrashLoopBackOff", "back-off 10s", restartCount=3, lastState=OOM)


@pytest.mark.parametrize(
    ("pod", "found"),
    [
        (pod_of(UNSCHEDULED, phase="Pending"), ("Unschedulable", UNSCHEDULED["message"])),
        (
            pod_of(SCHEDULED, UNREADY, containers=[PULL]),
            ("ImagePullBackOff", 'Back-off pulling image "no:1"'),
        ),
        (
            pod_of(SCHEDULED, UNREADY, initContainerStatuses=[PULL], containers=[waiting("X")]),
            ("ImagePullBackOff", 'Back-off pulling image "no:1"'),
        ),
        (
            pod_of(SCHEDULED, UNREADY, containers=[waiting("ContainerCreating"), PULL]),
            ("ImagePullBackOff", 'Back-off pulling image "no:1"'),
        ),
        (
            pod_of(SCHEDULED, UNREADY, containers=[CRASH]),
            ("CrashLoopBackOff", "OOMKilled: exit code 137; back-off 10s"),
        ),
        (
            pod_of(SCHEDULED, UNREADY, containers=[{"state": OOM}]),
            ("OOMKilled", "exit code 137"),
        ),
        (
            pod_of(SCHEDULED, UNREADY, containers=[{"state": {"running": {}}, "lastState": OOM}]),
            ("OOMKilled", "exit code 137"),
        ),
        (
            pod_of(phase="Failed", reason="Evicted", message="The node was low on memory."),
            ("Evicted", "The node was low on memory."),
        ),
    ],
)
def test_what_keeps_a_pod_from_working_is_told_and_needs_help(pod, found):
    assert finding(pod) == Finding(*found)
    assert needs_help(pod)


@pytest.mark.parametrize(
    ("pod", "reason"),
    [
        (
            pod_of(SCHEDULED, UNREADY, containers=[waiting("ContainerCreating")]),
            "ContainerCreating",
        ),
        (pod_of(SCHEDULED, UNREADY, containers=[{}]), "ContainersNotReady"),
        (pod_of(SCHEDULED, READY, containers=[{"ready": True}]), ""),
        (pod_of(SCHEDULED, READY, containers=[{"lastState": OOM}]), "OOMKilled"),
        (pod_of(phase="Pending"), ""),
    ],
)
def test_a_pod_that_works_or_is_on_its_way_needs_no_help(pod, reason):
    assert finding(pod).reason == reason
    assert not needs_help(pod)


def test_a_pod_that_is_going_needs_no_help():
    going = pod_of(UNREADY, containers=[PULL])
    deleted = going.metadata.model_copy(update={"deleted": START})
    going = going.model_copy(update={"metadata": deleted})

    assert shapes.pod(going)["phase"] == "Terminating"
    assert not needs_help(going)


def test_an_end_with_words_is_told_with_them():
    ended = {"terminated": {"exitCode": 1, "message": "no module named probe\n"}}

    assert finding(pod_of(containers=[{"state": ended}])) == Finding(
        "Terminated", "exit code 1, no module named probe"
    )


def test_pods_in_trouble_come_first_then_those_that_start_then_the_newest():
    found = shapes.worst_first(
        [
            pod_of(READY, name="old", age_s=9),
            pod_of(READY, name="new", age_s=1),
            pod_of(UNREADY, name="starts", age_s=2),
            pod_of(UNREADY, containers=[CRASH], name="crashes", age_s=8),
        ]
    )

    assert [one.metadata.name for one in found] == ["crashes", "starts", "new", "old"]


def test_a_pod_is_shown_with_its_restarts_and_node():
    shown = shapes.pod(pod_of(SCHEDULED, UNREADY, containers=[CRASH]))

    assert (shown["restarts"], shown["node"], shown["ready"]) == (3, "node-1", False)
    assert shown["created_at"] == "2026-11-26T08:00:00.000+00:00"


@pytest.mark.parametrize(
    ("kind", "name", "function"),
    [
        ("Function", "pdf-extract", "pdf-extract"),
        ("Deployment", "atf-pdf-extract", "pdf-extract"),
        ("ReplicaSet", "atf-pdf-extract-7d4b9c6f8d", "pdf-extract"),
        ("Pod", "atf-pdf-extract-7d4b9c6f8d-x2v9k", "pdf-extract"),
        ("Task", "pdf-extract-019a8c5e-7a10-7b3c-9d2e-3f4a5b6c7d8e", "pdf-extract"),
        ("Task", "bill", None),
        ("Dependency", "openrouter", None),
        ("Pod", "atf-asynctaskflow-redis-0", None),
        ("Pod", "other-7d4b9c6f8d-x2v9k", None),
    ],
)
def test_an_object_of_a_function_tells_which_by_its_name(kind, name, function):
    assert shapes.function_of(event_of(kind, name)) == function


def test_names_are_those_that_the_operator_gives():
    assert shapes.deployment_name("echo") == object_name("echo")
    assert shapes.FUNCTION_LABEL == FUNCTION_LABEL


@pytest.mark.parametrize(
    ("kind", "name", "ours"),
    [
        ("Function", "gone", True),
        ("Dependency", "openrouter", True),
        ("Task", "bill", True),
        ("Pod", "atf-echo-7d4b9c6f8d-x2v9k", True),
        ("Deployment", "atf-echo", True),
        # Of a release named atf, and of somebody else.
        ("Pod", "atf-asynctaskflow-api-7d4b9c6f8d-x2v9k", False),
        ("Pod", "shop-7d4b9c6f8d-x2v9k", False),
        ("ConfigMap", "echo", False),
    ],
)
def test_events_of_others_are_not_ours(kind, name, ours):
    assert shapes.is_ours(event_of(kind, name), ["echo"]) is ours


def test_events_are_shown_newest_first_once_and_no_more_than_asked_for():
    found = [
        event_of("Pod", "a", firstTimestamp="2026-11-26T08:00:00Z"),
        event_of("Pod", "b", eventTime="2026-11-26T08:00:02.500000Z"),
        event_of("Pod", "c", lastTimestamp="2026-11-26T08:00:01Z", count=7),
        event_of("Pod", "c", lastTimestamp="2026-11-26T08:00:01Z", count=7),
        event_of(
            "Pod",
            "d",
            eventTime="2026-11-26T07:00:00.000000Z",
            series={"count": 9, "lastObservedTime": "2026-11-26T08:00:03.000000Z"},
        ),
    ]
    shown = shapes.events(found, limit=3)

    assert [(one["object"], one["count"]) for one in shown] == [
        *(("Pod/d", 9), ("Pod/b", 1), ("Pod/c", 7)),
    ]
    assert shown[1]["at"] == "2026-11-26T08:00:02.500+00:00"


def test_conditions_of_the_function_come_before_those_of_its_deployment():
    one = {"type": "Ready", "status": "False", "reason": "NoWorkerReady", "message": "0 of 1"}
    quota = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    function = Function.model_validate({"metadata": {}, "status": {"conditions": [one]}})
    deployment = Deployment.model_validate({"metadata": {}, "status": {"conditions": [quota]}})

    found = shapes.conditions(function, deployment)

    assert [(each["of"], each["type"]) for each in found] == [
        *(("Function", "Ready"), ("Deployment", "ReplicaFailure")),
    ]
    assert shapes.conditions(function, None) == found[:1]


def test_workers_are_the_deployments_numbers_and_image():
    spec = {"replicas": 3, "template": {"spec": {"containers": [{"image": "echo:2"}]}}}
    status = {"readyReplicas": 1, "updatedReplicas": 2}
    given = Deployment.model_validate({"metadata": {}, "spec": spec, "status": status})

    assert shapes.workers(given) == {"desired": 3, "ready": 1, "updated": 2, "image": "echo:2"}
    assert shapes.workers(None) is None
    assert shapes.workers(Deployment.model_validate({"metadata": {}})) == {
        "desired": 1,
        "ready": 0,
        "updated": 0,
        "image": "",
    }

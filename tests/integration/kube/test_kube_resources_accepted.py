"""What ships can be applied, is stored with the models' defaults, and reads well in kubectl."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.model.function import FunctionSpec, Spec
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow_testkit.hostile import UUID, manifest_of
from asynctaskflow_testkit.kube_api import APPLY_PATCH, GROUP_PATH, MERGE_PATCH

pytestmark = pytest.mark.needs("kubernetes")

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = [*sorted(ROOT.glob("functions/*/function.yaml")), ROOT / "openrouter/dependency.yaml"]
EXAMPLES = sorted(ROOT.glob("examples/*/function.yaml"))
MODELS: dict[str, type[Spec]] = {
    "Function": FunctionSpec,
    "Dependency": DependencySpec,
    "Task": TaskSpec,
}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
TIME = "2026-01-02T03:04:05.678Z"
CONDITION = {
    "status": "True",
    "reason": "Fine",
    "message": "All is well.",
    "lastTransitionTime": TIME,
    "observedGeneration": 1,
}
DECISION = {"time": TIME, "from": 1, "to": 3, "reason": "demand 9", "limitedBy": "None"}
FULL_STATUS: dict[str, dict[str, Any]] = {
    "Task": {
        "observedGeneration": 1,
        "taskId": f"echo-{UUID}",
        "state": "COMPLETED",
        "attempts": 2,
        "failures": 1,
        "reason": "rate_limited",
        "worker": "atf-echo-1",
        "acceptedTime": TIME,
        "startedTime": TIME,
        "finishedTime": TIME,
        "nextAttemptTime": TIME,
        "redrives": 1,
        "error": {"class": "timeout", "message": "too slow"},
        "result": {"summary": ["a", 1, {"deep": True}]},
        "resultBytes": 12,
        "resultSha256": "0" * 64,
        "resultPath": f"/api/v1/tasks/echo-{UUID}/result",
        "conditions": [{"type": "Succeeded", **CONDITION}, {"type": "Finished", **CONDITION}],
    },
    "Function": {
        "observedGeneration": 1,
        "replicas": 3,
        "readyReplicas": 2,
        "desiredReplicas": 3,
        "busyReplicas": 1,
        "drainingReplicas": 0,
        "selector": "asynctaskflow.dev/function=good,app.kubernetes.io/component=worker",
        "queue": {
            **dict.fromkeys(["pending", "scheduled", "active", "completed"], 4),
            **dict.fromkeys(["failed", "dlq", "cancelled"], 5),
            "oldestSeconds": 1.5,
            "paused": False,
            "asOf": TIME,
        },
        "dependencies": [{"name": "openrouter", "state": "HalfOpen", "since": TIME}],
        "breaker": "HalfOpen",
        "scaling": {
            "last": {
                **DECISION,
                "acts": True,
                "nextScaleDownTime": TIME,
                "inputs": {"demand": 9.5, "paused": False, "mode": "Active"},
                "candidates": [{"signal": "demand", "replicas": 3}],
            },
            "history": [DECISION] * 5,
        },
        "tasks": {"shown": 7, "skipped": 8, "message": "8 tasks are not shown."},
        "conditions": [{"type": "Ready", **CONDITION}],
    },
    "Dependency": {
        "observedGeneration": 1,
        "state": "Open",
        "since": TIME,
        "reason": "12 of 20 calls failed",
        "calls": 20,
        "failures": 12,
        "failureRatio": 0.6,
        "nextAttemptTime": TIME,
        "override": "Auto",
        "rateLimit": {
            "requestsPerSecond": 0.5,
            "capacity": 10,
            "source": "spec",
            "sleepingUntil": TIME,
            "waiting": 3,
        },
        "usedBy": 2,
        "conditions": [{"type": "Healthy", **CONDITION}],
    },
}
COLUMNS = {
    "Task": "Name Function State Attempts Reason Age",
    "Function": "Name Ready Replicas Desired Busy Queued DLQ Breaker Limited-By Age",
    "Dependency": "Name State Since Failures Retry-At Override Used-By Age",
}
WIDE = {"Task": "Worker Started Finished", "Function": "Min Max Mode Oldest Why Image"}
CELLS: dict[str, list[object]] = {
    "Task": ["good", "echo", "COMPLETED", 2, "rate_limited"],
    "Function": ["good", "True", 3, 3, 1, 4, 5, "HalfOpen", "None"],
    "Dependency": ["good", "Open"],
}
SELECTORS = {
    "Task": "spec.function=echo,status.state=COMPLETED",
    "Function": "status.breaker=HalfOpen",
    "Dependency": "status.state=Open",
}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_manifest_can_be_applied_as_it_is(create, path):
    answer = create(yaml.safe_load(path.read_text()))

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_needs_no_more_than_an_image(create, path):
    manifest = yaml.safe_load(path.read_text())
    manifest["spec"]["image"] = "registry.example/team/example:1"

    answer = create(manifest)

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", MODELS)
def test_what_is_stored_has_the_defaults_of_the_model(create, kind):
    manifest = manifest_of(kind)

    stored = create(manifest).json()["spec"]

    model = MODELS[kind].model_validate(manifest["spec"])
    assert stored == model.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_one_given_limit_leaves_the_other_unset(create):
    """The default of ``limits`` is a whole, in the model too."""
    spec = {"runtime": {"resources": {"limits": {"cpu": "1"}}}}

    stored = create(manifest_of("Function", spec)).json()["spec"]["runtime"]["resources"]

    assert stored["limits"] == {"cpu": "1", "memory": ""}
    assert stored["requests"] == {"cpu": "50m", "memory": "128Mi"}


@pytest.mark.parametrize("kind", MODELS)
def test_kubectl_explain_has_the_models_words(kube_api, kind):
    schemas = kube_api.request("GET", f"/openapi/v3{GROUP_PATH}").json()["components"]["schemas"]
    (spec,) = [
        schema["properties"]["spec"]["properties"]
        for name, schema in schemas.items()
        if name.endswith(f".{kind}")
    ]

    told = {name: field["description"] for name, field in spec.items()}

    assert told == {
        str(field.alias): field.description for field in MODELS[kind].model_fields.values()
    }


@pytest.mark.parametrize("kind", MODELS)
def test_a_whole_status_is_kept_as_it_was_written(kube_api, namespace, create, kind):
    spec = create(manifest_of(kind)).json()["spec"]

    answer = write_status(kube_api, namespace, kind)

    assert answer["status"] == FULL_STATUS[kind]
    assert answer["spec"] == spec


@pytest.mark.parametrize("kind", MODELS)
def test_a_status_given_by_the_author_of_a_resource_is_dropped(create, kind):
    stored = create({**manifest_of(kind), "status": FULL_STATUS[kind]}).json()

    # A Task that nobody has looked at yet is PENDING, by the schema.
    assert stored.get("status") == ({"state": "PENDING"} if kind == "Task" else None)


@pytest.mark.parametrize("result", ["text", 3, 0.5, True, None, ["a", None], {"a": None}], ids=repr)
def test_a_result_is_any_json_when_it_is_applied(kube_api, namespace, create, result):
    """A merge patch would take every ``null`` in it for a field to be left out."""
    bare = {key: value for key, value in manifest_of("Task").items() if key != "spec"}
    create(manifest_of("Task")).raise_for_status()

    answer = kube_api.request(
        "PATCH",
        kube_api.path("Task", namespace, "good", part="status"),
        {**bare, "status": {"result": result}},
        content=APPLY_PATCH,
        query={"fieldManager": "operator", "force": "true"},
    )

    assert answer.json()["status"] == {"state": "PENDING", "result": result}


@pytest.mark.parametrize("kind", COLUMNS)
def test_kubectl_get_shows_the_columns(kube_api, namespace, create, kind):
    create(manifest_of(kind)).raise_for_status()
    write_status(kube_api, namespace, kind)

    table = kube_api.request("GET", kube_api.path(kind, namespace), accept=TABLE).json()

    shown = [one["name"] for one in table["columnDefinitions"] if one["priority"] == 0]
    wide = [one["name"] for one in table["columnDefinitions"] if one["priority"] > 0]
    assert shown == COLUMNS[kind].split()
    assert wide == WIDE.get(kind, "").split()
    assert table["rows"][0]["cells"][: len(CELLS[kind])] == CELLS[kind]


def test_a_time_ahead_is_shown_as_it_is(kube_api, namespace, create):
    """A column of type date shows the age of its time, and of a time ahead only that it is invalid."""
    create(manifest_of("Dependency")).raise_for_status()
    ahead = {"status": {"nextAttemptTime": "2999-01-01T00:00:00Z"}}
    path = kube_api.path("Dependency", namespace, "good", part="status")
    kube_api.request("PATCH", path, ahead, content=MERGE_PATCH).raise_for_status()

    table = kube_api.request("GET", kube_api.path("Dependency", namespace), accept=TABLE).json()

    assert "2999-01-01T00:00:00Z" in table["rows"][0]["cells"]


@pytest.mark.parametrize("kind", SELECTORS)
def test_resources_can_be_selected_by_field(kube_api, namespace, create, kind):
    for name in ("good", "other"):
        create(manifest_of(kind, name=name)).raise_for_status()
    write_status(kube_api, namespace, kind)

    found = kube_api.request(
        "GET", kube_api.path(kind, namespace), query={"fieldSelector": SELECTORS[kind]}
    ).json()

    assert [one["metadata"]["name"] for one in found["items"]] == ["good"]


@pytest.mark.parametrize("kind", MODELS)
def test_short_names_and_the_category_are_served(kube_api, kind):
    resources = kube_api.request("GET", GROUP_PATH).json()["resources"]

    (found,) = [one for one in resources if one["kind"] == kind and "/" not in one["name"]]

    short = {"Task": "atk", "Function": "afn", "Dependency": "adep"}
    assert (found["shortNames"], found["categories"]) == ([short[kind]], ["atf"])


def test_kubectl_scale_sets_and_frees_the_number_of_workers(kube_api, namespace, create):
    """kubectl scale patches ``scale`` without reading it; a read has no answer while nothing is set."""
    create(manifest_of("Function")).raise_for_status()
    write_status(kube_api, namespace, "Function")
    scale = kube_api.path("Function", namespace, "good", part="scale")

    scaled = kube_api.request("PATCH", scale, {"spec": {"replicas": 5}}, content=MERGE_PATCH)

    assert scaled.json()["spec"] == {"replicas": 5}
    seen = kube_api.request("GET", scale).json()["status"]
    assert seen == {"replicas": 3, "selector": FULL_STATUS["Function"]["selector"]}
    function = kube_api.path("Function", namespace, "good")
    assert kube_api.request("GET", function).json()["spec"]["replicas"] == 5
    freed = kube_api.request("PATCH", function, {"spec": {"replicas": None}}, content=MERGE_PATCH)
    assert "replicas" not in freed.json()["spec"]


def test_the_scale_of_a_function_that_scales_itself_cannot_be_read(kube_api, namespace, create):
    """So an HPA or KEDA needs ``replicas`` in the manifest; nothing else reads it."""
    create(manifest_of("Function")).raise_for_status()

    answer = kube_api.request("GET", kube_api.path("Function", namespace, "good", part="scale"))

    assert answer.status_code == 500
    assert ".spec.replicas" in answer.json()["message"]


def write_status(kube_api, namespace, kind) -> dict[str, Any]:
    """The resource after its whole status was written, as the operator does it."""
    answer = kube_api.request(
        "PATCH",
        kube_api.path(kind, namespace, "good", part="status"),
        {"status": FULL_STATUS[kind]},
        content=MERGE_PATCH,
    )
    assert answer.status_code == 200, answer.text
    stored: dict[str, Any] = answer.json()
    return stored

"""The API server refuses what is wrong, says which field it is, and holds on to what is fixed.

The models refuse the same where they can: whoever gets past the one meets the other.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from asynctaskflow.model.dependency import DependencyManifest
from asynctaskflow.model.function import FunctionManifest
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow_testkit.hostile import ABSENT, HOSTILE, UUID, Hostile, manifest_of
from asynctaskflow_testkit.kube_api import MERGE_PATCH

pytestmark = pytest.mark.needs("kubernetes")

REFERENCE = "redis:echo/0199"
FIXED = {
    "another function": ("spec.function", {}, {"function": "other"}),
    "another input": ("spec.input", {}, {"input": {"text": "bye"}}),
    "a deeper input": ("spec.input", {"input": {"a": {"b": [1]}}}, {"input": {"a": {"b": [2]}}}),
    "one more input": ("spec.input", {}, {"input": {"more": 1}}),
    "the input's other form": ("spec.input", {}, {"input": None, "inputRef": REFERENCE}),
    "another reference": (
        "spec.inputRef",
        {"input": ABSENT, "inputRef": REFERENCE},
        {"inputRef": f"{REFERENCE}0"},
    ),
    "another task": (
        "spec.taskId",
        {"input": ABSENT, "taskId": f"echo-{UUID}"},
        {"taskId": f"echo-{UUID[:-1]}2"},
    ),
    "a later start": ("spec.startAfter", {}, {"startAfter": "2030-01-01T00:00:00Z"}),
    "a start at once": (
        "spec.startAfter",
        {"startAfter": "2030-01-01T00:00:00Z"},
        {"startAfter": None},
    ),
    "more attempts": ("spec.maxAttempts", {}, {"maxAttempts": 9}),
    "another age": ("spec.maxAgeSeconds", {"maxAgeSeconds": 5}, {"maxAgeSeconds": 6}),
    "a way back": ("spec.desiredState", {"desiredState": "Cancelled"}, {"desiredState": "Run"}),
    "fewer redrives": ("spec.redrives", {"redrives": 2}, {"redrives": 1}),
}
STEERED = {
    "cancel": {"desiredState": "Cancelled"},
    "redrive": {"redrives": 1},
    "keep for a day": {"ttlSecondsAfterFinished": 86_400},
    "all at once": {"desiredState": "Cancelled", "redrives": 7, "ttlSecondsAfterFinished": 0},
}
BOUNDLESS_STATUS = {
    "a message of 2000 characters": ("Task", {"error": {"message": "a" * 2000}}, "error.message"),
    "an unknown state": ("Task", {"state": "LOST"}, "status.state"),
    "a sixth decision": ("Function", {"scaling": {"history": [{}] * 6}}, "scaling.history"),
    "half a breaker": ("Dependency", {"state": "Ajar"}, "status.state"),
    "more failures than calls": ("Dependency", {"failureRatio": 1.5}, "failureRatio"),
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_the_api_server_refuses_it_and_names_the_field(create, hostile: Hostile):
    answer = create(hostile.manifest)

    assert answer.status_code in {400, 422}, answer.text
    assert hostile.says in answer.json()["message"]


@pytest.mark.parametrize("hostile", [one for one in HOSTILE if not one.cluster_only], ids=str)
def test_the_models_refuse_it_too(hostile: Hostile):
    with pytest.raises(ValidationError):
        validate(hostile.manifest)


@pytest.mark.parametrize("hostile", [one for one in HOSTILE if one.cluster_only], ids=str)
def test_what_only_the_api_server_refuses_is_listed_as_such(hostile: Hostile):
    validate(hostile.manifest)


@pytest.mark.parametrize("change", FIXED)
def test_a_submitted_task_cannot_be_changed(kube_api, namespace, create, change):
    field, before, after = FIXED[change]
    create(manifest_of("Task", before)).raise_for_status()

    answer = kube_api.request(
        "PATCH", kube_api.path("Task", namespace, "good"), {"spec": after}, content=MERGE_PATCH
    )

    assert answer.status_code == 422
    assert field in answer.json()["message"]


@pytest.mark.parametrize("change", STEERED)
def test_a_submitted_task_can_be_steered(kube_api, namespace, create, change):
    create(manifest_of("Task")).raise_for_status()

    answer = kube_api.request(
        "PATCH",
        kube_api.path("Task", namespace, "good"),
        {"spec": STEERED[change]},
        content=MERGE_PATCH,
    )

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("what", BOUNDLESS_STATUS)
def test_a_status_has_bounds_too(kube_api, namespace, create, what):
    kind, status, field = BOUNDLESS_STATUS[what]
    create(manifest_of(kind)).raise_for_status()

    answer = kube_api.request(
        "PATCH",
        kube_api.path(kind, namespace, "good", part="status"),
        {"status": status},
        content=MERGE_PATCH,
    )

    assert answer.status_code == 422
    assert field in answer.json()["message"]


def test_the_same_input_may_be_applied_again(kube_api, namespace, create):
    manifest = manifest_of("Task", {"input": {"a": {"b": [1, None, 2.5, "c"]}}})
    create(manifest).raise_for_status()

    answer = kube_api.request(
        "PATCH", kube_api.path("Task", namespace, "good"), manifest, content=MERGE_PATCH
    )

    assert answer.status_code == 200, answer.text


def validate(manifest: dict[str, Any]) -> None:
    """What the operator and the local stack read a manifest with."""
    match manifest["kind"]:
        case "Function":
            FunctionManifest.model_validate(manifest)
        case "Dependency":
            DependencyManifest.model_validate(manifest)
        case "Task":
            TaskSpec.model_validate(manifest.get("spec"))

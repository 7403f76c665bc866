"""The manifests that a person writes: defaults, bounds, and typos refused by name."""

import pytest
from pydantic import ValidationError

from asynctaskflow.model.dependency import DependencyManifest, DependencySpec
from asynctaskflow.model.function import FunctionManifest, FunctionSpec

MINIMAL = {
    "apiVersion": "asynctaskflow.dev/v1alpha1",
    "kind": "Function",
    "metadata": {"name": "echo", "labels": {"team": "a"}},
    "spec": {"handler": "echo:echo"},
}


def test_a_minimal_function_manifest_is_complete() -> None:
    manifest = FunctionManifest.model_validate(MINIMAL)

    assert manifest.spec.scaling.min_replicas == 0
    assert manifest.spec.retry.max_attempts >= 1


def test_a_spec_survives_storage_without_its_defaults() -> None:
    spec = FunctionSpec.model_validate({"handler": "a.b:c", "concurrency": {"slotsPerWorker": 9}})
    stored = spec.model_dump_json(by_alias=True, exclude_defaults=True)

    assert FunctionSpec.model_validate_json(stored) == spec
    assert "slotsPerWorker" in stored


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "handler"),
        ({"handler": "no colon"}, "handler"),
        ({"handler": "a:b", "hanlder": "a:b"}, "hanlder"),
        ({"handler": "a:b", "scaling": {"maxReplicas": 0}}, "maxReplicas"),
        ({"handler": "a:b", "concurrency": {"slotsPerWorker": 0}}, "slotsPerWorker"),
        ({"handler": "a:b", "dependencies": ["UPPER"]}, "dependencies"),
        ({"handler": "a:b", "timeouts": {"leaseSeconds": 0.1}}, "leaseSeconds"),
    ],
    ids=["missing", "malformed", "typo", "zero max", "zero slots", "bad name", "short lease"],
)
def test_a_bad_function_spec_names_the_field(spec: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        FunctionSpec.model_validate(spec)


@pytest.mark.parametrize("name", ["", "Echo", "-echo", "a" * 41, "a_b", "a}b"])
def test_a_bad_function_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        FunctionManifest.model_validate({**MINIMAL, "metadata": {"name": name}})


def test_a_dependency_manifest_has_a_breaker_by_default() -> None:
    manifest = DependencyManifest.model_validate(
        {
            **MINIMAL,
            "kind": "Dependency",
            "spec": {"rateLimit": {"requests": 5, "intervalSeconds": 1}},
        }
    )

    assert manifest.spec.breaker.half_open_probes == 1
    assert manifest.spec.rate_limit is not None
    assert DependencySpec().rate_limit is None

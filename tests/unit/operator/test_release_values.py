"""The hook that applies the Functions and Dependencies of the chart's values."""

from typing import Any

import pytest
import yaml

from asynctaskflow_operator.kube.kinds import API_VERSION, Kind
from asynctaskflow_operator.kube.port import KubeNotFound, KubeRefused, KubeUnavailable
from asynctaskflow_operator.release.manifests import (
    RELEASE_LABEL,
    apply_all,
    no_longer_listed,
    read_manifests,
)
from asynctaskflow_testkit.fake_kube import FakeKube


class Choosy(FakeKube):
    """Refuses Functions named ``bad…``, and knows no kinds for the first ``starts`` requests."""

    def __init__(self, starts: int = 0) -> None:
        super().__init__()
        self.starts = starts

    async def apply(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if self.starts:
            self.starts -= 1
            raise KubeUnavailable("404 page not found")
        if manifest["metadata"]["name"].startswith("bad"):
            raise KubeRefused("spec.scaling: minReplicas is above maxReplicas")
        return await super().apply(manifest)


class Vanishing(FakeKube):
    """Whatever is to be deleted is gone a moment before."""

    async def delete(self, kind: Kind, name: str) -> None:
        await super().delete(kind, name)
        raise KubeNotFound(name)


def manifest(kind: str, name: str, release: str = "atf", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": {RELEASE_LABEL: release}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


async def apply(kube, *manifests) -> list[str]:
    said: list[str] = []
    await apply_all(kube, manifests, release="atf", say=said.append, again_s=0)
    return said


async def names(kube, kind=Kind.FUNCTION) -> list[str]:
    return [one["metadata"]["name"] for one in await kube.list(kind)]


def test_manifests_of_a_folder_are_marked_as_the_releases(tmp_path):
    for kind, name in (("Function", "a"), ("Dependency", "z")):
        text = yaml.safe_dump({"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}})
        (tmp_path / f"{kind}.yaml").write_text(text)

    found = read_manifests(tmp_path, release="atf")

    assert [one["metadata"]["labels"] for one in found] == [{RELEASE_LABEL: "atf"}] * 2


def test_a_dependency_is_applied_before_the_function_that_uses_it(tmp_path):
    for number, kind in enumerate(("Function", "Dependency")):
        (tmp_path / f"{number}.yaml").write_text(f"kind: {kind}\nmetadata: {{name: x}}")

    found = read_manifests(tmp_path, release="atf")

    assert [one["kind"] for one in found] == ["Dependency", "Function"]


async def test_each_object_gets_one_line():
    said = await apply(FakeKube(), manifest("Dependency", "llm"), manifest("Function", "summarize"))

    assert said == ["Dependency llm: applied", "Function summarize: applied"]


async def test_what_the_values_no_longer_name_is_deleted():
    kube = FakeKube()
    await apply(kube, manifest("Function", "old"), manifest("Function", "kept"))

    said = await apply(kube, manifest("Function", "kept"))

    assert await names(kube) == ["kept"]
    assert said[-1] == "Function old: deleted, the values no longer name it"


async def test_what_others_have_made_is_left_alone():
    kube = FakeKube()
    await kube.create(manifest("Function", "theirs", release="another"))

    await apply(kube, manifest("Function", "kept"))

    assert await names(kube) == ["kept", "theirs"]


async def test_what_somebody_has_set_beside_the_values_stays():
    kube = FakeKube()
    await apply(kube, manifest("Function", "summarize", handler="a:b"))
    await kube.patch(Kind.FUNCTION, "summarize", {"spec": {"replicas": 3}})

    await apply(kube, manifest("Function", "summarize", handler="a:c"))

    found = await kube.get(Kind.FUNCTION, "summarize")
    assert found["spec"] == {"handler": "a:c", "replicas": 3}


async def test_a_refused_object_does_not_stop_the_others_and_is_told_of():
    kube = Choosy()

    with pytest.raises(KubeRefused) as refusal:
        await apply(kube, *(manifest("Function", name) for name in ("bad-1", "bad-2", "good")))

    assert await names(kube) == ["good"]
    assert str(refusal.value).splitlines() == [
        "Function bad-1: spec.scaling: minReplicas is above maxReplicas",
        "Function bad-2: spec.scaling: minReplicas is above maxReplicas",
    ]


async def test_nothing_is_deleted_after_a_refusal():
    kube = Choosy()
    await apply(kube, manifest("Function", "old"))

    with pytest.raises(KubeRefused):
        await apply(kube, manifest("Function", "bad"))

    assert await names(kube) == ["old"]


async def test_kinds_that_are_just_being_installed_are_waited_for():
    kube = Choosy(starts=5)

    await apply(kube, manifest("Function", "summarize"))

    assert await names(kube) == ["summarize"]


async def test_kinds_that_never_come_are_named():
    with pytest.raises(KubeUnavailable, match=r"Function summarize: .*CRDs installed"):
        await apply(Choosy(starts=1000), manifest("Function", "summarize"))


async def test_an_object_that_vanishes_meanwhile_is_no_error():
    kube = Vanishing()
    await apply(kube, manifest("Function", "old"))

    assert await apply(kube) == []


def test_a_function_and_a_dependency_of_one_name_are_two():
    found = [(Kind.FUNCTION, "x"), (Kind.DEPENDENCY, "x")]

    assert no_longer_listed(found, [manifest("Function", "x")]) == [(Kind.DEPENDENCY, "x")]

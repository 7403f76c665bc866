"""The hook that takes a release's resources away before its operator goes."""

from typing import Any

from asynctaskflow_operator.kube.kinds import API_VERSION, FINALIZER, Kind
from asynctaskflow_operator.kube.port import KubeError
from asynctaskflow_operator.release.manifests import RELEASE_LABEL
from asynctaskflow_operator.release.removal import Leaving, remove_all
from asynctaskflow_testkit.fake_kube import FakeKube

LEAVING = Leaving("atf", "atf-operator", timeout_s=0, fail_s=0, stop_s=0, look_s=0)
OPERATOR_LABELS = {
    "app.kubernetes.io/component": "operator",
    "app.kubernetes.io/instance": "atf",
}


class Stubborn(FakeKube):
    """Keeps what has finalizers after its deletion, as an API server does."""

    async def delete(self, kind: Kind, name: str) -> None:
        found = await self.get(kind, name)
        if not found["metadata"].get("finalizers"):
            return await super().delete(kind, name)
        await self.patch(kind, name, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
        return None

    async def patch(self, kind: Kind, name: str, body: dict[str, Any]) -> dict[str, Any]:
        made = await super().patch(kind, name, body)
        meta = made["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            await super().delete(kind, name)
        return made


class Running(Stubborn):
    """With an operator: it puts its finalizer back, fails tasks when told to, and stops when scaled to zero."""

    async def patch(self, kind: Kind, name: str, body: dict[str, Any]) -> dict[str, Any]:
        made = await super().patch(kind, name, body)
        if kind is Kind.DEPLOYMENT and made["spec"]["replicas"] == 0:
            await super().delete(Kind.POD, "operator-1")
        acts = bool(await self.list(Kind.POD))
        spec = body.get("spec", {})
        if acts and "finalizers" in body.get("metadata", {}):
            await self._put_back(kind, name)
        if acts and spec.get("onDelete", {}).get("tasks") == "Fail":
            await super().patch(kind, name, {"metadata": {"finalizers": []}})
        return made

    async def _put_back(self, kind: Kind, name: str) -> None:
        try:
            await super().patch(kind, name, {"metadata": {"finalizers": [FINALIZER]}})
        except KubeError:
            return


async def add(kube, name, *, kind="Function", release="atf", finalizers=(FINALIZER,)) -> None:
    metadata = {"name": name, "labels": {RELEASE_LABEL: release}, "finalizers": list(finalizers)}
    await kube.create({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": {}})


async def add_operator(kube) -> None:
    meta = {"name": "operator-1", "labels": OPERATOR_LABELS}
    await kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta})
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}}
    await kube.create({**deployment, "metadata": {"name": "atf-operator"}})


async def remove(kube, leaving=LEAVING) -> list[str]:
    said: list[str] = []
    await remove_all(kube, leaving, said.append)
    return said


async def names(kube, kind=Kind.FUNCTION) -> list[str]:
    return [one["metadata"]["name"] for one in await kube.list(kind)]


async def test_what_the_values_brought_goes():
    kube = Stubborn()
    await add(kube, "summarize", finalizers=())
    await add(kube, "openrouter", kind="Dependency", finalizers=())

    said = await remove(kube)

    assert said[:2] == ["Function summarize: deleted", "Dependency openrouter: deleted"]
    assert await names(kube) + await names(kube, Kind.DEPENDENCY) == []


async def test_what_does_not_end_in_time_is_let_go():
    kube = Stubborn()
    await add(kube, "summarize")

    said = await remove(kube)

    assert await names(kube) == []
    assert "Function summarize: finalizer taken off" in said


async def test_tasks_of_a_function_that_is_not_done_are_failed_by_the_operator():
    kube = Running()
    await add_operator(kube)
    await add(kube, "summarize")

    said = await remove(kube)

    assert await names(kube) == []
    assert "Function summarize: not done in time, its tasks are failed" in said
    assert "Function summarize: finalizer taken off" not in said


async def test_functions_of_others_stay_and_are_not_stuck_later():
    kube = Stubborn()
    await add(kube, "theirs", release="", finalizers=("example.org/other", FINALIZER))

    await remove(kube)

    found = await kube.get(Kind.FUNCTION, "theirs")
    assert found["metadata"]["finalizers"] == ["example.org/other"]


async def test_the_operator_is_stopped_before_finalizers_are_taken_off():
    """One that runs would put them back."""
    kube = Running()
    await add_operator(kube)
    await add(kube, "theirs", release="")

    said = await remove(kube)

    found = await kube.get(Kind.FUNCTION, "theirs")
    assert found["metadata"]["finalizers"] == []
    assert said[0] == "operator: stopped"


async def test_an_operator_that_does_not_stop_is_told_of():
    kube = Stubborn()
    await add_operator(kube)

    assert await remove(kube) == ["operator: still there; finalizers may come back"]


async def test_only_tasks_of_the_removed_functions_go():
    kube = Stubborn()
    await add(kube, "summarize", finalizers=())
    for name, function in (("a", "summarize"), ("b", "theirs")):
        spec = {"function": function, "input": {}}
        task = {"apiVersion": API_VERSION, "kind": "Task", "metadata": {"name": name}}
        await kube.create({**task, "spec": spec})

    await remove(kube)

    assert await names(kube, Kind.TASK) == ["b"]


async def test_named_secrets_go_and_a_missing_one_is_no_error():
    kube = Stubborn()
    for name in ("made", "given"):
        await kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}})

    await remove(kube, Leaving("atf", secrets=("made", "gone"), timeout_s=0, fail_s=0))

    assert await names(kube, Kind.SECRET) == ["given"]


async def test_a_release_without_anything_is_removed():
    assert await remove(FakeKube(), Leaving("atf")) == []

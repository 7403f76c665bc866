"""The removal waits for an operator that runs: it lets Functions end before what they need is taken away."""

import asyncio
from contextlib import asynccontextmanager

from asynctaskflow_operator.kube.kinds import API_VERSION, FINALIZER, Kind
from asynctaskflow_operator.kube.port import KubeNotFound
from asynctaskflow_operator.release.manifests import RELEASE_LABEL
from asynctaskflow_operator.release.removal import Leaving, remove_all
from asynctaskflow_testkit.fake_kube import FakeKube

LONG_ENOUGH_S = 60.0
# Of the event loop, in which a removal that does not wait would have taken everything away.
TURNS = 200
LEAVING = Leaving(
    "atf", secrets=("redis",), timeout_s=LONG_ENOUGH_S, fail_s=LONG_ENOUGH_S, look_s=0
)


class LookedAfter(FakeKube):
    """Keeps what has our finalizer until the operator of the test takes it off."""

    async def delete(self, kind, name):
        found = await self.get(kind, name)
        if FINALIZER in found["metadata"].get("finalizers", ()):
            await self.patch(
                kind, name, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
            )
        else:
            await super().delete(kind, name)


@asynccontextmanager
async def operator(kube, at_an_end):
    """Calls ``at_an_end`` for every Function that is being deleted, then lets it go."""

    async def act():
        async for _, one in kube.watch(Kind.FUNCTION):
            meta = one["metadata"]
            if meta.get("deletionTimestamp") and meta.get("finalizers"):
                name = meta["name"]
                await at_an_end(name)
                await kube.patch(Kind.FUNCTION, name, {"metadata": {"finalizers": None}})
                await kube.delete(Kind.FUNCTION, name)

    async with asyncio.TaskGroup() as group:
        acting = group.create_task(act())
        yield
        acting.cancel()


async def add(kube, name):
    metadata = {"name": name, "labels": {RELEASE_LABEL: "atf"}, "finalizers": [FINALIZER]}
    spec = {"onDelete": {"tasks": "Finish"}}
    await kube.create(
        {"apiVersion": API_VERSION, "kind": "Function", "metadata": metadata, "spec": spec}
    )


async def test_functions_end_by_themselves_and_are_told_nothing_else():
    kube, said, ended = LookedAfter(), list[str](), list[str]()
    for name in ("a", "b"):
        await add(kube, name)

    async def at_an_end(name):
        ended.append((await kube.get(Kind.FUNCTION, name))["spec"]["onDelete"]["tasks"])

    async with operator(kube, at_an_end):
        await remove_all(kube, LEAVING, said.append)

    assert ended == ["Finish", "Finish"]
    assert said == ["Function a: deleted", "Function b: deleted", "Secret redis: deleted"]


async def test_the_password_of_redis_is_there_until_the_last_function_has_ended():
    kube, present = LookedAfter(), list[bool]()
    await kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis"}})
    for name in ("a", "b"):
        await add(kube, name)

    async def at_an_end(_name):
        for _ in range(TURNS):
            await asyncio.sleep(0)
        try:
            await kube.get(Kind.SECRET, "redis")
        except KubeNotFound:
            present.append(False)
        else:
            present.append(True)

    async with operator(kube, at_an_end):
        await remove_all(kube, LEAVING, lambda _: None)

    assert present == [True, True]
    assert await kube.list(Kind.SECRET) == []

"""The cluster's facts over REST: a real API server holds a Function, its Deployment, pods and Events; nobody acts on them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_api.app import create_app
from asynctaskflow_operator.manifests.worker import Installation, Owner, deployment
from asynctaskflow_testkit.api import patient_settings
from asynctaskflow_testkit.kube_accounts import API_ACCOUNT
from asynctaskflow_testkit.kube_api import MERGE_PATCH, KubeApi
from asynctaskflow_testkit.lifetime import LOOPBACK
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.servers import available
from asynctaskflow_testkit.waiting import eventually

pytestmark = [
    pytest.mark.needs("kubernetes", "helm"),
    # Of Redis only the functions' names are asked; its own tests run on all servers.
    pytest.mark.parametrize("server", [available()[0].name], indirect=True),
]
FACTS, EVENTS = f"/api/v1/functions/{FUNCTION}/cluster", "/api/v1/cluster/events"
POD, OTHER = f"atf-{FUNCTION}-7d4b9c6f8d-x2v9k", "shop-7d4b9c6f8d-x2v9k"
IMAGE = "registry.test/echo:2"
GROUP = "asynctaskflow.dev/v1alpha1"
OpenApi = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


class Cluster:
    """What operator, controllers and kubelet would write."""

    def __init__(self, server: KubeApi, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    def function(self) -> None:
        """One whose worker does not come up."""
        spec = {"handler": "some.module:handler", "image": IMAGE}
        made = {
            "apiVersion": GROUP,
            "kind": "Function",
            "metadata": {"name": FUNCTION},
            "spec": spec,
        }
        created = self._server.create(made, self._namespace).raise_for_status().json()
        condition = {
            "type": "Ready",
            "status": "False",
            "reason": "NoWorkerReady",
            "message": "0 of 1 workers are ready",
            "lastTransitionTime": "2026-11-26T08:00:00Z",
        }
        path = self._server.path("Function", self._namespace, FUNCTION, part="status")
        self._patch(path, {"status": {"conditions": [condition]}})
        self._workers(created["metadata"]["uid"])

    def _workers(self, uid: str) -> None:
        made = deployment(
            Owner(FUNCTION, uid),
            FunctionSpec(handler="a:b", image=IMAGE),
            installation=Installation(self._namespace, "redis", "url"),
            replicas=1,
        )
        base = f"/apis/apps/v1/namespaces/{self._namespace}/deployments"
        self._post(base, made)
        numbers = {"replicas": 1, "updatedReplicas": 1, "unavailableReplicas": 1}
        self._patch(f"{base}/atf-{FUNCTION}/status", {"status": numbers})

    def pod(self, name: str, *, function: str = "", **status: Any) -> None:
        """A pod in whatever state."""
        labels = {"asynctaskflow.dev/function": function} if function else {}
        base = f"/api/v1/namespaces/{self._namespace}/pods"
        spec = {"nodeName": "node-1", "containers": [{"name": "worker", "image": IMAGE}]}
        self._post(base, {"metadata": {"name": name, "labels": labels}, "spec": spec})
        self._patch(f"{base}/{name}/status", {"status": {"phase": "Pending", **status}})

    def event(self, kind: str, name: str, reason: str, *, second: int, **fields: Any) -> None:
        """An Event as client-go writes it."""
        versions = {"Pod": "v1", "Deployment": "apps/v1", "ReplicaSet": "apps/v1"}
        about = {
            "apiVersion": versions.get(kind, GROUP),
            "kind": kind,
            "name": name,
            "namespace": self._namespace,
        }
        made = {
            "metadata": {"generateName": f"{name}."},
            "involvedObject": about,
            "type": "Normal",
            "reason": reason,
            "message": f"{reason} of {name}",
            "lastTimestamp": f"2026-11-26T08:00:{second:02}Z",
            "count": 1,
        }
        self._post(f"/api/v1/namespaces/{self._namespace}/events", {**made, **fields})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._server.request("POST", path, body).raise_for_status()

    def _patch(self, path: str, body: dict[str, Any]) -> None:
        self._server.request("PATCH", path, body, content=MERGE_PATCH).raise_for_status()


@pytest.fixture
def cluster(kube_api: KubeApi, namespace) -> Cluster:
    return Cluster(kube_api, namespace)


@pytest.fixture
def open_api(kube_api: KubeApi, namespace, accounts, folder, redis_url) -> OpenApi:
    """Starts the API as its pod would run, with patience."""
    its = {
        "kube_facts": True,
        "kube_namespace": namespace,
        "kube_host": LOOPBACK,
        "kube_port": kube_api.port,
        "kube_account_dir": folder,
        "kube_facts_timeout_s": 10,
        "kube_facts_kept_s": 0.001,
    }

    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(patient_settings(redis_url, **{**its, **changes}))
        transport = httpx2.ASGITransport(app)
        async with (
            open_queue(redis_url) as q,
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http,
        ):
            await q.queue.register(FUNCTION, FunctionSpec(handler="some.module:handler"))
            yield http

    return opened


async def answer(http: httpx2.AsyncClient, path: str = FACTS) -> dict[str, Any]:
    found = await http.get(path)
    assert found.status_code == 200, found.text
    return dict(found.json())


async def readable(http: httpx2.AsyncClient, path: str = FACTS) -> dict[str, Any]:
    """The answer, once the API server's authorizer has seen the bindings."""

    async def is_there() -> bool:
        found = await answer(http, path)
        return bool(found["available"]) and not found["why"]

    await eventually(is_there, 10)
    return await answer(http, path)


async def test_why_a_function_does_not_start_stands_on_one_page(cluster, open_api, namespace):
    cluster.function()
    pull = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{IMAGE}"'}
    container = {
        "name": "worker",
        "image": IMAGE,
        "imageID": "",
        "ready": False,
        "restartCount": 2,
        "state": {"waiting": pull},
    }
    cluster.pod(POD, function=FUNCTION, containerStatuses=[container])
    async with open_api() as http:
        found = await readable(http)

    assert (found["enabled"], found["namespace"]) == (True, namespace)
    (condition,) = found["conditions"]
    assert (condition["of"], condition["reason"]) == ("Function", "NoWorkerReady")
    assert condition["since"].startswith("2026-11-26T08:00:00")
    assert found["workers"] == {"desired": 1, "ready": 0, "updated": 1, "image": IMAGE}
    (pod,) = found["pods"]
    assert (pod["name"], pod["phase"], pod["node"]) == (POD, "Pending", "node-1")
    assert (pod["reason"], pod["message"]) == (pull["reason"], pull["message"])
    assert (pod["needs_help"], pod["restarts"]) == (True, 2)


async def test_events_of_a_function_are_those_of_all_that_is_its(cluster, open_api):
    cluster.function()
    cluster.pod(POD, function=FUNCTION)
    replica_set = POD.rpartition("-")[0]
    for second, (kind, name, reason) in enumerate(
        [
            ("Function", FUNCTION, "Scaled"),
            ("Deployment", f"atf-{FUNCTION}", "ScalingReplicaSet"),
            ("ReplicaSet", replica_set, "SuccessfulCreate"),
            ("Pod", POD, "Pulling"),
        ]
    ):
        cluster.event(kind, name, reason, second=second)
    gone = f"{replica_set}-bcdfg"
    cluster.event("Pod", gone, "BackOff", second=9, type="Warning", count=12)
    cluster.event("Function", "another", "Scaled", second=30)
    cluster.event("Pod", OTHER, "BackOff", second=31, type="Warning")
    async with open_api() as http:
        found = (await readable(http))["events"]

    assert [(one["object"], one["reason"], one["count"]) for one in found] == [
        (f"Pod/{gone}", "BackOff", 12),
        (f"Pod/{POD}", "Pulling", 1),
        (f"ReplicaSet/{replica_set}", "SuccessfulCreate", 1),
        (f"Deployment/atf-{FUNCTION}", "ScalingReplicaSet", 1),
        (f"Function/{FUNCTION}", "Scaled", 1),
    ]
    assert {one["function"] for one in found} == {FUNCTION}


async def test_events_of_the_namespace_are_ours_newest_first(cluster, open_api):
    cluster.event("Dependency", "openrouter", "BreakerOpen", second=2, type="Warning")
    cluster.event("Function", FUNCTION, "Scaled", second=1)
    cluster.event("Pod", POD, "BackOff", second=3, type="Warning")
    cluster.event("Pod", OTHER, "BackOff", second=4, type="Warning")
    cluster.event("Deployment", "shop", "ScalingReplicaSet", second=5)
    async with open_api() as http:
        found = await readable(http, EVENTS)
        first = await answer(http, f"{EVENTS}?limit=1")
        refused = await http.get(f"{EVENTS}?limit=0")

    assert [(one["object"], one["function"]) for one in found["events"]] == [
        (f"Pod/{POD}", FUNCTION),
        ("Dependency/openrouter", None),
        (f"Function/{FUNCTION}", FUNCTION),
    ]
    assert first["events"] == found["events"][:1]
    assert refused.status_code == 422


async def test_pods_of_others_are_not_even_asked_for(kube_api, cluster, open_api, namespace):
    cluster.function()
    cluster.pod(OTHER)
    cluster.pod(POD, function=FUNCTION)
    user = f"system:serviceaccount:{namespace}:{API_ACCOUNT}"

    def asked() -> set[tuple[str, str]]:
        found = kube_api.audit.requests(since=mark)
        return {(one.verb, one.resource) for one in found if one.user == user}

    async with open_api() as http:
        mark = kube_api.audit.position()
        found = await readable(http)
        await eventually(lambda: ("list", "events") in asked(), 10)

    assert [one["name"] for one in found["pods"]] == [POD]
    assert asked() == {
        ("get", "functions"),
        ("get", "deployments"),
        ("list", "pods"),
        ("list", "events"),
    }


async def test_fifty_dashboards_cost_the_api_server_one_look(
    kube_api, cluster, open_api, namespace
):
    cluster.function()
    user = f"system:serviceaccount:{namespace}:{API_ACCOUNT}"

    def looks() -> int:
        found = kube_api.audit.requests(since=mark)
        return [one.resource for one in found if one.user == user].count("pods")

    async with open_api() as http:
        await readable(http)
    async with open_api(kube_facts_kept_s=60) as http:
        mark = kube_api.audit.position()
        await asyncio.gather(*(answer(http) for _ in range(50)))
        await eventually(lambda: looks() >= 1, 10)

    assert looks() == 1


async def test_a_function_that_the_cluster_does_not_know_is_said_to_be_missing(open_api, namespace):
    async with open_api() as http:
        await eventually(lambda: says(http, "There is no Function"), 10)
        refused = await http.get("/api/v1/functions/No_Name/cluster")

    assert (refused.status_code, refused.json()["code"]) == (404, "function_not_found")


async def says(http: httpx2.AsyncClient, words: str, path: str = FACTS) -> bool:
    found = await answer(http, path)
    return words in found["why"] and found["available"] is False


async def test_an_api_without_its_rights_says_which_is_missing(
    cluster, accounts, open_api, folder, namespace
):
    cluster.function()
    accounts.add("powerless")
    accounts.mount(folder, accounts.token("powerless"))
    async with open_api() as http:
        facts, events = await answer(http), await answer(http, EVENTS)

    assert (facts["enabled"], facts["available"]) == (True, False)
    assert f"may not read functions in namespace {namespace}" in facts["why"]
    assert f"may not read events in namespace {namespace}" in events["why"]


async def test_without_the_api_server_everything_else_goes_on(kube_api, cluster, open_api):
    cluster.function()
    async with open_api() as http:
        await readable(http)
        kube_api.stop()
        try:
            facts, events = await answer(http), await answer(http, EVENTS)
            task = await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json=1)
        finally:
            kube_api.start()
        await readable(http)

    assert "not reached" in facts["why"]
    assert events["events"] == []
    assert task.status_code == 202


async def test_a_silent_api_server_is_given_up_on_in_time(kube_api, cluster, open_api):
    cluster.function()
    clock = SystemClock()
    async with open_api(kube_facts_timeout_s=2) as http:
        kube_api.freeze()
        try:
            before_s = clock.mono_s()
            found = await asyncio.gather(answer(http), answer(http, EVENTS))
            took_s = clock.mono_s() - before_s
        finally:
            kube_api.thaw()
        await readable(http)

    assert [one["available"] for one in found] == [False, False]
    assert all("does not answer" in one["why"] for one in found)
    assert took_s < 4


async def test_where_facts_are_off_there_is_nothing_and_no_failure(open_api):
    async with open_api(kube_facts=False) as http:
        facts, events = await answer(http), await answer(http, EVENTS)

    assert (facts["enabled"], facts["available"]) == (False, False)
    assert (events["enabled"], events["events"]) == (False, [])
    assert "outside of one" in facts["why"]

"""What a Function's reconcile leaves in the cluster and in the queue's registry, whatever was there before."""

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import FunctionNotFound
from asynctaskflow_operator.events import Events
from asynctaskflow_operator.functions.book import Book
from asynctaskflow_operator.functions.reconcile import FunctionReconciler
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.manifests.worker import Installation
from asynctaskflow_testkit.fake_kube import FakeKube

SCHEMA = {"type": "object"}


class Registry:
    """The part of a queue that a reconcile asks, in memory."""

    def __init__(self):
        self.specs, self.calls = {}, []

    async def spec(self, name):
        if name not in self.specs:
            raise FunctionNotFound(name)
        return self.specs[name]

    async def register(self, name, spec):
        self.calls.append("register")
        self.specs[name] = spec

    async def pause(self, name):
        self.calls.append("pause")

    async def resume(self, name):
        self.calls.append("resume")

    async def reopen(self, name):
        self.calls.append("reopen")


@pytest.fixture
def kube():
    return FakeKube()


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def reconciler(kube, registry):
    return process(kube, registry)


def process(kube, registry):
    """The reconciler of a new operator process."""
    clock = SystemClock()
    outbox = Outbox(per_s=1, burst=1, clock=clock)
    return FunctionReconciler(
        Book(),
        kube=kube,
        queue=registry,
        events=Events(kube, outbox, namespace="prod", pod="op", clock=clock),
        installation=Installation("prod", "asynctaskflow-redis", "url"),
    )


def body(**spec):
    return {
        "metadata": {"name": "echo", "uid": "uid-1", "generation": 1},
        "spec": {"handler": "m:f", "image": "i:1", **spec},
    }


async def test_a_new_function_begins_without_workers(reconciler, kube):
    await reconciler.reconcile(body())

    assert (await kube.get(Kind.DEPLOYMENT, "atf-echo"))["spec"]["replicas"] == 0


async def test_a_new_operator_process_keeps_the_workers_that_run(reconciler, kube, registry):
    await reconciler.reconcile(body())
    await kube.patch(Kind.DEPLOYMENT, "atf-echo", {"spec": {"replicas": 3}})
    await process(kube, registry).reconcile(body())

    assert (await kube.get(Kind.DEPLOYMENT, "atf-echo"))["spec"]["replicas"] == 3


async def test_a_spec_that_is_registered_already_is_not_written_again(reconciler, registry):
    await reconciler.reconcile(body())
    await reconciler.reconcile(body())

    assert registry.calls == ["register", "reopen"]


async def test_a_function_that_was_closed_is_opened_by_a_new_process(kube, registry):
    for _ in range(2):
        await process(kube, registry).reconcile(body())

    assert registry.calls == ["register", "reopen", "reopen"]


async def test_schemas_that_a_worker_has_published_stay(reconciler, registry):
    await reconciler.reconcile(body())
    learnt = registry.specs["echo"].model_copy(update={"input_schema": SCHEMA})
    registry.specs["echo"] = learnt
    await reconciler.reconcile(body(paused=True))

    assert registry.specs["echo"].input_schema == SCHEMA


async def test_schemas_of_another_handler_are_dropped(reconciler, registry):
    await reconciler.reconcile(body())
    learnt = registry.specs["echo"].model_copy(update={"input_schema": SCHEMA})
    registry.specs["echo"] = learnt
    await reconciler.reconcile(body(handler="m:other"))

    assert registry.specs["echo"].input_schema == {}


async def test_a_resource_pauses_and_resumes_only_when_it_changes_its_mind(reconciler, registry):
    for paused in (True, True, False, False):
        await reconciler.reconcile(body(paused=paused))

    assert [call for call in registry.calls if call in {"pause", "resume"}] == ["pause", "resume"]


async def test_a_function_without_an_image_has_a_problem_and_no_objects(reconciler, kube):
    one = await reconciler.reconcile(body(image=""))

    assert "spec.image" in one.problem
    assert await kube.list(Kind.DEPLOYMENT) == []


async def test_a_field_that_is_wrong_is_named(reconciler):
    one = await reconciler.reconcile(body(scaling={"maxReplicas": 0}))

    assert one.problem.startswith("spec.scaling.maxReplicas")


async def test_a_namesake_of_a_deleted_function_starts_anew(reconciler):
    first = await reconciler.reconcile(body())
    again = body()
    again["metadata"]["uid"] = "uid-2"
    second = await reconciler.reconcile(again)

    assert (first is second, second.uid) == (False, "uid-2")

"""Kubernetes Events: what they say, and what becomes of those that cannot be sent; in virtual time."""

import asyncio

import pytest

from asynctaskflow_operator.events import MESSAGE_CHARS, WAITING_MAX, About, EventKind, Events
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.kube.port import KubeUnavailable
from asynctaskflow_testkit.fake_kube import FakeKube
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime


class Desk:
    """Events on an API server in memory."""

    def __init__(self):
        self.kube, clock = FakeKube(), LoopClock()
        self.outbox = Outbox(per_s=1000, burst=1000, clock=clock)
        self.events = Events(self.kube, self.outbox, namespace="prod", pod="op-1", clock=clock)

    async def sent(self, within_s=5.0):
        task = asyncio.create_task(self.outbox.run())
        await asyncio.sleep(within_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await self.kube.list(Kind.EVENT)


@pytest.fixture
async def desk():
    return Desk()


async def test_an_event_says_about_what_it_is(desk):
    desk.events.know(About(Kind.FUNCTION, "echo", "uid-1"))
    desk.events.post("echo", EventKind.WARNING, "Restored", "somebody did it")
    (event,) = await desk.sent()

    shown = [event[name] for name in ("type", "reason", "message", "reportingInstance")]
    assert shown == ["Warning", "Restored", "somebody did it", "op-1"]
    assert event["involvedObject"] == {
        "apiVersion": "asynctaskflow.dev/v1alpha1",
        "kind": "Function",
        "name": "echo",
        "namespace": "prod",
        "uid": "uid-1",
    }


async def test_a_function_and_a_dependency_of_one_name_are_told_apart(desk):
    desk.events.know(About(Kind.FUNCTION, "llm", "uid-1"))
    desk.events.know(About(Kind.DEPENDENCY, "llm", "uid-2"))
    desk.events.post("llm", EventKind.NORMAL, "BreakerOpen", "", of=Kind.DEPENDENCY)
    (event,) = await desk.sent()

    about = event["involvedObject"]
    assert (about["kind"], about["uid"]) == ("Dependency", "uid-2")


async def test_a_forgotten_objects_uid_is_not_used_for_its_namesake(desk):
    desk.events.know(About(Kind.FUNCTION, "echo", "uid-1"))
    desk.events.forget(Kind.FUNCTION, "echo")
    desk.events.post("echo", EventKind.NORMAL, "Why", "")
    (event,) = await desk.sent()

    assert event["involvedObject"]["uid"] == ""


async def test_two_events_of_one_moment_are_two(desk):
    desk.events.post("echo", EventKind.NORMAL, "One", "")
    desk.events.post("echo", EventKind.NORMAL, "Two", "")

    assert len(await desk.sent()) == 2


async def test_a_long_message_is_cut(desk):
    desk.events.post("echo", EventKind.NORMAL, "Why", "x" * 5000)
    (event,) = await desk.sent()

    assert len(event["message"]) == MESSAGE_CHARS


async def test_events_wait_for_an_api_server_that_is_away(desk):
    desk.kube.away = True
    desk.events.post("echo", EventKind.NORMAL, "Why", "")
    asyncio.get_running_loop().call_later(30, setattr, desk.kube, "away", False)

    assert len(await desk.sent(within_s=60)) == 1


async def test_while_it_is_away_only_the_newest_events_are_kept(desk):
    for number in range(WAITING_MAX + 50):
        desk.events.post("echo", EventKind.NORMAL, f"N{number}", "")
    reasons = {one["reason"] for one in await desk.sent()}

    assert (len(reasons), "N49" in reasons, "N50" in reasons) == (WAITING_MAX, False, True)


async def test_an_event_whose_answer_was_lost_is_sent_once_more_and_then_settled(desk, monkeypatch):
    create, lost = desk.kube.create, [KubeUnavailable("the answer was lost")]

    async def create_and_lose(manifest):
        made = await create(manifest)
        if lost:
            raise lost.pop()
        return made

    monkeypatch.setattr(desk.kube, "create", create_and_lose)
    desk.events.post("echo", EventKind.NORMAL, "Why", "")
    await desk.sent(within_s=60)

    assert (desk.kube.writes["create", Kind.EVENT], len(desk.outbox)) == (2, 0)

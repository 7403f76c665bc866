"""Event streams over real HTTP: resume without a gap, an honest reset, slow clients, a quick end."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator

import httpx2
import orjson
import psutil
import pytest
import uvicorn

from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_api.app import create_app
from asynctaskflow_api.server import Connection, Server
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_api.streams.hub import BLOCK_MS
from asynctaskflow_testkit.api import patient_settings
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import available
from asynctaskflow_testkit.waiting import eventually

# What differs between the servers is the queue's; its own tests run on all of them.
pytestmark = pytest.mark.parametrize("server", [available()[0].name], indirect=True)
FEED = "/api/v1/events"
STATUS = "/api/v1/queues/status/stream"


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        for name in (FUNCTION, "other"):
            await opened.queue.register(name, FunctionSpec(handler="some.module:handler"))
        yield opened


class Running:
    """An API served by a thread of its own, as ``main`` serves it."""

    def __init__(self, settings: ApiSettings) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = create_app(settings)
        self.services = app.state.services
        config = uvicorn.Config(
            app, http=Connection, loop="asyncio", log_config=None, timeout_graceful_shutdown=3
        )
        self.server = Server(config, on_stop=self.services.hub.close)
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self.server.serve(sockets=[self._socket]))

    def stop(self) -> None:
        self.server.should_exit = True


@pytest.fixture
async def api(redis_url: str, q: QueueUnderTest) -> AsyncIterator[Running]:
    running = Running(
        patient_settings(
            redis_url, sse_heartbeat_s=0.2, sse_buffer_events=64, sse_send_timeout_s=0.5
        )
    )
    running.thread.start()
    await eventually(lambda: running.server.started, 5)
    yield running
    running.stop()
    await asyncio.to_thread(running.thread.join, 10)
    assert not running.thread.is_alive()


class Client:
    """One client of a stream; keeps every event it has read."""

    def __init__(self, api: Running, path: str, last_id: str = "") -> None:
        self.events: list[dict[str, str]] = []
        self.pings = 0
        self.ended = False
        self._url, self._last_id = api.url + path, last_id
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Client":
        self._task = asyncio.create_task(self._read())
        await eventually(lambda: self.events or self.ended, 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with (
            httpx2.AsyncClient(timeout=None, trust_env=False) as http,
            http.stream("GET", self._url, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            event: dict[str, str] = {}
            async for line in answer.aiter_lines():
                self.pings += line.startswith(":")
                name, _, value = line.partition(": ")
                if line and name in {"id", "event", "data"}:
                    event[name] = value
                elif not line and event:
                    self.events.append(event)
                    event = {}
        self.ended = True

    @property
    def last_id(self) -> str:
        return next(event["id"] for event in reversed(self.events) if "id" in event)

    def tasks(self, kind: str = "enqueued") -> list[str]:
        found = [orjson.loads(event["data"]) for event in self.events]
        return [one["task_id"] for one in found if one.get("kind") == kind]


async def test_the_seeds_stream_tells_states_in_the_seeds_words(api, q):
    async with Client(api, STATUS) as client:
        (task_id,) = await q.enqueue()
        await q.complete(await q.claim_one())
        await eventually(lambda: len(client.events) >= 4, 5)
    data = [orjson.loads(event["data"]) for event in client.events]

    assert data[0]["type"] == "initial_status"
    assert {"queue_depths", "state_counts", "retry_ratio", "timestamp"} <= data[0].keys()
    changes = [one for one in data if one["type"] != "heartbeat"][1:4]
    assert [one["type"] for one in changes] == ["task_created"] + ["task_state_changed"] * 2
    assert [one.get("new_state") for one in changes] == [None, "ACTIVE", "COMPLETED"]
    assert {one["task_id"] for one in changes} == {str(task_id)}
    assert not any("event" in event for event in client.events)


async def test_heartbeats_come_while_nothing_happens(api):
    async with Client(api, STATUS) as seeds, Client(api, FEED) as feed:
        await eventually(lambda: len(seeds.events) >= 3 and feed.pings >= 2, 5)

    assert orjson.loads(seeds.events[-1]["data"])["type"] == "heartbeat"


async def seen_so_far(client: Client, number: int) -> None:
    await eventually(lambda: len(client.tasks()) == number, 5)


async def test_a_client_that_comes_back_misses_nothing_and_sees_nothing_twice(api, q):
    ids: list[str] = []
    seen: list[str] = []
    last_id = ""
    for _ in range(4):
        async with Client(api, FEED, last_id) as client:
            ids += [str(one) for one in await q.enqueue(3)]
            await seen_so_far(client, len(ids) - len(seen))
            seen += client.tasks()
            last_id = client.last_id
        ids += [str(one) for one in await q.enqueue(40)]  # while nobody listens

    async with Client(api, FEED, last_id) as client:
        await eventually(lambda: len(seen) + len(client.tasks()) >= len(ids), 5)
        seen += client.tasks()
    assert seen == ids


async def test_a_client_comes_back_at_once_though_nothing_happens(api, q):
    """What is there already does not stand in line behind the reader that waits for more."""
    async with Client(api, FEED) as before:
        await q.enqueue(3)
        await seen_so_far(before, 3)
        first = before.events[0]["id"]

        started_s = asyncio.get_running_loop().time()
        async with Client(api, FEED, first) as again:
            await eventually(lambda: len(again.tasks()) == 3, 5)
        assert asyncio.get_running_loop().time() - started_s < BLOCK_MS / 1000


async def test_a_place_inside_a_shared_entry_resumes_without_loss(api, q):
    async with Client(api, FEED) as client:
        ids = [str(one) for one in await q.enqueue(20)]
        await eventually(lambda: len(client.tasks()) == 20, 5)
    middle = next(event["id"] for event in client.events if "enqueued" in event["data"])

    async with Client(api, FEED, middle) as client:
        await eventually(lambda: set(client.tasks()) == set(ids), 5)


async def test_a_stream_can_be_of_one_function_or_one_task(api, q):
    first, second = await q.enqueue(2)
    async with (
        Client(api, f"{FEED}?function=other") as other,
        Client(api, f"{FEED}?task={second}") as one,
    ):
        await q.queue.cancel(first)
        await q.queue.cancel(second)
        await eventually(lambda: one.tasks("cancelled"), 5)

    assert one.tasks("cancelled") == [str(second)]
    assert other.tasks("cancelled") == []


@pytest.mark.parametrize("last_id", ["echo=1-0,other=0-0", "rubbish", "echo=zz"])
async def test_a_client_that_comes_too_late_is_told_to_start_anew(api, q, last_id):
    await q.enqueue(3)
    await q.client.xtrim(keys.events(FUNCTION), maxlen=1, approximate=False)
    async with Client(api, FEED, last_id) as client:
        await eventually(lambda: len(client.events) >= 2, 5)

    assert [event["event"] for event in client.events[:2]] == ["reset", "ready"]


async def test_a_function_that_is_registered_later_is_followed_too(api, q):
    async with Client(api, FEED) as client:
        await q.queue.register("late", FunctionSpec(handler="some.module:handler"))
        from_late = (await q.queue.enqueue_many([NewTask("late")]))[0]
        await eventually(lambda: client.tasks() == [str(from_late.id)], 6)


async def test_a_client_that_reads_nothing_is_cut_and_hinders_nobody(api, q):
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect(("127.0.0.1", api.port))
    stuck.sendall(f"GET {FEED} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await eventually(lambda: api.services.hub.clients == 1, 5)
    async with Client(api, f"{FEED}?function=other") as good:

        async def flooded() -> bool:
            await q.enqueue(200)
            return api.services.streams.cut == 1

        await eventually(flooded, 20)
        await eventually(lambda: api.services.hub.clients == 1, 5)
        assert not good.ended
    stuck.close()


async def test_idle_clients_cost_next_to_nothing(api):
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(api, FEED)) for _ in range(40)]
        await eventually(lambda: api.services.hub.clients == 40, 5)
        me = psutil.Process()
        before = sum(me.cpu_times()[:2])
        await eventually(lambda: all(client.pings >= 3 for client in clients), 20)
        used_s = sum(me.cpu_times()[:2]) - before

    beats = 3 * len(clients)
    assert used_s / beats < 0.01


async def test_asked_to_stop_it_ends_every_stream_at_once(api):
    async with Client(api, FEED) as feed, Client(api, STATUS) as seeds:
        api.stop()
        await eventually(lambda: feed.ended and seeds.ended, 2)
        await asyncio.to_thread(api.thread.join, 2)

    assert not api.thread.is_alive()


async def test_waiting_requests_are_answered_when_the_process_stops(api, q):
    (task_id,) = await q.enqueue()
    async with httpx2.AsyncClient(base_url=api.url, trust_env=False) as http:
        waiting = asyncio.create_task(http.get(f"/api/v1/tasks/{task_id}?wait=30"))
        await eventually(lambda: api.services.hub.functions, 5)
        api.stop()
        answer = await asyncio.wait_for(waiting, 3)

    assert answer.json()["state"] == "PENDING"

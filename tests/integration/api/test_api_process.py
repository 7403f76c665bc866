"""The API as the process that ``atf-api`` is: outages of Redis, signals, and what strangers get."""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_api.access import Role, new_key
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.servers import RedisServer, available
from asynctaskflow_testkit.waiting import eventually

# What differs between the servers is the queue's; its own tests run on all of them.
pytestmark = pytest.mark.parametrize("server", [available()[0].name], indirect=True)
ANSWER_WITHIN_S = 2.0
SUBMIT = f"/api/v1/functions/{FUNCTION}/tasks"
LARGE_BYTES = 20 * 1024 * 1024  # more than the sockets in between take


@dataclass(slots=True)
class Api:
    process: asyncio.subprocess.Process
    http: httpx2.AsyncClient

    async def timed(self, method: str, path: str, **options) -> httpx2.Response:
        """An answer that came in time."""
        started_s = time.monotonic()
        answer = await self.http.request(method, path, **options)
        assert time.monotonic() - started_s < ANSWER_WITHIN_S
        return answer


@contextlib.asynccontextmanager
async def run_api(redis_url: str, **env: str) -> AsyncIterator[Api]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "asynctaskflow_api.main",
        env={"ATF_REDIS_URL": redis_url, "ATF_API_PORT": str(port), **env},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
        api = Api(process, http)
        try:
            await eventually(lambda: process.returncode is not None or is_live(api), 20)
            yield api
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def is_live(api: Api) -> bool:
    try:
        return (await api.http.get("/live")).status_code == 200
    except httpx2.TransportError:
        return False


async def register(url: str) -> None:
    async with open_queue(url) as q:
        await q.queue.register(FUNCTION, FunctionSpec(handler="some.module:handler"))


async def has_status(api: Api, path: str, status: int) -> bool:
    return (await api.timed("GET", path)).status_code == status


async def test_while_redis_refuses_the_api_says_so_quickly_and_comes_back_by_itself(
    server: RedisServer,
):
    await register(server.url)
    async with run_api(server.url, ATF_AUTH="off") as api:
        assert (await api.timed("POST", SUBMIT, json=1)).status_code == 202
        server.kill()
        refused = await api.timed("POST", SUBMIT, json=1)
        read = await api.timed("GET", "/api/v1/queues/status")
        live = await api.timed("GET", "/live")
        health = await api.timed("GET", "/health")
        metrics = await api.timed("GET", "/metrics")
        await eventually(lambda: has_status(api, "/ready", 503), 3)
        server.restart()
        await register(server.url)
        await eventually(lambda: has_status(api, "/ready", 200), 5)
        again = await api.timed("POST", SUBMIT, json=1)

    assert (refused.status_code, refused.json()["outcome"]) == (503, "unknown")
    assert refused.headers["retry-after"]
    assert (read.status_code, read.json().get("outcome")) == (503, None)
    assert (live.status_code, metrics.status_code) == (200, 200)
    assert health.json()["status"] == "unhealthy"
    assert again.status_code == 202


async def test_while_redis_is_silent_every_answer_still_comes_in_time(server: RedisServer):
    await register(server.url)
    async with run_api(server.url, ATF_AUTH="off") as api:
        assert (await api.timed("POST", SUBMIT, json=1)).status_code == 202
        server.freeze()
        try:
            reads = ("/api/v1/queues/status", "/api/v1/tasks/", "/api/v1/workers/", "/health")
            answers = await asyncio.gather(
                *(api.timed("POST", SUBMIT, json=1) for _ in range(20)),
                *(api.timed("GET", path) for path in reads),
                api.timed("GET", "/ready"),
                api.timed("GET", "/live"),
            )
        finally:
            server.thaw()
        await eventually(lambda: has_status(api, "/ready", 200), 5)
        assert (await api.timed("POST", SUBMIT, json=1)).status_code == 202

    assert [answer.status_code for answer in answers] == [503] * 23 + [200, 503, 200]


async def test_it_starts_without_redis_and_serves_once_redis_is_there(server: RedisServer):
    await register(server.url)
    server.kill()
    async with run_api(server.url, ATF_AUTH="off") as api:
        early = await api.timed("GET", "/ready")
        server.restart()
        await eventually(lambda: has_status(api, "/ready", 200), 5)

    assert (early.status_code, early.json()["code"]) == (503, "not_ready")


async def test_a_server_that_would_evict_tasks_is_refused_at_the_start(server: RedisServer):
    server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        async with run_api(server.url, ATF_AUTH="off") as api:
            await asyncio.wait_for(api.process.wait(), 10)
    finally:
        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")

    assert api.process.returncode != 0


async def test_a_server_that_begins_to_evict_tasks_turns_the_api_unready(server: RedisServer):
    async with run_api(server.url, ATF_AUTH="off", ATF_API_SAFETY_CHECK_S="0.1") as api:
        assert await has_status(api, "/ready", 200)
        server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try:
            await eventually(lambda: has_status(api, "/ready", 503), 5)
        finally:
            server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_ends_within_two_seconds_with_streams_open(
    server: RedisServer, asked: signal.Signals
):
    async with (
        run_api(server.url, ATF_AUTH="off") as api,
        api.http.stream("GET", "/api/v1/events") as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        started_s = time.monotonic()
        api.process.send_signal(asked)
        rest = [line async for line in lines]
        await asyncio.wait_for(api.process.wait(), 3)
        took_s = time.monotonic() - started_s

    assert took_s < 2
    assert rest
    assert api.process.returncode in {0, -asked}


async def test_keys_decide_what_a_caller_may_do(server: RedisServer):
    await register(server.url)
    made = {role: new_key(role.name.lower(), role) for role in (Role.READ, Role.WRITE, Role.ADMIN)}
    settings = ",".join(setting for _, setting in made.values())
    async with run_api(server.url, ATF_API_KEYS=settings) as api:

        async def status(method: str, path: str, token: str, **options) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return (await api.timed(method, path, headers=headers, **options)).status_code

        for role, (key, _) in made.items():
            assert await status("GET", "/api/v1/tasks/", key) == 200
            written = await status("POST", SUBMIT, key, json=1)
            assert written == (202 if role >= Role.WRITE else 403)
            paused = await status("POST", f"/api/v1/functions/{FUNCTION}/pause", key)
            assert paused == (200 if role >= Role.ADMIN else 403)
        assert await status("GET", "/api/v1/tasks/", made[Role.READ][0] + "x") == 401
        header = {"X-API-Key": made[Role.READ][0]}
        assert (await api.timed("GET", "/metrics", headers=header)).status_code == 200
        assert (await api.timed("GET", "/metrics")).status_code == 401


async def test_a_download_that_breaks_midway_never_looks_whole(server: RedisServer):
    async with run_api(server.url, ATF_AUTH="off") as api, open_queue(server.url) as q:
        await register(server.url)
        short, long = await with_upload(api, 10_000), await with_upload(api, LARGE_BYTES)
        for key in await q.client.keys(
            "blob:*:1"
        ):  # the short one's only chunk, the long one's first
            await q.client.setrange(key, 5000, b"damaged")
        damaged = [await outcome_of(api, path) for path in (short, long)]
        for key in await q.client.keys("blob:*:2"):
            await q.client.delete(key)
        removed = await outcome_of(api, long)
        afterwards = await has_status(api, "/live", 200)

    assert damaged == ["broken", "broken"]
    assert removed == "broken"
    assert afterwards


async def test_an_input_in_the_blob_store_that_was_damaged_never_looks_whole(server: RedisServer):
    async with run_api(server.url, ATF_AUTH="off") as api, open_queue(server.url) as q:
        await register(server.url)
        given = await api.http.post(f"/api/v1/uploads?function={FUNCTION}", content=bytes(10_000))
        task = await q.queue.enqueue(NewTask(FUNCTION, input_ref=given.json()["ref"]))
        path = f"/api/v1/tasks/{task.id}/input"
        whole = await outcome_of(api, path)
        for key in await q.client.keys("blob:*:1"):
            await q.client.setrange(key, 5000, b"damaged")

        assert (whole, await outcome_of(api, path)) == ("whole", "broken")


async def test_a_reader_who_has_stopped_holds_one_of_the_downloads_and_is_cut(server: RedisServer):
    limits = {"ATF_API_DOWNLOADS_AT_ONCE": "1", "ATF_API_BODY_TIMEOUT_S": "0.5"}
    async with run_api(server.url, ATF_AUTH="off", **limits) as api:
        await register(server.url)
        path = await with_upload(api, LARGE_BYTES)
        async with api.http.stream("GET", path) as stopped:
            refused = await api.http.get(path)
            await eventually(lambda: is_whole(api, path), 10)
            with pytest.raises(httpx2.TransportError):
                await stopped.aread()

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_at_once")


async def with_upload(api: Api, size: int) -> str:
    """The path of an upload of so many bytes, which a task names."""
    upload = await api.http.post(f"/api/v1/uploads?function={FUNCTION}", content=bytes(size))
    task = await api.http.post(SUBMIT, json={"file_ref": upload.json()["ref"]})
    return f"/api/v1/tasks/{task.json()['task_id']}/uploads/file_ref"


async def outcome_of(api: Api, path: str) -> str:
    try:
        await api.http.get(path)
    except httpx2.TransportError:
        return "broken"
    return "whole"


async def is_whole(api: Api, path: str) -> bool:
    answer = await api.http.get(path)
    return answer.status_code == 200 and len(answer.content) == LARGE_BYTES

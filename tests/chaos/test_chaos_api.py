"""The API while Redis dies, goes away or fails over, and callers that repeat themselves: R05, R06, R07, R09, R22."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import psutil
import pytest

from asynctaskflow.model import keys
from asynctaskflow_testkit.processes import Process
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.rest import ACCEPTED, NO_ANSWER, RestSubmitter
from asynctaskflow_testkit.servers import start_replica
from asynctaskflow_testkit.stage import Stage, handler
from asynctaskflow_testkit.waiting import eventually

BODY = {"text": "hello"}
MIB = 1024 * 1024


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=10) as client:
        yield client


async def _echo_and_api(stage: Stage, **env: str) -> tuple[Process, Process]:
    """A worker, which makes the function known, and an API."""
    worker = stage.fleet.start_worker(handler("echo"), "w0", env=env)
    await stage.ready(worker)
    api = stage.fleet.start_api(env=env)
    await stage.ready(api)
    return worker, api


async def test_r05_a_killed_redis_loses_nothing_that_was_accepted(stage: Stage) -> None:
    worker, api = await _echo_and_api(stage)
    submitter = RestSubmitter(api.base_url, "echo", stage.ledger)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(submitter.submit_until(stop, BODY, lanes=8, pause_s=0.02))
        for _ in range(stage.many(6)):
            accepted = len(submitter.accepted_at_s)
            await eventually(lambda n=accepted: len(submitter.accepted_at_s) > n + 50, 20)  # type: ignore[misc]
            stage.ledger.fault("Redis killed")
            await asyncio.to_thread(stage.server.restart)
        stop.set()
    assert worker.alive
    assert api.alive
    report = await stage.verdict("echo")
    stage.say(f"R05: {dict(submitter.codes)}, slowest answer {submitter.slowest_s:.2f} s")
    assert set(submitter.codes) <= ACCEPTED | {503}
    assert report.accepted == len(submitter.accepted_at_s)


@pytest.mark.parametrize("mode", [Mode.REFUSE, Mode.BLACKHOLE])
async def test_r06_without_redis_every_answer_is_quick_and_honest(
    stage: Stage, http: httpx2.AsyncClient, mode: Mode
) -> None:
    async with fault_proxy(stage.server.port) as proxy:
        worker, api = await _echo_and_api(stage, ATF_REDIS_URL=proxy.url)
        submitter = RestSubmitter(api.base_url, "echo", stage.ledger)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(submitter.submit_until(stop, BODY, lanes=4, pause_s=0.05))
            await eventually(lambda: len(submitter.accepted_at_s) > 20, 20)
            stage.ledger.fault("Redis away")
            await proxy.set_mode(mode)
            await eventually(lambda: _status(http, api, "/ready", 503), 10)
            refused = submitter.codes[503]
            await eventually(lambda: submitter.codes[503] >= refused + 12, 30)
            assert await _status(http, api, "/live", 200)
            assert await _status(http, worker, "/live", 200)
            await eventually(lambda: _status(http, worker, "/ready", 503), 10)
            await proxy.set_mode(Mode.PASS)
            returned, accepted = time.monotonic(), len(submitter.accepted_at_s)
            await eventually(lambda: len(submitter.accepted_at_s) > accepted + 20, 10)
            await eventually(lambda: _status(http, worker, "/ready", 200), 10)
            back_s = time.monotonic() - returned
            stop.set()
        await stage.verdict("echo")
    stage.say(f"R06: slowest answer {submitter.slowest_s:.2f} s, back after {back_s:.2f} s")
    assert submitter.slowest_s < 2
    assert back_s <= 5
    assert set(submitter.codes) <= ACCEPTED | {503}


async def _status(http: httpx2.AsyncClient, process: Process, path: str, wanted: int) -> bool:
    began = time.monotonic()
    answer = await http.get(process.base_url + path)
    assert time.monotonic() - began < 2
    return answer.status_code == wanted


@pytest.mark.parametrize("durability", ["standard", "strict"])
async def test_r07_a_failover_loses_at_most_what_was_declared(
    stage: Stage, http: httpx2.AsyncClient, durability: str
) -> None:
    async with fault_proxy(stage.server.port) as line, fault_proxy(stage.server.port) as proxy:
        with await asyncio.to_thread(
            start_replica, stage.server, through_port=line.port
        ) as replica:
            worker, api = await _echo_and_api(
                stage, ATF_REDIS_URL=proxy.url, ATF_API_DURABILITY=durability
            )
            worker.kill()
            submitter = RestSubmitter(api.base_url, "echo", stage.ledger)
            cut_s = await _submitted_past_the_replica(stage, submitter, line, durability)
            replica.command("REPLICAOF", "NO", "ONE")
            await line.close()
            proxy.target_port = replica.port
            await eventually(lambda: _status(http, api, "/health", 200), 20)
            lost = await _lost(http, api, submitter)
            stage.fleet.start_worker(handler("echo"), "w1", env={"ATF_REDIS_URL": replica.url})
            async with stage.on(replica):
                await stage.verdict("echo", may_be_lost=frozenset(one[-36:] for one in lost))
            for task_id in lost:
                left = replica.command("EXISTS", *_keys_of(task_id))
                assert left == 0, f"{task_id} is half there"
    stage.say(f"R07 {durability}: {len(lost)} of {len(submitter.accepted_at_s)} accepted lost")
    assert bool(lost) is (durability == "standard"), "the cut must cost standard something"
    assert all(submitter.accepted_at_s[one] >= cut_s for one in lost)


async def _submitted_past_the_replica(
    stage: Stage, submitter: RestSubmitter, line: FaultProxy, durability: str
) -> float:
    """Submit while the replica's line is cut, until the promise shows; then kill the primary.

    Returns:
        When the line was cut, in monotonic seconds.
    """
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(submitter.submit_until(stop, BODY, lanes=8, pause_s=0.01))
        await eventually(lambda: len(submitter.accepted_at_s) > 100, 20)
        await line.set_mode(Mode.BLACKHOLE)
        cut_s, accepted = time.monotonic(), len(submitter.accepted_at_s)
        await eventually(
            lambda: (
                submitter.codes[503] > 5
                if durability == "strict"
                else len(submitter.accepted_at_s) > accepted + 100
            ),
            30,
        )
        stage.ledger.fault("primary killed")
        stage.server.kill()
        stop.set()
    return cut_s


async def _lost(http: httpx2.AsyncClient, api: Process, submitter: RestSubmitter) -> list[str]:
    """The accepted ids that are not there any more; each answers 404 and nothing else."""
    lost = []
    for task_id in submitter.accepted_at_s:
        answer = await http.get(f"{api.base_url}/api/v1/tasks/{task_id}")
        assert answer.status_code in {200, 404}, answer.text
        if answer.status_code == 404:
            lost.append(task_id)
    return lost


def _keys_of(task_id: str) -> list[str]:
    name, uuid = task_id[:-37], task_id[-36:]
    return [keys.task(name, uuid), keys.task_input(name, uuid), keys.task_result(name, uuid)]


async def test_r09_a_hundred_posts_with_one_key_are_one_task(
    stage: Stage, http: httpx2.AsyncClient
) -> None:
    _, first = await _echo_and_api(stage)
    second = stage.fleet.start_api("api-2")
    await stage.ready(second)
    submitters = [RestSubmitter(api.base_url, "echo", stage.ledger) for api in (first, second)]
    answers = await asyncio.gather(
        *(submitters[number % 2].post(http, BODY, key="one-key") for number in range(100))
    )
    assert all(answer is not None and answer.status_code in ACCEPTED for answer in answers)
    (task_id,) = {str(answer.json()["task_id"]) for answer in answers if answer is not None}
    stage.ledger.submitted(task_id, key="one-key")
    other = await submitters[0].post(http, {"text": "another body"}, key="one-key")
    assert other is not None
    assert other.status_code in {409, 422}
    report = await stage.verdict("echo")
    assert report.executions == 1


async def test_r09_an_api_killed_before_its_answer_leaves_one_task_for_the_retry(
    stage: Stage, http: httpx2.AsyncClient
) -> None:
    _, first = await _echo_and_api(stage)
    second = stage.fleet.start_api("api-2")
    await stage.ready(second)
    retry = RestSubmitter(second.base_url, "echo", stage.ledger)
    for number in range(stage.many(5)):
        async with fault_proxy(first.port) as proxy:
            await proxy.set_mode(Mode.DROP_REPLY_ONCE)
            url = f"http://127.0.0.1:{proxy.port}"
            lossy = RestSubmitter(url, "echo", stage.ledger)
            assert await lossy.post(http, BODY, key=f"key-{number}") is None
            assert lossy.codes[NO_ANSWER] == 1
        answer = await retry.post(http, BODY, key=f"key-{number}")
        assert answer is not None
        stage.ledger.submitted(answer.json()["task_id"], code=answer.status_code)
    first.kill()
    report = await stage.verdict("echo")
    assert report.executions == report.accepted == stage.many(5)


async def test_r22_bodies_are_refused_by_size_before_they_cost_memory(
    stage: Stage, http: httpx2.AsyncClient
) -> None:
    _, api = await _echo_and_api(stage)
    process = psutil.Process(api.pid)
    before_bytes = process.memory_info().rss
    for size, wanted in ((16, 202), (MIB, 202), (MIB + 1, 413), (100 * MIB, 413)):
        answer = await _post_sized(http, api, size)
        assert answer.status_code == wanted, f"{size} bytes: {answer.text[:300]}"
        if wanted == 202:
            stage.ledger.submitted(answer.json()["task_id"])
    grown = process.memory_info().rss - before_bytes
    stage.say(f"R22: the API grew by {grown / MIB:.1f} MIB")
    assert grown < 50 * MIB
    await stage.verdict("echo")


async def _post_sized(http: httpx2.AsyncClient, api: Process, size: int) -> httpx2.Response:
    """A JSON body of exactly that many bytes, streamed."""
    frame = len('{"text":""}')

    async def body() -> AsyncIterator[bytes]:
        yield b'{"text":"'
        left = size - frame
        while left > 0:
            yield b"x" * min(left, 65_536)
            left -= 65_536
        yield b'"}'

    url = f"{api.base_url}/api/v1/functions/echo/tasks"
    return await http.post(url, content=body(), headers={"Content-Type": "application/json"})


async def test_r22_a_large_result_is_stored_once_and_shown_by_reference(
    stage: Stage, http: httpx2.AsyncClient
) -> None:
    worker = stage.fleet.start_worker(handler("big"), "w0")
    await stage.ready(worker)
    api = stage.fleet.start_api()
    await stage.ready(api)
    (task_id,) = await stage.submit("big", {"size_bytes": 10 * MIB})
    await stage.drained("big", 30)
    task = await stage.queue.get(task_id)
    assert task.result_ref
    detail = await http.get(f"{api.base_url}/api/v1/tasks/{task_id}")
    assert detail.status_code == 200
    assert len(detail.content) <= 16 * 1024
    await stage.verdict("big")

"""What the API shows and switches beside tasks: breakers, workers, the LLM service, health."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from asynctaskflow.dependencies.messages import Ask
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model import keys
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.model.function import FunctionSpec, Timeouts
from asynctaskflow.resilience.breaker import Override, Report
from asynctaskflow_api.app import create_app
from asynctaskflow_testkit.api import patient_settings
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue

SPEC = FunctionSpec(
    handler="some.module:handler",
    dependencies=("openrouter",),
    timeouts=Timeouts(lease_seconds=5),
)


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        await opened.queue.register(FUNCTION, SPEC)
        yield opened


@pytest.fixture
async def breakers(q: QueueUnderTest) -> RedisDependencies:
    found = RedisDependencies(q.client)
    for name in ("openrouter", "other"):
        await found.register(name, DependencySpec())
    return found


@pytest.fixture
async def http(redis_url: str, q: QueueUnderTest) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(patient_settings(redis_url))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        yield client


async def add_worker(q: QueueUnderTest, worker_id: str, *, age_ms: int) -> None:
    seconds, micros = await q.client.time()
    seen = seconds * 1000 + micros // 1000 - age_ms
    fields = {"seen": seen, "state": "running", "slots": 4, "completed": 7, "failed": 2}
    await q.client.hset(keys.worker(FUNCTION, worker_id), mapping=fields)
    await q.client.zadd(keys.workers(FUNCTION), {worker_id: seen})


@pytest.mark.parametrize(
    ("action", "override", "word"),
    [
        ("open", Override.FORCE_OPEN, "open"),
        ("close", Override.FORCE_CLOSED, "closed"),
        ("reset", Override.AUTO, "closed"),
    ],
)
async def test_a_switch_of_one_breaker_holds_for_every_worker(
    http, breakers, action, override, word
):
    answer = await http.post(f"/api/v1/dependencies/other/{action}")

    assert answer.json()["breaker"]["state"] == word
    assert (await breakers.state("other")).breaker.override is override
    assert (await breakers.state("openrouter")).breaker.override is Override.AUTO


async def test_the_seeds_switches_act_on_all_breakers(http, breakers):
    opened = (await http.post("/api/v1/workers/open-circuit-breaker")).json()
    states = [state.breaker.override for state in await breakers.states()]
    shown = (await http.get("/api/v1/openrouter/status")).json()
    closed = (await http.post("/api/v1/workers/reset-circuit-breaker")).json()

    assert (opened["successful_opens"], [one["new_state"] for one in opened["results"]]) == (
        2,
        ["open", "open"],
    )
    assert states == [Override.FORCE_OPEN] * 2
    assert shown["circuit_breaker_open"] is True
    assert closed["successful_resets"] == 2
    assert {state.breaker.override for state in await breakers.states()} == {Override.AUTO}


async def test_a_dependency_shows_its_limits_and_its_history(http, breakers):
    await breakers.configure("other", 10, 60, source="provider")
    await breakers.override("other", Override.FORCE_OPEN, reason="a test")
    shown = (await http.get("/api/v1/dependencies/other")).json()
    listed = (await http.get("/api/v1/dependencies")).json()["dependencies"]

    assert (shown["limiter"]["requests"], shown["limiter"]["interval_seconds"]) == (10, 60)
    assert shown["limiter"]["source"] == "provider"
    assert shown["transitions"][0]["to"] == "open"
    assert [one["name"] for one in listed] == ["openrouter", "other"]


async def test_a_dependency_shows_its_calls_by_day(http, breakers):
    for nonce, ended in (("one", ""), ("two", "timeout"), ("three", "timeout")):
        await breakers.admit("other", Ask(nonce))
        await breakers.report("other", Ask(nonce), Report.NEUTRAL, ended=ended)
    shown = (await http.get("/api/v1/dependencies/other")).json()
    listed = (await http.get("/api/v1/dependencies")).json()["dependencies"]

    (today,) = shown["days"]
    assert today["date"] == shown["now"][:10]
    assert (today["calls"], today["failed"], today["errors"]) == (3, 2, {"timeout": 2})
    assert "days" not in listed[1]


async def test_workers_are_healthy_or_stale_by_their_functions_lease(http, q, breakers):
    await add_worker(q, "fresh", age_ms=100)
    await add_worker(q, "silent", age_ms=60_000)
    await breakers.override("openrouter", Override.FORCE_OPEN)
    shown = (await http.get("/api/v1/workers/")).json()
    workers = {one["worker_id"]: one for one in shown["worker_details"]}

    assert (shown["total_workers"], shown["healthy_workers"], shown["stale_workers"]) == (2, 1, 1)
    assert shown["overall_status"] == "degraded"
    assert (workers["fresh"]["status"], workers["silent"]["status"]) == ("healthy", "stale")
    assert workers["fresh"]["circuit_breaker"]["state"] == "open"
    assert workers["fresh"]["circuit_breaker"]["success_count"] == 7


async def test_health_is_degraded_while_tasks_wait_without_a_worker(http, q):
    idle = (await http.get("/health")).json()
    await q.enqueue()
    starved = (await http.get("/health")).json()
    ready = await http.get("/ready")
    await add_worker(q, "fresh", age_ms=100)
    busy = (await http.get("/health")).json()

    assert (idle["status"], idle["components"]["workers"], idle["note"]) == ("healthy", False, None)
    assert starved["status"] == "degraded"
    assert FUNCTION in starved["note"]
    assert ready.json() == {"status": "ready"}
    assert (busy["status"], busy["components"]["worker_count"]) == ("healthy", 1)


async def test_live_does_not_touch_redis(http, q):
    before = (await q.client.info("commandstats")).items()
    assert (await http.get("/live")).json()["status"] == "alive"
    after = (await q.client.info("commandstats")).items()

    calls = [
        sum(one["calls"] for name, one in stats if "info" not in name) for stats in (before, after)
    ]
    assert calls[0] == calls[1]


async def test_metrics_show_requests_by_route_and_queues_as_they_are(http, q):
    await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json=1)
    await http.get("/nowhere")
    text = (await http.get("/metrics")).text

    assert f'atf_queue_depth{{function="{FUNCTION}",state="PENDING"}} 1.0' in text
    assert f'atf_tasks_enqueued_total{{function="{FUNCTION}"}} 1.0' in text
    route = "/api/v1/functions/{name}/tasks"
    assert f'atf_http_requests_total{{method="POST",route="{route}",status="202"}} 1.0' in text
    assert 'route="(none)",status="404"' in text


async def test_the_service_page_without_a_key_says_so(http):
    status = (await http.get("/api/v1/openrouter/status?force_refresh=true")).json()
    metrics = (await http.get("/api/v1/openrouter/metrics?days=30")).json()

    assert (status["status"], status["circuit_breaker_open"]) == ("api_key_missing", None)
    assert len(metrics["metrics"]) == 30
    assert (await http.get("/api/v1/openrouter/metrics?days=31")).status_code == 422


async def test_redis_is_shown_as_it_is(http):
    health = (await http.get("/api/v1/redis/health")).json()
    pool = (await http.get("/api/v1/redis/pool-stats")).json()["pool_statistics"]

    assert (health["connected"], health["status"]) == (True, "healthy")
    assert pool["created_connections"] >= 1
    assert pool["fallback_mode"] is False

"""What calls leave behind: the service's state, counters per day, a log of errors."""

from datetime import UTC, datetime
from importlib.resources import files

import orjson
import pytest

from asynctaskflow.errors import Permanent, QueueUnavailable, Retryable
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.messages import Completion, Usage
from asynctaskflow_openrouter.reports import CallReports, daily_metrics, recent_errors
from asynctaskflow_openrouter.service import OpenRouterService, stored_credits
from asynctaskflow_testkit.openrouter import unavailable

pytest_plugins = ["asynctaskflow_testkit.openrouter_fixtures"]


async def test_one_provider_fault_is_noise_and_three_in_a_row_are_a_state(service, reports):
    await service.status()

    await reports.failed(unavailable(), model="m", call_id=None)
    once = await service.status()
    for _ in range(2):
        await reports.failed(unavailable(), model="m", call_id=None)
    thrice = await service.status()

    assert (once.state, once.consecutive_failures) == ("active", 1)
    assert (thrice.state, thrice.consecutive_failures) == ("service_unavailable", 3)
    assert thrice.error_details == "HTTP 503"


async def test_a_good_check_does_not_hide_that_calls_fail(service, reports):
    """/key can be up while the models are down."""
    for _ in range(3):
        await reports.failed(unavailable(), model="m", call_id=None)

    status = await service.status(force_refresh=True)

    assert (status.state, status.balance) == ("service_unavailable", 5.0)


async def test_a_success_clears_what_failures_left(service, reports):
    await service.status()
    for _ in range(3):
        await reports.failed(unavailable(), model="m", call_id=None)

    await reports.succeeded(Completion("yes", "m"))

    status = await service.status()
    assert (status.state, status.error_details, status.consecutive_failures) == ("active", None, 0)


async def test_a_refused_key_is_believed_at_once_and_so_is_a_pause(service, reports):
    await reports.failed(
        Retryable("slow", delay_s=7, error_class="rate_limited"), model="m", call_id=None
    )
    paused = await service.status(force_refresh=True)
    await reports.failed(
        Permanent("no", error_class="credential_rejected"), model="m", call_id=None
    )
    refused = await service.status()

    assert paused.state == "rate_limited"
    assert 6000 < paused.rate_limit_reset_ms - paused.now_ms <= 7000
    assert (refused.state, refused.rate_limit_reset_ms) == ("api_key_invalid", None)


async def test_a_refused_input_says_nothing_of_the_service(service, reports):
    await service.status()

    await reports.failed(Permanent("no", error_class="moderated"), model="m", call_id=None)

    status = await service.status()
    assert (status.state, status.consecutive_failures) == ("active", 0)


async def test_calls_are_counted_per_day_with_tokens_and_cost(redis, service, reports):
    await reports.succeeded(Completion("yes", "m", Usage(100, 20, 0.25)))
    await reports.succeeded(Completion("yes", "m", Usage(1, 2, None)))
    await reports.failed(unavailable(), model="m", call_id="t-1")

    counted = await daily_metrics(redis, service, days=2)

    today = datetime.now(UTC).date().isoformat()  # noqa: TID251 - against Redis' own date
    assert next(iter(counted)) == today
    assert counted[today] == {
        "total_calls": 3,
        "successful_calls": 2,
        "failed_calls": 1,
        "error_unavailable": 1,
        "state_active": 3,
        "prompt_tokens": 101,
        "completion_tokens": 22,
        "cost_usd": 0.25,
    }
    assert list(counted.values())[1] == {}


async def test_failed_calls_are_kept_as_json_newest_first(redis, service, reports):
    await reports.failed(unavailable(), model="m", call_id="t-1")
    await reports.failed(Permanent("bad\ninput", error_class="moderated"), model="m", call_id="t-2")

    newest, oldest = await recent_errors(redis, service)

    assert newest["message"] == "bad input"
    assert (oldest["error_class"], oldest["call_id"]) == ("unavailable", "t-1")
    assert newest["time_ms"] >= oldest["time_ms"] > 0


async def test_a_day_keeps_a_thousand_errors_a_week_and_metrics_a_month(redis, service, reports):
    today = datetime.now(UTC).date().isoformat()  # noqa: TID251
    await redis.lpush(keys.worker_errors(today), *["{}"] * 1200)

    await reports.failed(unavailable(), model="m", call_id=None)

    assert await redis.llen(keys.worker_errors(today)) == 1000
    assert 6.9 < await redis.ttl(keys.worker_errors(today)) / 86_400 <= 7
    assert 29.9 < await redis.ttl(keys.metrics(today)) / 86_400 <= 30


async def test_every_key_has_an_end(redis, service, reports):
    await service.status()
    await reports.failed(unavailable(), model="m", call_id=None)

    ttls = {name: await redis.ttl(name) async for name in redis.scan_iter()}

    assert {name for name, ttl in ttls.items() if ttl < 0} == {keys.CREDITS.encode()}


async def test_a_resent_report_is_counted_once(redis, service, reports, monkeypatch):
    monkeypatch.setattr("asynctaskflow_openrouter.reports.secrets.token_hex", lambda _: "same")

    await reports.succeeded(Completion("yes", "m"))
    await reports.succeeded(Completion("yes", "m"))

    (today,) = (await daily_metrics(redis, service, days=1)).values()
    assert today["total_calls"] == 1


async def test_one_call_costs_one_round_trip(redis, reports):
    await reports.succeeded(Completion("yes", "m"))  # loads the script
    await redis.config_resetstat()

    await reports.succeeded(Completion("yes", "m"))

    commands = await redis.info("commandstats")
    assert commands["cmdstat_evalsha"]["calls"] == 1
    assert "cmdstat_eval" not in commands


async def test_without_redis_a_report_is_dropped_and_the_status_says_so(settings, client):
    nowhere = open_async(RedisOptions("redis://127.0.0.1:9/0", timeout_s=0.2, retries=0))
    service = OpenRouterService(nowhere, settings, client=client)
    reports = CallReports(nowhere, credential="c", unhealthy_after=3)

    await reports.succeeded(Completion("yes", "m"))
    with pytest.raises(QueueUnavailable):
        await service.status()

    await nowhere.aclose()


@pytest.mark.parametrize(
    ("ms", "date"),
    [
        (0, "1970-01-01"),
        (951_782_399_000, "2000-02-28"),
        (951_782_400_000, "2000-02-29"),
        (951_868_800_000, "2000-03-01"),
        (1_709_164_800_000, "2024-02-29"),
        (1_767_225_599_999, "2025-12-31"),
        (1_767_225_600_000, "2026-01-01"),
        (4_107_542_400_000, "2100-03-01"),
    ],
)
async def test_the_scripts_know_the_calendar(redis, ms, date):
    prelude = (files("asynctaskflow_openrouter") / "lua/prelude/clock.lua").read_text()

    assert await redis.eval(prelude + "return utc_date(tonumber(ARGV[1]))", 0, ms) == date.encode()


async def test_the_calendar_agrees_with_python_on_every_day_of_a_century(redis):
    prelude = (files("asynctaskflow_openrouter") / "lua/prelude/clock.lua").read_text()
    every = "local d = {} for day = 0, 36524 do d[#d+1] = utc_date((946684800 + day * 86400) * 1000) end return d"

    seen = await redis.eval(prelude + every, 0)

    start = datetime(2000, 1, 1, tzinfo=UTC).toordinal()
    assert seen == [
        datetime.fromordinal(start + day).date().isoformat().encode() for day in range(36_525)
    ]


async def test_every_script_works_on_a_cluster(cluster_url, settings, client):
    redis = open_async(RedisOptions(cluster_url))
    service = OpenRouterService(redis, settings, client=client)
    reports = CallReports(redis, credential=client.credential, unhealthy_after=3)

    await reports.failed(unavailable(), model="m", call_id="t-1")
    status = await service.status()
    (today,) = (await daily_metrics(redis, service, days=1)).values()
    errors = await recent_errors(redis, service)
    credits_hash = await stored_credits(redis)
    await redis.aclose()

    assert status.state == "active"
    assert today["failed_calls"] == 1
    assert orjson.dumps(errors)
    assert credits_hash["balance"] == "5.0"

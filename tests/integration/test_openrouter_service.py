"""The shared state of the service: how fresh it is, and that one process at a time checks it."""

import asyncio

import pytest

from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.messages import Completion
from asynctaskflow_openrouter.service import OpenRouterService, stored_credits
from asynctaskflow_openrouter.simulator import Behaviour, Kind, Step
from asynctaskflow_testkit.openrouter import MINUTE_MS, QUESTION, age, checks
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.openrouter_fixtures"]


async def test_the_first_question_asks_the_provider_and_the_second_does_not(service, simulator):
    first = await service.status()
    second = await service.status()

    assert (first.state, first.cache_hit) == ("active", False)
    assert (second.state, second.cache_hit) == ("active", True)
    assert len(checks(simulator)) == 1


async def test_balance_is_what_is_left_and_usage_is_what_was_spent(service, client):
    """The seed took usage for the balance, and no usage for no credits."""
    fresh = await service.status()
    await client.complete(QUESTION)
    used = await service.status(force_refresh=True)

    assert (fresh.state, fresh.balance, fresh.usage_today) == ("active", 5.0, 0.0)
    assert (used.balance, used.usage_today, used.usage_month) == (4.5, 0.5, 0.5)


async def test_credits_are_kept_in_a_hash_of_their_own(service, redis):
    await service.status()

    stored = await stored_credits(redis)

    assert float(stored["balance"]) == 5.0
    assert float(stored["usage"]) == 0.0
    assert int(stored["last_updated"]) > 0


async def test_a_minute_old_state_is_checked_again(service, redis, simulator):
    await service.status()
    await age(redis, "last_check", MINUTE_MS + 1)

    again = await service.status()

    assert not again.cache_hit
    assert len(checks(simulator)) == 2


async def test_others_get_the_aged_state_while_one_checks(service, redis, simulator):
    await service.status()
    await age(redis, "last_check", 2 * MINUTE_MS)
    simulator.account_script.add(Step(latency_s=0.5))
    checking = asyncio.create_task(service.status())
    await eventually(lambda: len(checks(simulator)) == 2, 5)

    meanwhile = await service.status()

    assert (meanwhile.cache_hit, meanwhile.check_age_ms >= 2 * MINUTE_MS) == (True, True)
    assert not (await checking).cache_hit


async def test_a_state_older_than_five_minutes_is_never_served(service, redis, simulator):
    await service.status()
    await age(redis, "last_check", 6 * MINUTE_MS)
    simulator.account_script.add(Step(latency_s=0.3))
    checking = asyncio.create_task(service.status())
    await eventually(lambda: len(checks(simulator)) == 2, 5)

    waited = await service.status()

    assert waited.check_age_ms < MINUTE_MS
    assert len(checks(simulator)) == 2
    await checking


async def test_fifty_processes_at_once_make_one_check(redis, settings, client, simulator):
    services = [OpenRouterService(redis, settings, client=client) for _ in range(50)]
    simulator.account_script.add(Step(latency_s=0.2))

    seen = await asyncio.gather(*(service.status() for service in services))

    assert {status.state for status in seen} == {"active"}
    assert [status.cache_hit for status in seen].count(False) == 1
    assert len(checks(simulator)) == 1


async def test_forced_refreshes_at_the_same_time_share_one_check(service, simulator):
    await service.status()
    simulator.account_script.add(Step(latency_s=0.2))

    await asyncio.gather(*(service.status(force_refresh=True) for _ in range(10)))

    assert len(checks(simulator)) == 2


async def test_a_check_whose_process_died_is_taken_over(service, redis, simulator):
    await redis.set(keys.LOCK, "a process that is gone", px=200)

    status = await service.status()

    assert (status.state, status.cache_hit) == ("active", False)


async def test_a_cancelled_check_gives_its_lock_back(service, redis, simulator):
    simulator.account_script.add(Step(kind=Kind.STALL_HEADERS))
    checking = asyncio.create_task(service.status())
    await eventually(lambda: checks(simulator), 5)

    checking.cancel()
    await asyncio.gather(checking, return_exceptions=True)

    assert await redis.exists(keys.LOCK) == 0


async def test_a_check_that_lost_its_lock_changes_nothing(service, redis, simulator):
    await service.status()
    simulator.account_script.add(Step(kind=Kind.STATUS, status=401, latency_s=0.2))
    late = asyncio.create_task(service.status(force_refresh=True))
    await eventually(lambda: len(checks(simulator)) == 2, 5)
    await redis.set(keys.LOCK, "another process")

    status = await late

    assert status.state == "active"
    assert await redis.get(keys.LOCK) == b"another process"


CHECKS = [
    (Step(kind=Kind.STATUS, status=401), "api_key_invalid"),
    (Step(kind=Kind.STATUS, status=403), "api_key_invalid"),
    (Step(kind=Kind.STATUS, status=402), "credits_exhausted"),
    (Step(kind=Kind.STATUS, status=403, message="Key limit exceeded"), "credits_exhausted"),
    (Step(kind=Kind.STATUS, status=429, retry_after="7"), "rate_limited"),
    (Step(kind=Kind.STATUS, status=503), "service_unavailable"),
    (Step(kind=Kind.STALL_HEADERS), "service_unavailable"),
    (Step(kind=Kind.RESET), "service_unavailable"),
    (Step(kind=Kind.HTML), "error"),
    (Step(kind=Kind.STATUS, status=400), "error"),
]


@pytest.mark.parametrize(("step", "state"), CHECKS, ids=lambda case: str(case)[:40])
async def test_a_failed_check_names_its_state_and_the_next_good_one_clears_it(
    service, simulator, step, state
):
    simulator.account_script.add(step)

    failed = await service.status()
    good = await service.status(force_refresh=True)

    assert (failed.state, failed.consecutive_failures) == (state, 1)
    assert failed.error_details
    if state != "rate_limited":  # that one lasts as long as the provider asked for
        assert (good.state, good.error_details, good.consecutive_failures) == ("active", None, 0)


async def test_an_empty_account_is_exhausted(redis, settings, client, simulator):
    simulator.script.behave(Behaviour(credits=0.5, cost_per_call=0.5))
    service = OpenRouterService(redis, settings, client=client)
    await client.complete(QUESTION)

    assert (await service.status()).state == "credits_exhausted"


async def test_a_compatible_server_without_key_endpoint_is_active(service, simulator):
    missing = Step(kind=Kind.STATUS, status=404, times=2)
    simulator.account_script.add(missing)

    status = await service.status()

    assert (status.state, status.balance) == ("active", None)


async def test_a_key_that_may_not_see_the_account_has_the_balance_of_its_own_limit(
    service, simulator
):
    simulator.account_script.add(Step(), Step(kind=Kind.STATUS, status=403))

    status = await service.status()

    assert (status.state, status.balance) == ("active", 5.0)


async def test_an_account_that_does_not_answer_is_a_failed_check(service, simulator):
    simulator.account_script.add(Step(), Step(kind=Kind.STATUS, status=500))

    assert (await service.status()).state == "service_unavailable"


async def test_a_check_that_never_ends_elsewhere_is_not_waited_for_without_end(
    redis, settings, client
):
    impatient = settings.model_copy(update={"check_timeout_s": 0.05})
    await redis.set(keys.LOCK, "a process that hangs")

    status = await OpenRouterService(redis, impatient, client=client).status()

    assert status.state == "error"
    assert "not known" in status.message


async def test_the_limit_that_the_provider_reports_reaches_the_limiter(service, simulator, limits):
    simulator.script.behave(Behaviour(limit_requests=230, limit_window_s=10))

    await service.status()

    assert limits.told == [("openrouter", 192, 10, "provider", 38)]


async def test_a_process_without_key_hears_of_the_service_from_the_workers(
    redis, settings, reports
):
    keyless = OpenRouterService(redis, settings, client=None)

    before = await keyless.status()
    await reports.succeeded(Completion("yes", "m"))
    after = await keyless.status()

    assert (before.state, after.state) == ("api_key_missing", "active")

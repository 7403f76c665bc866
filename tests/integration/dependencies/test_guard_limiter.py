"""The limiter that all workers share: waiting for tokens, sleep after a 429, whose limit holds."""

import asyncio

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import NotNow, Retryable
from asynctaskflow.model.dependency import RateLimit
from asynctaskflow.resilience.breaker import Status
from asynctaskflow_testkit.dependencies import NAME, SharedDependency, answer, failing
from asynctaskflow_testkit.waiting import eventually


async def test_a_call_waits_for_its_token_and_is_then_made(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=10, interval_seconds=1, capacity=1))
    clock = SystemClock()
    start_s = clock.mono_s()

    for _ in range(4):
        assert await shared.guard().call(answer) == 42

    assert clock.mono_s() - start_s > 0.29
    assert (await shared.state()).limiter.throttled == 3


async def test_a_wait_longer_than_allowed_hands_the_task_back(shared: SharedDependency):
    await shared.register(
        limit=RateLimit(requests=1, interval_seconds=60, capacity=1), max_wait_s=0.5
    )
    await shared.guard().call(answer)

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert refused.value.reason == "rate_limited"
    assert 59 < refused.value.delay_s <= 60
    assert (await shared.state()).limiter.waiting == 0


async def test_a_wait_beyond_the_attempts_deadline_hands_the_task_back(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=5, capacity=1))
    await shared.guard().call(answer)

    with pytest.raises(NotNow):
        await shared.guard(remaining_s=lambda: 1.0).call(answer)


async def test_who_is_cancelled_while_waiting_leaves_the_line(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=9, capacity=1))
    await shared.guard().call(answer)
    waiter = asyncio.create_task(shared.guard().call(answer))
    await eventually(shared.waiting, 5)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter

    assert (await shared.state()).limiter.waiting == 0


async def test_a_429_puts_the_bucket_to_sleep_for_everyone(shared: SharedDependency):
    await shared.register(max_wait_s=1)
    with pytest.raises(Retryable):
        await shared.guard().call(failing(Retryable("429", error_class="rate_limited", delay_s=7)))

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert 3 < refused.value.delay_s <= 7
    assert await shared.status() == Status.CLOSED


async def test_an_absurd_retry_after_sleeps_an_hour_at_most(shared: SharedDependency):
    await shared.register()

    assert await shared.dependencies.sleep(NAME, 1e9) <= 3600


async def test_the_specs_limit_is_stronger_than_the_providers(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))

    assert not await shared.dependencies.configure(NAME, 900, 1, source="provider")
    assert (await shared.state()).limiter.requests == 5


async def test_a_limit_that_the_provider_reports_holds_at_once(shared: SharedDependency):
    await shared.register()
    assert await shared.dependencies.configure(NAME, 230, 10, source="provider")
    limiter = (await shared.state()).limiter
    assert (limiter.requests, limiter.interval_ms, limiter.source) == (230, 10_000, "provider")

    await shared.dependencies.configure(NAME, 2, 10, source="provider", capacity=1)

    assert (await shared.state()).limiter.tokens == 1


async def test_a_higher_limit_reaches_those_who_wait_already(shared: SharedDependency):
    await shared.register(max_wait_s=600)
    await shared.dependencies.configure(NAME, 1, 300, source="provider")
    await shared.guard().call(answer)
    waiter = asyncio.create_task(shared.guard().call(answer))
    await eventually(shared.waiting, 5)

    await shared.dependencies.configure(NAME, 1000, 1, source="provider")

    assert await asyncio.wait_for(waiter, 3) == 42


async def test_the_providers_limit_returns_when_the_spec_gives_up_its_own(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))
    await shared.register()

    assert (await shared.state()).limiter.source == ""
    assert await shared.dependencies.configure(NAME, 7, 1, source="provider")


async def test_a_limit_of_nonsense_is_refused(shared: SharedDependency):
    for requests, interval_s in [(-1, 1), (float("inf"), 1), (float("nan"), 1), (1, 0)]:
        with pytest.raises(ValueError, match="limit of 'api'"):
            await shared.dependencies.configure(NAME, requests, interval_s, source="provider")

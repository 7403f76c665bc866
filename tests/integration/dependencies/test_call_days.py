"""Calls by day: what counts, what it counts as, and what is forgotten."""

import asyncio

import pytest

from asynctaskflow.dependencies.dependency_keys import days_key
from asynctaskflow.dependencies.messages import Ask, CallDay
from asynctaskflow.errors import NotNow, Permanent, Retryable
from asynctaskflow.resilience.breaker import Override, Report
from asynctaskflow_testkit.dependencies import NAME, SharedDependency, answer

DAY_MS = 86_400_000


async def fails(shared: SharedDependency, error: BaseException) -> None:
    async def operation():
        raise error

    with pytest.raises(type(error)):
        await shared.guard().call(operation)


async def today(shared: SharedDependency) -> CallDay:
    (day,) = await shared.dependencies.days(NAME)
    return day


async def test_calls_count_by_day_and_failed_ones_by_error_class(shared: SharedDependency):
    await shared.register()
    await shared.guard().call(answer)
    await fails(shared, Retryable("429", error_class="rate_limited"))
    await fails(shared, Permanent("no", error_class="Moderated!"))
    await fails(shared, ZeroDivisionError())
    for _ in range(2):
        await fails(shared, TimeoutError())

    day = await today(shared)

    assert (day.calls, day.failed) == (6, 5)
    assert day.errors == {
        "timeout": 2,
        "moderated": 1,
        "rate_limited": 1,
        "zero_division_error": 1,
    }
    assert next(iter(day.errors)) == "timeout"


async def test_a_class_may_be_called_what_the_counters_are_called(shared: SharedDependency):
    await shared.register()
    await fails(shared, Permanent("no", error_class="failed"))
    await fails(shared, Permanent("no", error_class="calls"))

    assert await today(shared) == CallDay(
        (await today(shared)).date, 2, 2, {"calls": 1, "failed": 1}
    )


async def test_a_call_that_was_never_made_is_not_counted(shared: SharedDependency):
    await shared.register()
    await shared.dependencies.override(NAME, Override.FORCE_OPEN)
    with pytest.raises(NotNow):
        await shared.guard().call(answer)
    await shared.dependencies.report(NAME, Ask("made-up"), Report.FAULT, ended="timeout")

    assert await shared.dependencies.days(NAME) == []


async def test_a_resent_report_is_counted_once(shared: SharedDependency):
    await shared.register()
    ask = Ask("a-nonce")
    await shared.dependencies.admit(NAME, ask)

    for _ in range(3):
        await shared.dependencies.report(NAME, ask, Report.FAULT, ended="timeout")

    assert (await today(shared)).errors == {"timeout": 1}


async def test_a_call_that_outlived_its_breaker_is_still_counted(shared: SharedDependency):
    await shared.register()
    ask = Ask("slow")
    await shared.dependencies.admit(NAME, ask)
    await shared.dependencies.override(NAME, Override.FORCE_OPEN)

    counted = await shared.dependencies.report(NAME, ask, Report.SUCCESS, ended="")

    assert (counted.counted, (await today(shared)).calls) == (False, 1)


async def test_a_cancelled_call_has_failed(shared: SharedDependency):
    await shared.register()
    running = asyncio.Event()

    async def operation():
        running.set()
        await asyncio.Event().wait()

    call = asyncio.create_task(shared.guard().call(operation))
    await running.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert (await today(shared)).errors == {"cancelled_error": 1}


async def test_a_week_is_kept_and_the_first_call_of_a_day_forgets_what_is_older(
    shared: SharedDependency,
):
    await shared.register()
    now_s, _ = await shared.client.time()
    now = now_s * 1000 // DAY_MS
    old = {f"{now - back}:calls": back for back in (1, 6, 7, 30)} | {f"{now - 7}:e:timeout": 7}
    await shared.client.hset(days_key(NAME), mapping=old)
    shown = [day.calls for day in await shared.dependencies.days(NAME)]

    await shared.guard().call(answer)

    assert shown == [1, 6]
    assert [day.calls for day in await shared.dependencies.days(NAME)] == [1, 1, 6]
    assert await shared.client.hlen(days_key(NAME)) == 3
    assert 7 * DAY_MS < await shared.client.pttl(days_key(NAME)) <= 8 * DAY_MS


async def test_classes_without_end_become_one(shared: SharedDependency):
    await shared.register()
    for number in range(250):
        await fails(shared, Permanent("no", error_class=f"class_{number}"))

    errors = (await today(shared)).errors

    assert sum(errors.values()) == 250
    assert (len(errors), next(iter(errors))) == (199, "other")

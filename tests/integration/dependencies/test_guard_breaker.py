"""The breaker that all workers share: what opens it, its probes, and a person's word."""

import asyncio

import pytest

from asynctaskflow.dependencies.messages import Ask, Code
from asynctaskflow.errors import NotNow, Permanent, Retryable
from asynctaskflow.model.dependency import DependencySpec, RateLimit
from asynctaskflow.resilience.breaker import Override, Report, Status
from asynctaskflow_testkit.dependencies import (
    FAULT,
    NAME,
    PROMPT,
    SharedDependency,
    answer,
    failing,
)
from asynctaskflow_testkit.waiting import eventually


async def test_enough_provider_faults_open_the_breaker_for_everybody(shared: SharedDependency):
    await shared.register()
    await shared.break_it()

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert refused.value.reason == "breaker_open"
    assert 29 < refused.value.delay_s <= 30


async def test_a_refused_call_is_not_made(shared: SharedDependency):
    await shared.register()
    await shared.break_it()
    calls = []

    async def operation():
        calls.append(1)

    with pytest.raises(NotNow):
        await shared.guard().call(operation)
    assert calls == []


@pytest.mark.parametrize(
    "error",
    [
        Permanent("401", error_class="credential_rejected"),
        Retryable("402", error_class="insufficient_credits"),
        ValueError("a defect of the handler"),
    ],
)
async def test_errors_of_ours_count_neither_as_success_nor_as_failure(
    shared: SharedDependency, error
):
    await shared.register()
    for _ in range(10):
        with pytest.raises(type(error)):
            await shared.guard().call(failing(error))

    state = await shared.state()
    assert (state.breaker.status, state.breaker.calls) == (Status.CLOSED, 0)


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("gone"), FAULT])
async def test_faults_of_the_provider_count(shared: SharedDependency, error):
    await shared.register()
    with pytest.raises(type(error)):
        await shared.guard().call(failing(error))

    assert (await shared.state()).breaker.failures == 1


async def test_an_error_inside_an_answer_of_200_counts(shared: SharedDependency):
    await shared.register()
    error = Retryable("error in 200", error_class="bad_response", provider_fault=True)
    with pytest.raises(Retryable):
        await shared.guard().call(failing(error))

    assert (await shared.state()).breaker.failures == 1


async def test_the_probes_close_the_breaker_again(shared: SharedDependency):
    await shared.register(breaker=PROMPT)
    await shared.break_it()

    await eventually(shared.passes, 5)
    await shared.guard().call(answer)

    assert await shared.status() == Status.CLOSED
    reasons = [
        (one.old, one.new, one.reason) for one in await shared.dependencies.transitions(NAME)
    ]
    assert reasons == [
        (Status.HALF_OPEN, Status.CLOSED, "probes succeeded: 2"),
        (Status.OPEN, Status.HALF_OPEN, "open time is over"),
        (Status.CLOSED, Status.OPEN, "4 of 4 calls failed"),
    ]


async def test_a_failed_probe_opens_it_again(shared: SharedDependency):
    await shared.register(breaker=PROMPT)
    await shared.break_it()

    async def probe_fails() -> bool:
        try:
            await shared.guard().call(failing(FAULT))
        except NotNow:
            return False
        except Retryable:
            return True
        return False

    await eventually(probe_fails, 5)

    assert await shared.status() == Status.OPEN
    assert (await shared.state()).breaker.probes == 1


async def test_a_429_during_a_probe_frees_the_permit_and_leaves_the_breaker_alone(
    shared: SharedDependency,
):
    await shared.register(breaker=PROMPT)
    await shared.break_it()
    too_many = Retryable("402", error_class="insufficient_credits")

    async def neutral_probe() -> bool:
        try:
            await shared.guard().call(failing(too_many))
        except NotNow:
            return False
        except Retryable:
            return True
        return False

    await eventually(neutral_probe, 5)

    breaker = (await shared.state()).breaker
    assert (breaker.status, breaker.probes_in_flight) == (Status.HALF_OPEN, 0)


async def test_a_cancelled_probe_frees_its_permit(shared: SharedDependency):
    await shared.register(breaker=PROMPT)
    await shared.break_it()
    entered = asyncio.Event()

    async def stuck():
        entered.set()
        await asyncio.Event().wait()

    await eventually(shared.is_due, 5)
    probe = asyncio.create_task(shared.guard().call(stuck))
    await entered.wait()
    assert (await shared.state()).breaker.probes_in_flight == 1
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe

    assert (await shared.state()).breaker.probes_in_flight == 0


async def test_the_report_of_an_expired_permit_counts_for_nothing(shared: SharedDependency):
    await shared.register(breaker=PROMPT.model_copy(update={"permit_seconds": 0.05}))
    await shared.break_it()
    await eventually(shared.is_due, 5)
    late = Ask("a late probe")
    assert (await shared.dependencies.admit(NAME, late)).probe
    await eventually(shared.no_probe_in_flight, 5)

    counted = await shared.dependencies.report(NAME, late, Report.FAULT)

    assert (counted.counted, counted.status) == (False, Status.HALF_OPEN)


async def test_a_waiter_holds_no_probe_permit(shared: SharedDependency):
    await shared.register(
        breaker=PROMPT, limit=RateLimit(requests=1, interval_seconds=9, capacity=4)
    )
    await shared.break_it()
    await eventually(shared.is_due, 5)

    answer_to_waiter = await shared.dependencies.admit(NAME, Ask("waits for its token"))

    state = await shared.state()
    assert answer_to_waiter.code is Code.WAIT
    assert (state.breaker.status, state.breaker.probes_in_flight) == (Status.OPEN, 0)


async def test_a_persons_word_outlives_the_registration_by_every_new_worker(
    shared: SharedDependency,
):
    await shared.register()
    await shared.dependencies.override(NAME, Override.FORCE_OPEN, reason="maintenance")
    await shared.register()

    assert (await shared.state()).breaker.override is Override.FORCE_OPEN
    with pytest.raises(NotNow):
        await shared.guard().call(answer)
    last = (await shared.dependencies.transitions(NAME))[0]
    assert last.reason == "ForceOpen: maintenance"


async def test_a_changed_override_in_the_manifest_acts(shared: SharedDependency):
    await shared.register()
    await shared.dependencies.register(NAME, DependencySpec(override="ForceOpen"))
    assert await shared.status() == Status.OPEN

    await shared.dependencies.register(NAME, DependencySpec())
    assert await shared.status() == Status.CLOSED


async def test_auto_closes_an_open_breaker(shared: SharedDependency):
    await shared.register()
    await shared.break_it()

    assert await shared.dependencies.override(NAME, Override.AUTO)
    assert await shared.guard().call(answer) == 42


async def test_an_open_breaker_tells_when_it_may_be_probed(shared: SharedDependency):
    await shared.register()
    assert await shared.is_due()
    await shared.break_it()

    state = await shared.state()

    assert 29_000 < state.breaker.next_attempt_ms - state.now_ms <= 30_000

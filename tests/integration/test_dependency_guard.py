"""What a call through the guard does to the shared limiter and breaker, and what it costs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.dependencies.guard import DependencyGuard, Surroundings
from asynctaskflow.dependencies.messages import Ask, Code, DependencyNotFound
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow, Permanent, QueueUnavailable, Retryable
from asynctaskflow.model import keys
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec, RateLimit
from asynctaskflow.resilience.breaker import Override, Report, Status
from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

NAME = "api"
BREAKER = BreakerPolicy(
    window_seconds=60, min_calls=4, failure_ratio=0.5, open_seconds=30, half_open_probes=2
)
PROMPT = BREAKER.model_copy(update={"open_seconds": 0.05})
FAULT = Retryable("503", error_class="unavailable", provider_fault=True)


@dataclass(frozen=True, slots=True)
class Shared:
    """A dependency in Redis, and workers' guards around it."""

    client: AsyncRedis
    dependencies: RedisDependencies

    async def register(self, *, breaker=BREAKER, limit=None, max_wait_s=10.0) -> None:
        spec = DependencySpec(breaker=breaker, rate_limit=limit, max_wait_seconds=max_wait_s)
        await self.dependencies.register(NAME, spec)

    def guard(self, **surroundings) -> DependencyGuard:
        around = Surroundings(roll=lambda: 0.0, **surroundings)
        return DependencyGuard(self.dependencies, NAME, around)

    async def state(self):
        return await self.dependencies.state(NAME)

    async def status(self) -> Status:
        return (await self.state()).breaker.status

    async def break_it(self) -> None:
        for _ in range(BREAKER.min_calls):
            with pytest.raises(Retryable):
                await self.guard().call(failing(FAULT))


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[Shared]:
    client = open_async(RedisOptions(redis_url, timeout_s=1, retries=1))
    yield Shared(client, RedisDependencies(client))
    await client.aclose()


async def answer() -> int:
    return 42


def failing(error: BaseException):
    async def fail():
        raise error

    return fail


async def test_a_call_returns_what_the_operation_returns_and_is_counted(shared: Shared):
    await shared.register()

    assert await shared.guard().call(answer) == 42
    state = await shared.state()
    assert (state.breaker.calls, state.breaker.failures, state.limiter.grants) == (1, 0, 1)


async def test_a_call_that_need_not_wait_costs_two_round_trips(shared: Shared, server: RedisServer):
    await shared.register(limit=RateLimit(requests=100, interval_seconds=1))
    await shared.guard().call(answer)
    server.command("CONFIG", "RESETSTAT")

    await shared.guard().call(answer)

    stats = server.admin.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 2
    assert "cmdstat_eval" not in stats


async def test_an_unregistered_dependency_gets_the_default_policy(shared: Shared):
    assert await shared.guard().call(answer) == 42
    assert (await shared.state()).spec == DependencySpec()
    assert await shared.dependencies.names() == [NAME]


async def test_enough_provider_faults_open_the_breaker_for_everybody(shared: Shared):
    await shared.register()
    await shared.break_it()

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert refused.value.reason == "breaker_open"
    assert 29 < refused.value.delay_s <= 30


async def test_a_refused_call_is_not_made(shared: Shared):
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
async def test_errors_of_ours_count_neither_as_success_nor_as_failure(shared: Shared, error):
    await shared.register()
    for _ in range(10):
        with pytest.raises(type(error)):
            await shared.guard().call(failing(error))

    state = await shared.state()
    assert (state.breaker.status, state.breaker.calls) == (Status.CLOSED, 0)


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("gone"), FAULT])
async def test_faults_of_the_provider_count(shared: Shared, error):
    await shared.register()
    with pytest.raises(type(error)):
        await shared.guard().call(failing(error))

    assert (await shared.state()).breaker.failures == 1


async def test_an_error_inside_an_answer_of_200_counts(shared: Shared):
    await shared.register()
    error = Retryable("error in 200", error_class="bad_response", provider_fault=True)
    with pytest.raises(Retryable):
        await shared.guard().call(failing(error))

    assert (await shared.state()).breaker.failures == 1


async def test_the_probes_close_the_breaker_again(shared: Shared):
    await shared.register(breaker=PROMPT)
    await shared.break_it()

    await eventually(lambda: _passes(shared), 5)
    await shared.guard().call(answer)

    assert await shared.status() == Status.CLOSED
    reasons = [
        (one.old, one.new, one.reason) for one in await shared.dependencies.transitions(NAME)
    ]
    assert reasons == [
        (Status.HALF_OPEN, Status.CLOSED, "2 probes succeeded"),
        (Status.OPEN, Status.HALF_OPEN, "open time is over"),
        (Status.CLOSED, Status.OPEN, "4 of 4 calls failed"),
    ]


async def test_a_failed_probe_opens_it_again(shared: Shared):
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


async def test_a_429_during_a_probe_frees_the_permit_and_leaves_the_breaker_alone(shared: Shared):
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


async def test_a_cancelled_probe_frees_its_permit(shared: Shared):
    await shared.register(breaker=PROMPT)
    await shared.break_it()
    entered = asyncio.Event()

    async def stuck():
        entered.set()
        await asyncio.Event().wait()

    await eventually(lambda: _is_due(shared), 5)
    probe = asyncio.create_task(shared.guard().call(stuck))
    await entered.wait()
    assert (await shared.state()).breaker.probes_in_flight == 1
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe

    assert (await shared.state()).breaker.probes_in_flight == 0


async def test_the_report_of_an_expired_permit_counts_for_nothing(shared: Shared):
    await shared.register(breaker=PROMPT.model_copy(update={"permit_seconds": 0.05}))
    await shared.break_it()
    await eventually(lambda: _is_due(shared), 5)
    late = Ask("a late probe")
    assert (await shared.dependencies.admit(NAME, late)).probe
    await eventually(lambda: _no_probe_in_flight(shared), 5)

    counted = await shared.dependencies.report(NAME, late, Report.FAULT)

    assert (counted.counted, counted.status) == (False, Status.HALF_OPEN)


async def test_a_call_waits_for_its_token_and_is_then_made(shared: Shared):
    await shared.register(limit=RateLimit(requests=10, interval_seconds=1, capacity=1))
    clock = SystemClock()
    start_s = clock.mono_s()

    for _ in range(4):
        assert await shared.guard().call(answer) == 42

    assert 0.29 < clock.mono_s() - start_s < 2
    assert (await shared.state()).limiter.throttled == 3


async def test_a_wait_longer_than_allowed_hands_the_task_back(shared: Shared):
    await shared.register(
        limit=RateLimit(requests=1, interval_seconds=60, capacity=1), max_wait_s=0.5
    )
    await shared.guard().call(answer)

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert refused.value.reason == "rate_limited"
    assert 59 < refused.value.delay_s <= 60
    assert (await shared.state()).limiter.waiting == 0


async def test_a_wait_beyond_the_attempts_deadline_hands_the_task_back(shared: Shared):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=5, capacity=1))
    await shared.guard().call(answer)

    with pytest.raises(NotNow):
        await shared.guard(remaining_s=lambda: 1.0).call(answer)


async def test_who_is_cancelled_while_waiting_leaves_the_line(shared: Shared):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=9, capacity=1))
    await shared.guard().call(answer)
    waiter = asyncio.create_task(shared.guard().call(answer))
    await eventually(lambda: _waiting(shared), 5)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter

    assert (await shared.state()).limiter.waiting == 0


async def test_a_waiter_holds_no_probe_permit(shared: Shared):
    await shared.register(
        breaker=PROMPT, limit=RateLimit(requests=1, interval_seconds=9, capacity=4)
    )
    await shared.break_it()
    await eventually(lambda: _is_due(shared), 5)

    answer_to_waiter = await shared.dependencies.admit(NAME, Ask("waits for its token"))

    state = await shared.state()
    assert answer_to_waiter.code is Code.WAIT
    assert (state.breaker.status, state.breaker.probes_in_flight) == (Status.OPEN, 0)


async def test_a_429_puts_the_bucket_to_sleep_for_everyone(shared: Shared):
    await shared.register(max_wait_s=1)
    with pytest.raises(Retryable):
        await shared.guard().call(failing(Retryable("429", error_class="rate_limited", delay_s=7)))

    with pytest.raises(NotNow) as refused:
        await shared.guard().call(answer)

    assert 3 < refused.value.delay_s <= 7
    assert await shared.status() == Status.CLOSED


async def test_an_absurd_retry_after_sleeps_an_hour_at_most(shared: Shared):
    await shared.register()

    assert await shared.dependencies.sleep(NAME, 1e9) <= 3600


async def test_a_resent_request_is_granted_once_and_charged_once(shared: Shared):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=60, capacity=5))
    ask = Ask("a-nonce", tokens=2)

    answers = [await shared.dependencies.admit(NAME, ask) for _ in range(3)]

    assert {one.code for one in answers} == {Code.GRANTED}
    limiter = (await shared.state()).limiter
    assert limiter.grants == 1
    assert 3 <= limiter.tokens < 3.1


async def test_a_resent_report_counts_once(shared: Shared):
    await shared.register()
    ask = Ask("a-nonce")
    await shared.dependencies.admit(NAME, ask)

    for _ in range(5):
        await shared.dependencies.report(NAME, ask, Report.FAULT)

    assert (await shared.state()).breaker.calls == 1


async def test_a_report_of_a_call_that_was_never_admitted_counts_nothing(shared: Shared):
    await shared.register()
    await shared.dependencies.report(NAME, Ask("made-up"), Report.FAULT)

    assert (await shared.state()).breaker.calls == 0


async def test_a_request_that_arrives_after_its_release_gets_nothing(shared: Shared):
    await shared.register()
    await shared.dependencies.report(NAME, Ask("late"), Report.NEUTRAL)

    assert (await shared.dependencies.admit(NAME, Ask("late"))).code is Code.OVER


async def test_the_specs_limit_is_stronger_than_the_providers(shared: Shared):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))

    assert not await shared.dependencies.configure(NAME, 900, 1, source="provider")
    assert (await shared.state()).limiter.requests == 5


async def test_a_limit_that_the_provider_reports_holds_at_once(shared: Shared):
    await shared.register()
    assert await shared.dependencies.configure(NAME, 230, 10, source="provider")
    limiter = (await shared.state()).limiter
    assert (limiter.requests, limiter.interval_ms, limiter.source) == (230, 10_000, "provider")

    await shared.dependencies.configure(NAME, 2, 10, source="provider", capacity=1)

    assert (await shared.state()).limiter.tokens == 1


async def test_a_higher_limit_reaches_those_who_wait_already(shared: Shared):
    await shared.register(max_wait_s=600)
    await shared.dependencies.configure(NAME, 1, 300, source="provider")
    await shared.guard().call(answer)
    waiter = asyncio.create_task(shared.guard().call(answer))
    await eventually(lambda: _waiting(shared), 5)

    await shared.dependencies.configure(NAME, 1000, 1, source="provider")

    assert await asyncio.wait_for(waiter, 3) == 42


async def test_the_providers_limit_returns_when_the_spec_gives_up_its_own(shared: Shared):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))
    await shared.register()

    assert (await shared.state()).limiter.source == ""
    assert await shared.dependencies.configure(NAME, 7, 1, source="provider")


async def test_a_persons_word_outlives_the_registration_by_every_new_worker(shared: Shared):
    await shared.register()
    await shared.dependencies.override(NAME, Override.FORCE_OPEN, reason="maintenance")
    await shared.register()

    assert (await shared.state()).breaker.override is Override.FORCE_OPEN
    with pytest.raises(NotNow):
        await shared.guard().call(answer)
    last = (await shared.dependencies.transitions(NAME))[0]
    assert last.reason == "ForceOpen: maintenance"


async def test_a_changed_override_in_the_manifest_acts(shared: Shared):
    await shared.register()
    await shared.dependencies.register(NAME, DependencySpec(override="ForceOpen"))
    assert await shared.status() == Status.OPEN

    await shared.dependencies.register(NAME, DependencySpec())
    assert await shared.status() == Status.CLOSED


async def test_auto_closes_an_open_breaker(shared: Shared):
    await shared.register()
    await shared.break_it()

    assert await shared.dependencies.override(NAME, Override.AUTO)
    assert await shared.guard().call(answer) == 42


async def test_a_worker_stops_claiming_until_the_next_attempt(shared: Shared):
    await shared.register()
    assert await shared.dependencies.claims_wait_s([NAME, "unknown"]) == 0
    await shared.break_it()

    assert 29 < await shared.dependencies.claims_wait_s([NAME, "unknown"]) <= 30


async def test_a_worker_claims_again_when_probes_are_due(shared: Shared):
    await shared.register(breaker=PROMPT)
    await shared.break_it()

    await eventually(lambda: _is_due(shared), 5)


async def test_what_an_unknown_dependency_is_asked_is_refused(shared: Shared):
    with pytest.raises(DependencyNotFound):
        await shared.dependencies.state(NAME)
    with pytest.raises(DependencyNotFound):
        await shared.dependencies.override(NAME, Override.AUTO)


async def test_a_limit_of_nonsense_is_refused(shared: Shared):
    for requests, interval_s in [(-1, 1), (float("inf"), 1), (float("nan"), 1), (1, 0)]:
        with pytest.raises(ValueError, match="limit of 'api'"):
            await shared.dependencies.configure(NAME, requests, interval_s, source="provider")


async def test_every_key_has_an_owner_or_an_end(shared: Shared, server: RedisServer):
    await shared.register(breaker=PROMPT, limit=RateLimit(requests=100, interval_seconds=1))
    await shared.break_it()
    await eventually(lambda: _passes(shared), 5)
    await shared.dependencies.unregister(NAME)

    assert all(server.command("PTTL", key) > 0 for key in server.command("KEYS", "*"))


async def test_a_result_is_not_lost_when_redis_goes_away_during_the_call(
    shared: Shared, server: RedisServer
):
    await shared.register()

    async def operation():
        server.kill()
        return 42

    assert await shared.guard().call(operation) == 42


async def test_the_error_of_a_call_is_not_lost_when_redis_goes_away_during_it(
    shared: Shared, server: RedisServer
):
    await shared.register()

    async def operation():
        server.kill()
        raise Retryable("429", error_class="rate_limited", delay_s=7)

    with pytest.raises(Retryable, match="429"):
        await shared.guard().call(operation)


async def test_a_call_that_costs_nothing_is_a_mistake(shared: Shared):
    with pytest.raises(ValueError, match="at least 1"):
        await shared.guard().call(answer, tokens=0)


async def test_without_redis_no_call_is_made(shared: Shared, server: RedisServer):
    server.kill()

    with pytest.raises(QueueUnavailable):
        await shared.guard().call(answer)


async def test_it_works_on_a_cluster(cluster_url: str):
    client = open_async(RedisOptions(cluster_url))
    shared = Shared(client, RedisDependencies(client))
    await shared.register(limit=RateLimit(requests=100, interval_seconds=1))
    await shared.break_it()

    assert [one.name for one in await shared.dependencies.states()] == [NAME]
    assert await shared.status() == Status.OPEN
    await shared.dependencies.unregister(NAME)
    await client.aclose()


async def test_the_keys_of_a_dependency_are_the_documented_ones(shared: Shared):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))
    await shared.guard().call(answer)
    documented = {
        keys.DEPENDENCIES,
        keys.dependency(NAME),
        keys.circuit_breaker(NAME),
        keys.rate_limit_config(NAME),
        keys.rate_limit_bucket(NAME),
    }

    stored = {key.decode() for key in await shared.client.keys("*")}

    assert documented <= stored
    assert all(key.startswith(keys.rate_limit_grant(NAME, "")) for key in stored - documented)


async def _passes(shared: Shared) -> bool:
    try:
        return await shared.guard().call(answer) == 42
    except NotNow:
        return False


async def _is_due(shared: Shared) -> bool:
    return await shared.dependencies.claims_wait_s([NAME]) == 0


async def _waiting(shared: Shared) -> int:
    return (await shared.state()).limiter.waiting


async def _no_probe_in_flight(shared: Shared) -> bool:
    return (await shared.state()).breaker.probes_in_flight == 0

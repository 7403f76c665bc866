"""What a call through the guard returns and costs, what of it counts, and what Redis' absence does to it."""

import pytest

from asynctaskflow.dependencies.dependency_keys import days_key
from asynctaskflow.dependencies.messages import Ask, Code, DependencyNotFound
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import QueueUnavailable, Retryable
from asynctaskflow.model import keys
from asynctaskflow.model.dependency import DependencySpec, RateLimit
from asynctaskflow.resilience.breaker import Override, Report, Status
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_testkit.dependencies import NAME, PROMPT, SharedDependency, answer
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually


async def test_a_call_returns_what_the_operation_returns_and_is_counted(shared: SharedDependency):
    await shared.register()

    assert await shared.guard().call(answer) == 42
    state = await shared.state()
    assert (state.breaker.calls, state.breaker.failures, state.limiter.grants) == (1, 0, 1)


async def test_a_call_that_need_not_wait_costs_two_round_trips(
    shared: SharedDependency, server: RedisServer
):
    await shared.register(limit=RateLimit(requests=100, interval_seconds=1))
    await shared.guard().call(answer)
    server.command("CONFIG", "RESETSTAT")

    await shared.guard().call(answer)

    stats = server.admin.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 2
    assert "cmdstat_eval" not in stats


async def test_an_unregistered_dependency_gets_the_default_policy(shared: SharedDependency):
    assert await shared.guard().call(answer) == 42
    assert (await shared.state()).spec == DependencySpec()
    assert await shared.dependencies.names() == [NAME]


async def test_a_resent_request_is_granted_once_and_charged_once(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=1, interval_seconds=60, capacity=5))
    ask = Ask("a-nonce", tokens=2)

    answers = [await shared.dependencies.admit(NAME, ask) for _ in range(3)]

    assert {one.code for one in answers} == {Code.GRANTED}
    limiter = (await shared.state()).limiter
    assert limiter.grants == 1
    assert 3 <= limiter.tokens < 3.1


async def test_a_resent_report_counts_once(shared: SharedDependency):
    await shared.register()
    ask = Ask("a-nonce")
    await shared.dependencies.admit(NAME, ask)

    for _ in range(5):
        await shared.dependencies.report(NAME, ask, Report.FAULT)

    assert (await shared.state()).breaker.calls == 1


async def test_a_report_of_a_call_that_was_never_admitted_counts_nothing(shared: SharedDependency):
    await shared.register()
    await shared.dependencies.report(NAME, Ask("made-up"), Report.FAULT)

    assert (await shared.state()).breaker.calls == 0


async def test_a_request_that_arrives_after_its_release_gets_nothing(shared: SharedDependency):
    await shared.register()
    await shared.dependencies.report(NAME, Ask("late"), Report.NEUTRAL)

    assert (await shared.dependencies.admit(NAME, Ask("late"))).code is Code.OVER


async def test_what_an_unknown_dependency_is_asked_is_refused(shared: SharedDependency):
    with pytest.raises(DependencyNotFound):
        await shared.dependencies.state(NAME)
    with pytest.raises(DependencyNotFound):
        await shared.dependencies.override(NAME, Override.AUTO)


async def test_every_key_has_an_owner_or_an_end(shared: SharedDependency, server: RedisServer):
    await shared.register(breaker=PROMPT, limit=RateLimit(requests=100, interval_seconds=1))
    await shared.break_it()
    await eventually(shared.passes, 5)
    await shared.dependencies.unregister(NAME)

    assert all(server.command("PTTL", key) > 0 for key in server.command("KEYS", "*"))


async def test_a_result_is_not_lost_when_redis_goes_away_during_the_call(
    shared: SharedDependency, server: RedisServer
):
    await shared.register()

    async def operation():
        server.kill()
        return 42

    assert await shared.guard().call(operation) == 42


async def test_the_error_of_a_call_is_not_lost_when_redis_goes_away_during_it(
    shared: SharedDependency, server: RedisServer
):
    await shared.register()

    async def operation():
        server.kill()
        raise Retryable("429", error_class="rate_limited", delay_s=7)

    with pytest.raises(Retryable, match="429"):
        await shared.guard().call(operation)


async def test_a_call_that_costs_nothing_is_a_mistake(shared: SharedDependency):
    with pytest.raises(ValueError, match="at least 1"):
        await shared.guard().call(answer, tokens=0)


async def test_without_redis_no_call_is_made(shared: SharedDependency, server: RedisServer):
    server.kill()

    with pytest.raises(QueueUnavailable):
        await shared.guard().call(answer)


async def test_it_works_on_a_cluster(cluster_url: str):
    client = open_async(RedisOptions(cluster_url))
    shared = SharedDependency(client, RedisDependencies(client))
    await shared.register(limit=RateLimit(requests=100, interval_seconds=1))
    await shared.break_it()

    assert [one.name for one in await shared.dependencies.states()] == [NAME]
    assert await shared.status() == Status.OPEN
    await shared.dependencies.unregister(NAME)
    await client.aclose()


async def test_the_keys_of_a_dependency_are_the_documented_ones(shared: SharedDependency):
    await shared.register(limit=RateLimit(requests=5, interval_seconds=1))
    await shared.guard().call(answer)
    documented = {
        keys.DEPENDENCIES,
        keys.dependency(NAME),
        keys.circuit_breaker(NAME),
        keys.rate_limit_config(NAME),
        keys.rate_limit_bucket(NAME),
        days_key(NAME),
    }

    stored = {key.decode() for key in await shared.client.keys("*")}

    assert documented <= stored
    assert all(key.startswith(keys.rate_limit_grant(NAME, "")) for key in stored - documented)

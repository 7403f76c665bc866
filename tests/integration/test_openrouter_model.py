"""A model call as functions make it: gate, guard, client, report."""

import pytest

from asynctaskflow.errors import NotNow, Permanent, Retryable
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.reports import daily_metrics
from asynctaskflow_openrouter.simulator import Behaviour, Kind, Step
from asynctaskflow_testkit.openrouter import (
    CANARY,
    MINUTE_MS,
    QUESTION,
    OpenGuard,
    age,
    checks,
)

pytest_plugins = ["asynctaskflow_testkit.openrouter_fixtures"]


async def test_a_model_call_is_answered_and_counted(model, redis, service):
    completion = await model.complete(QUESTION, guard=OpenGuard(), call_id="t-1")

    (today,) = (await daily_metrics(redis, service, days=1)).values()
    assert completion.text == "One. Two."
    assert (today["successful_calls"], today["cost_usd"]) == (1, 0.5)


class ClosedGuard:
    async def call(self, operation):
        raise NotNow("open", reason="breaker_open", delay_s=3)


async def test_a_call_that_the_guard_refuses_is_not_counted(model, redis, service):
    with pytest.raises(NotNow):
        await model.complete(QUESTION, guard=ClosedGuard())

    (today,) = (await daily_metrics(redis, service, days=1)).values()
    assert "total_calls" not in today


async def test_a_key_that_a_check_found_refused_holds_tasks_back_without_calls(
    model, simulator, clock
):
    simulator.account_script.add(Step(kind=Kind.STATUS, status=401, times=5))

    refusals = []
    for _ in range(20):
        with pytest.raises(NotNow) as caught:
            await model.complete(QUESTION, guard=OpenGuard())
        refusals.append(caught.value)

    assert {refusal.reason for refusal in refusals} == {"api_key_invalid"}
    assert all(50 < refusal.delay_s <= 60 for refusal in refusals)
    assert simulator.journal.completions() == []


async def test_tasks_go_on_by_themselves_when_the_key_works_again(model, simulator, redis, clock):
    simulator.account_script.add(Step(kind=Kind.STATUS, status=401))
    with pytest.raises(NotNow):
        await model.complete(QUESTION, guard=OpenGuard())
    await age(redis, "last_check", MINUTE_MS + 1)
    clock.now_s += 61

    assert (await model.complete(QUESTION, guard=OpenGuard())).text


async def test_one_refused_call_is_checked_before_it_holds_others_back(
    model, simulator, redis, clock
):
    """A 403 may be about one model only."""
    await model.complete(QUESTION, guard=OpenGuard())
    await age(redis, "last_check", 30_000)
    simulator.script.add(Step(kind=Kind.STATUS, status=403))
    with pytest.raises(Permanent):
        await model.complete(QUESTION, guard=OpenGuard())

    completion = await model.complete(QUESTION, guard=OpenGuard())

    assert completion.text
    assert len(checks(simulator)) == 2


async def test_a_refused_key_costs_one_task_and_not_all(model, simulator, redis, clock):
    await model.complete(QUESTION, guard=OpenGuard())
    await age(redis, "last_check", 30_000)
    simulator.script.behave(Behaviour(valid_keys=("another",)))

    ends = []
    for _ in range(10):
        try:
            await model.complete(QUESTION, guard=OpenGuard())
        except (Permanent, NotNow) as error:
            ends.append(type(error))

    assert ends == [Permanent] + [NotNow] * 9


async def test_the_key_reaches_no_log_and_no_redis_key(model, simulator, redis, capfd, caplog):
    """The canary of invariant I11."""
    simulator.script.add(Step(kind=Kind.STATUS, status=401, message=f"bad key {CANARY}"))
    simulator.script.add(Step(kind=Kind.ERROR_IN_200, status=502, message=f"bad key {CANARY}"))
    for error in (Permanent, Retryable):
        with pytest.raises(error):
            await model.complete(QUESTION, guard=OpenGuard())

    dumped = [await redis.dump(name) for name in await redis.keys("*")]
    names = await redis.keys("*")

    seen = repr((dumped, names, caplog.text, capfd.readouterr()))
    assert CANARY not in seen
    assert len(names) > 3


async def test_damaged_keys_do_not_cost_a_paid_answer(model, redis):
    await redis.set(keys.STATE, "someone was here")

    assert (await model.complete(QUESTION, guard=OpenGuard())).text

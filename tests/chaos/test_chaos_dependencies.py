"""One limiter and one breaker for all workers, and a provider that misbehaves: R13, R14, R15."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from asynctaskflow.dependencies.messages import Ask, Code
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec, RateLimit
from asynctaskflow.model.task import TaskState
from asynctaskflow.resilience.breaker import Report, Status
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_openrouter.simulator import Behaviour, Simulator, Step
from asynctaskflow_openrouter.simulator.script import Fault, Kind
from asynctaskflow_testkit.bounds import insist_on_limit, insist_on_probes
from asynctaskflow_testkit.ledger import Call, Ran
from asynctaskflow_testkit.llm import DEPENDENCY
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.stage import Stage, handler
from asynctaskflow_testkit.waiting import eventually

RATE_PER_S, CAPACITY = 25.0, 10.0
PROBES = 3
TOTAL_TIMEOUT_S = 1.0
SLOTS = "8"


@pytest.fixture
async def upstream() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def dependencies(server: RedisServer) -> AsyncIterator[RedisDependencies]:
    client = open_async(RedisOptions(server.url))
    yield RedisDependencies(client)
    await client.aclose()


def _environment(upstream: Simulator, **more: str) -> dict[str, str]:
    return {
        "OPENROUTER_BASE_URL": upstream.base_url,
        "OPENROUTER_API_KEY": "a-key-of-the-simulator",
        "OPENROUTER_TOTAL_TIMEOUT_S": str(TOTAL_TIMEOUT_S),
        "OPENROUTER_FIRST_BYTE_TIMEOUT_S": str(TOTAL_TIMEOUT_S),
        "OPENROUTER_IDLE_TIMEOUT_S": str(TOTAL_TIMEOUT_S / 2),
        "ATF_SLOTS": SLOTS,
        **more,
    }


async def test_r13_no_window_holds_more_calls_than_the_bucket_allows(
    stage: Stage, upstream: Simulator, dependencies: RedisDependencies
) -> None:
    limit = RateLimit(requests=RATE_PER_S, interval_seconds=1, capacity=CAPACITY)
    await dependencies.register(DEPENDENCY, DependencySpec(rate_limit=limit))
    supervisor = stage.workers("llm", 4, env=_environment(upstream))
    await stage.ready(*supervisor.workers.values())
    await stage.submit("llm", *[{"text": "hello"}] * stage.many(300))
    calls = upstream.journal.completions
    await eventually(lambda: len(calls()) >= CAPACITY, 20)
    first = calls()[0].arrived_s
    await eventually(lambda: calls()[-1].arrived_s - first >= 4, 20, what="four seconds of calls")
    undisturbed = len([call for call in calls() if call.arrived_s - first <= 4])
    for _ in range(stage.many(2)):
        stage.kill(stage.dice.choice([one for one in supervisor.workers.values() if one.alive]))
        supervisor.revive()
    stage.ledger.fault("Redis killed")
    await asyncio.to_thread(stage.server.restart)
    await stage.verdict("llm")
    arrivals = [call.arrived_s for call in calls()]
    delay_s = _longest_delay_s(stage, upstream)
    insist_on_limit(arrivals, capacity=CAPACITY, rate_per_s=RATE_PER_S, delay_s=delay_s)
    stage.say(
        f"R13: {undisturbed} calls in 4 s, longest way from grant to arrival {delay_s * 1000:.0f} ms"
    )
    assert undisturbed >= 0.95 * RATE_PER_S * 4


def _longest_delay_s(stage: Stage, upstream: Simulator) -> float:
    """From the grant in the worker to the arrival at the provider; the call's id is the task's."""
    calls = upstream.journal.completions()
    return max(
        min(
            call.arrived_s
            for call in calls
            if call.call_id == one.id and call.arrived_s >= one.granted_s
        )
        - one.granted_s
        for one in stage.ledger.of(Call)
    )


async def test_r13_many_clients_at_once_are_granted_what_the_bucket_holds(
    server: RedisServer, dependencies: RedisDependencies
) -> None:
    limit = RateLimit(requests=50, interval_seconds=1, capacity=5)
    await dependencies.register(DEPENDENCY, DependencySpec(rate_limit=limit, max_wait_seconds=0))
    grants_s: list[float] = []
    loop = asyncio.get_running_loop()

    async def hammer(client: RedisDependencies, until_s: float) -> None:
        while loop.time() < until_s:
            asked_s = loop.time()
            answer = await client.admit(DEPENDENCY, Ask(secrets.token_hex(8), longest_ms=0))
            if answer.code is Code.GRANTED:
                grants_s.append(asked_s)

    async with AsyncExitStack() as stack:
        clients = [open_async(RedisOptions(server.url)) for _ in range(50)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        until_s = loop.time() + 3
        await asyncio.gather(*(hammer(RedisDependencies(client), until_s) for client in clients))
    insist_on_limit(grants_s, capacity=5, rate_per_s=50, delay_s=0.2)
    assert len(grants_s) >= 0.95 * 50 * 3


@pytest.mark.parametrize("outcome", ["all succeed", "all fail", "one fails"])
async def test_r14_fifty_waiters_get_exactly_the_permits_of_each_half_open_epoch(
    server: RedisServer, stage: Stage, outcome: str
) -> None:
    policy = BreakerPolicy(
        min_calls=1, failure_ratio=0.5, open_seconds=0.05, half_open_probes=PROBES, window_seconds=1
    )
    probes_per_epoch = []
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(50):
            client = open_async(RedisOptions(server.url))
            stack.push_async_callback(client.aclose)
            clients.append(RedisDependencies(client))
        for trial in range(stage.many(17)):
            name = f"trial-{trial}"
            await clients[0].register(name, DependencySpec(breaker=policy))
            await _open_by_failures(clients[0], name)
            await eventually(lambda name=name: _is_probing_time(clients[0], name), 5)  # type: ignore[misc]
            asks = [Ask(secrets.token_hex(8)) for _ in clients]
            answers = await asyncio.gather(
                *(client.admit(name, ask) for client, ask in zip(clients, asks, strict=True))
            )
            granted = [
                ask for ask, one in zip(asks, answers, strict=True) if one.code is Code.GRANTED
            ]
            probes_per_epoch.append(len(granted))
            for position, ask in enumerate(granted):
                fails = outcome == "all fail" or (outcome == "one fails" and position == PROBES - 1)
                await clients[0].report(name, ask, Report.FAULT if fails else Report.SUCCESS)
            status = (await clients[0].state(name)).breaker.status
            assert status is (Status.CLOSED if outcome == "all succeed" else Status.OPEN)
    insist_on_probes(probes_per_epoch, allowed=PROBES)
    assert set(probes_per_epoch) == {PROBES}


async def _open_by_failures(client: RedisDependencies, name: str) -> None:
    ask = Ask(secrets.token_hex(8))
    assert (await client.admit(name, ask)).code is Code.GRANTED
    assert (await client.report(name, ask, Report.FAULT)).status is Status.OPEN


async def _is_probing_time(client: RedisDependencies, name: str) -> bool:
    state = await client.state(name)
    return state.breaker.next_attempt_ms <= state.now_ms


async def test_r14_a_broken_provider_sees_at_most_the_probes_until_it_recovers(
    stage: Stage, upstream: Simulator, dependencies: RedisDependencies
) -> None:
    policy = BreakerPolicy(
        min_calls=5, failure_ratio=0.5, open_seconds=1, half_open_probes=PROBES, permit_seconds=5
    )
    await dependencies.register(DEPENDENCY, DependencySpec(breaker=policy))
    broken = Step(kind=Kind.STATUS, status=503, latency_s=0.05)
    upstream.script.behave(Behaviour(faults=(Fault(rate=1, step=broken),)))
    supervisor = stage.workers("llm", 4, env=_environment(upstream, ATF_MAX_ATTEMPTS="100"))
    await stage.ready(*supervisor.workers.values())
    await stage.submit("llm", *[{"text": "hello"}] * stage.many(60))

    async def has_probed_for_some_time() -> bool:
        state = await dependencies.state(DEPENDENCY)
        return state.breaker.epoch >= 7 and state.breaker.status is Status.OPEN

    await eventually(has_probed_for_some_time, 40)
    upstream.script.behave(Behaviour())
    await stage.verdict("llm")
    transitions = list(reversed(await dependencies.transitions(DEPENDENCY)))
    turns = [(one.old, one.new) for one in transitions]
    assert set(turns) <= {
        (Status.CLOSED, Status.OPEN),
        (Status.OPEN, Status.HALF_OPEN),
        (Status.HALF_OPEN, Status.OPEN),
        (Status.HALF_OPEN, Status.CLOSED),
    }
    assert turns[-1] == (Status.HALF_OPEN, Status.CLOSED)
    begins = [one.at_ms for one in transitions if one.new is Status.HALF_OPEN]
    ends = [*begins[1:], transitions[-1].at_ms]
    calls_ms = [call.wall_ms for call in upstream.journal.completions()]
    probes = [
        sum(begin <= at < end for at in calls_ms) for begin, end in zip(begins, ends, strict=True)
    ]
    stage.say(f"R14: probes per epoch {probes}")
    insist_on_probes(probes, allowed=PROBES)


CASES: dict[str, tuple[Step, str, TaskState, bool]] = {
    "U1 429 with Retry-After": (
        Step(kind=Kind.STATUS, status=429, retry_after="1"),
        "rate_limited",
        TaskState.DLQ,
        False,
    ),
    "U1 429 with an absurd Retry-After": (
        Step(kind=Kind.STATUS, status=429, retry_after="-5"),
        "rate_limited",
        TaskState.DLQ,
        False,
    ),
    "U2 401": (Step(kind=Kind.STATUS, status=401), "credential_rejected", TaskState.DLQ, False),
    "U2 403": (Step(kind=Kind.STATUS, status=403), "credential_rejected", TaskState.DLQ, False),
    "U3 402": (Step(kind=Kind.STATUS, status=402), "insufficient_credits", TaskState.DLQ, False),
    "U4 500": (Step(kind=Kind.STATUS, status=500), "unavailable", TaskState.DLQ, True),
    "U4 503": (Step(kind=Kind.STATUS, status=503), "unavailable", TaskState.DLQ, True),
    "U4 408": (Step(kind=Kind.STATUS, status=408), "timeout", TaskState.DLQ, True),
    "U4 reset": (Step(kind=Kind.RESET), "network", TaskState.DLQ, True),
    "U5 no headers": (Step(kind=Kind.STALL_HEADERS), "timeout", TaskState.DLQ, True),
    "U5 slow body": (Step(kind=Kind.SLOW_BODY), "timeout", TaskState.DLQ, True),
    "U5 stalled body": (Step(kind=Kind.STALL_BODY), "timeout", TaskState.DLQ, True),
    "U6 broken JSON": (Step(kind=Kind.BROKEN_JSON), "bad_response", TaskState.DLQ, True),
    "U6 HTML": (Step(kind=Kind.HTML), "bad_response", TaskState.DLQ, True),
    "U6 wrong schema": (Step(kind=Kind.WRONG_SCHEMA), "bad_response", TaskState.DLQ, True),
    "U6 no choices": (Step(kind=Kind.EMPTY_CHOICES), "bad_response", TaskState.DLQ, True),
    "U6 huge body": (Step(kind=Kind.HUGE_BODY), "bad_response", TaskState.DLQ, True),
    "U6 gzip bomb": (Step(kind=Kind.GZIP_BOMB), "bad_response", TaskState.DLQ, True),
    "U6 error in 200": (Step(kind=Kind.ERROR_IN_200), "bad_response", TaskState.DLQ, True),
    "U7 cut short": (Step(kind=Kind.TRUNCATE), "bad_response", TaskState.DLQ, True),
    "U8 redirect": (Step(kind=Kind.REDIRECT), "bad_response", TaskState.DLQ, True),
}
PERMANENT = {"credential_rejected"}


async def test_r15_each_misbehaviour_of_the_provider_gets_its_own_treatment(
    stage: Stage, upstream: Simulator, dependencies: RedisDependencies
) -> None:
    never_open = BreakerPolicy(min_calls=10_000)
    await dependencies.register(DEPENDENCY, DependencySpec(breaker=never_open))
    env = _environment(
        upstream, ATF_MAX_ATTEMPTS="2", ATF_SLOTS="16", OPENROUTER_RETRY_AFTER_MAX_S="2"
    )
    worker = stage.fleet.start_worker(handler("llm"), "w0", env=env)
    await stage.ready(worker)
    wrong: list[str] = []
    for name, case in CASES.items():
        wrong += [f"{name}: {what}" for what in await _play(stage, upstream, dependencies, case)]
    assert not wrong, "\n".join(wrong)
    await stage.verdict("llm")


async def _play(
    stage: Stage,
    upstream: Simulator,
    dependencies: RedisDependencies,
    case: tuple[Step, str, TaskState, bool],
) -> list[str]:
    """Run tasks while the provider does nothing else; what differs from the table."""
    step, error_class, state, counts = case
    upstream.reset()
    upstream.script.behave(Behaviour(faults=(Fault(rate=1, step=step),)))
    failures = (await dependencies.state(DEPENDENCY)).breaker.failures
    attempts = 1 if error_class in PERMANENT else 2
    ids = await stage.submit("llm", *[{"text": "hello"}] * stage.many(3))
    await stage.drained("llm", 30)
    tasks = [await stage.queue.get(task_id) for task_id in ids]
    calls = upstream.journal.completions()
    counted = (await dependencies.state(DEPENDENCY)).breaker.failures - failures
    held_s = [call.at_s - call.granted_s for call in stage.ledger.of(Call)][-len(calls) :]
    expected = {
        "states": (Counter(task.state for task in tasks), {state: len(ids)}),
        "classes": (Counter(task.error_class for task in tasks), {error_class: len(ids)}),
        "calls": (len(calls), attempts * len(ids)),
        "counted by the breaker": (counted > 0, counts),
        "held longer than the deadline": (max(held_s) > TOTAL_TIMEOUT_S + 1, False),
    }
    return [
        f"{what}: {seen}, wanted {want}" for what, (seen, want) in expected.items() if seen != want
    ]


async def test_r15_a_retry_after_is_obeyed_by_every_worker(
    stage: Stage, upstream: Simulator, dependencies: RedisDependencies
) -> None:
    await dependencies.register(DEPENDENCY, DependencySpec())
    supervisor = stage.workers("llm", 2, env=_environment(upstream))
    await stage.ready(*supervisor.workers.values())
    upstream.script.add(Step(kind=Kind.STATUS, status=429, retry_after="2"))
    await stage.submit("llm", {"text": "the one that is told to wait"})
    await eventually(lambda: upstream.journal.completions("status"), 10)
    (told,) = upstream.journal.completions("status")
    await eventually(lambda: _sleeps(dependencies), 5)
    await stage.submit("llm", *[{"text": "hello"}] * stage.many(20))
    await stage.verdict("llm")
    later = [call.arrived_s - told.arrived_s for call in upstream.journal.completions("answer")]
    assert len(later) == stage.many(20) + 1
    assert min(later) >= 2
    assert not [ran for ran in stage.ledger.of(Ran) if ran.edge == "end" and ran.attempt > 2]


async def _sleeps(dependencies: RedisDependencies) -> bool:
    return (await dependencies.state(DEPENDENCY)).limiter.sleeping_until_ms > 0

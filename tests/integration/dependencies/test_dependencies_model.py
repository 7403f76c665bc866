"""The scripts do what the pure models do: both are driven with the same events and a clock that also steps back.

The scripts run as shipped but for one line: where they read Redis' clock they read the test's.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from asynctaskflow.dependencies import scripts
from asynctaskflow.dependencies.dependency_keys import call_keys, dependency_keys
from asynctaskflow.dependencies.messages import Code
from asynctaskflow.resilience import breaker as circuit
from asynctaskflow.resilience import bucket as limiter
from asynctaskflow.store.connection import RedisOptions, SyncRedis, open_sync
from asynctaskflow.store.scripts import Script
from asynctaskflow_testkit.servers import RedisServer

NAME = "api"
T0 = 1_800_000_000_000
TIME = "local clock = call('TIME')"
TEST_TIME = (
    "local test_ms = tonumber(call('GET', '{api}:clock'))\n"
    "local clock = {math.floor(test_ms / 1000), test_ms % 1000 * 1000}"
)
NONCES = [f"call{number:02}" for number in range(12)]
EXAMPLES = int(os.environ.get("ATF_MODEL_EXAMPLES", "60"))  # noqa: TID251 - how long to search


def virtual(script: Script) -> Script:
    assert TIME in script.source
    return Script(script.name, script.source.replace(TIME, TEST_TIME))


ADMIT, REPORT, REGISTER, CONFIGURE, SLEEP, OVERRIDE = (
    virtual(one)
    for one in (
        scripts.ADMIT,
        scripts.REPORT,
        scripts.REGISTER,
        scripts.CONFIGURE,
        scripts.SLEEP,
        scripts.OVERRIDE,
    )
)

limits = st.none() | st.builds(
    limiter.Limit,
    requests=st.sampled_from([0.3, 1, 2.5, 7, 20]),
    interval_ms=st.sampled_from([100, 1_000, 3_333]),
    bucket_size=st.sampled_from([0, 1, 3, 12]),
)
rule_sets = st.builds(
    circuit.Rules,
    window_ms=st.sampled_from([50, 1_000, 7_777]),
    min_calls=st.integers(1, 4),
    failure_ratio=st.sampled_from([0.01, 0.5, 1.0]),
    open_ms=st.sampled_from([1, 500, 4_000]),
    probes=st.integers(1, 3),
    permit_ms=st.sampled_from([10, 800]),
)


@dataclass(frozen=True, slots=True)
class Call:
    tokens: int
    epoch: int
    probe: bool
    over: bool = False


class Comparison(RuleBasedStateMachine):
    """One dependency: ``self.circuit`` and ``self.bucket`` are what Redis ought to hold."""

    redis: SyncRedis

    @initialize(rules=rule_sets, limit=limits, longest_ms=st.sampled_from([0, 300, 60_000]))
    def start(self, rules, limit, longest_ms):
        self.redis.flushall()
        self.now_ms, self.turn = T0, 0
        self.redis.set("{api}:clock", self.now_ms)
        self.policy, self.limit, self.longest_ms = rules, None, longest_ms
        self.circuit, self.bucket = circuit.Breaker(), limiter.Bucket()
        self.calls: dict[str, Call] = {}
        self.run(REGISTER, 0, "{}", rules.window_ms, rules.min_calls, rules.failure_ratio,
                 rules.open_ms, rules.probes, rules.permit_ms, longest_ms, "Auto", 0, 0, 0)  # fmt: skip
        self.configure(limit)

    def run(self, script, *args):
        return script.run_sync(self.redis, dependency_keys(NAME), args)

    @rule(ms=st.sampled_from([1, 40, 350, 1_001, 5_000, -1, -60_000, -3_600_000]))
    def pass_time(self, ms):
        self.now_ms += ms
        self.redis.set("{api}:clock", self.now_ms)

    @rule(ms=st.sampled_from([1, 10, 100, 500]))
    def pass_a_little_time(self, ms):
        self.pass_time(ms)

    @rule(nonce=st.sampled_from(NONCES), tokens=st.sampled_from([1, 1, 1, 2, 5]))
    def admit(self, nonce, tokens):
        known = self.calls.get(nonce)
        waiting = [one.tokens for one in self.bucket.line if one.nonce == nonce]
        tokens = known.tokens if known else (waiting or [tokens])[0]
        answer = ADMIT.run_sync(self.redis, call_keys(NAME, nonce), [nonce, tokens, 0, -1])
        assert answer == self.expected(nonce, tokens, known)

    def expected(self, nonce, tokens, known):
        if known is not None:
            return [
                Code.OVER if known.over else Code.GRANTED,
                0,
                int(known.probe and not known.over),
                0,
            ]
        self.circuit, verdict = circuit.consult(self.circuit, self.policy, now_ms=self.now_ms)
        if not verdict.allowed:
            self.leave_line(nonce)
            return [Code.OPEN, verdict.wait_ms, 0, 0]
        caller = limiter.Waiting(0, nonce, tokens)
        self.bucket, answer = limiter.take(
            self.bucket, self.limit, caller, longest_ms=self.longest_ms, now_ms=self.now_ms
        )
        if not answer.granted:
            return [Code.WAIT if answer.fits else Code.BUSY, answer.wait_ms, 0, 0]
        before = self.circuit.epoch
        self.circuit = circuit.admit(self.circuit, self.policy, nonce=nonce, now_ms=self.now_ms)
        self.calls[nonce] = Call(tokens, self.circuit.epoch, verdict.probe)
        return [Code.GRANTED, 0, int(verdict.probe), self.circuit.epoch - before]

    def leave_line(self, nonce):
        rest = tuple(one for one in self.bucket.line if one.nonce != nonce)
        self.bucket = replace(self.bucket, line=rest)

    @rule(nonce=st.sampled_from(NONCES), how=st.sampled_from(list(circuit.Report)))
    def report(self, nonce, how):
        call = self.calls.get(nonce)
        waiting = [one.tokens for one in self.bucket.line if one.nonce == nonce]
        tokens = call.tokens if call else (waiting or [1])[0]
        REPORT.run_sync(self.redis, call_keys(NAME, nonce), [nonce, tokens, how.value, 0, ""])
        self.leave_line(nonce)
        if call is not None and not call.over:
            self.circuit = circuit.report(
                self.circuit,
                self.policy,
                nonce=nonce,
                epoch=call.epoch,
                how=how,
                now_ms=self.now_ms,
            )
        self.calls[nonce] = replace(call or Call(tokens, -1, probe=False), over=True)

    @rule(nonce=st.sampled_from(NONCES))
    def forget_an_ended_call(self, nonce):
        call = self.calls.get(nonce)
        if call is not None and call.over:
            self.redis.delete(call_keys(NAME, nonce)[-1])
            del self.calls[nonce]

    @rule(number=st.integers(1, 4), how=st.sampled_from(list(circuit.Report)))
    def a_run_of_calls(self, number, how):
        """What single steps reach too rarely: a breaker that opens, probes that succeed."""
        for _ in range(number):
            nonce = self.fresh()
            self.admit(nonce, 1)
            self.report(nonce, how)

    @rule(number=st.integers(2, 6))
    def a_crowd_of_calls(self, number):
        """Who finds the bucket drained, who finds all permits taken."""
        for _ in range(number):
            self.admit(self.fresh(), 1)

    @rule(
        late_ms=st.sampled_from([0, 0, 9, 799, 800]),
        ends=st.lists(st.sampled_from(list(circuit.Report)), max_size=4),
    )
    def a_half_open_phase(self, late_ms, ends):
        """From wherever it is: break, wait, probe with a crowd, and once more when permits may have ended."""
        self.configure(None)
        self.a_run_of_calls(4, circuit.Report.FAULT)
        self.pass_time(self.policy.open_ms)
        probes = [self.fresh() for _ in range(4)]
        for nonce in probes:
            self.admit(nonce, 1)
        self.pass_time(late_ms)
        for nonce, how in zip(probes, ends, strict=False):
            self.report(nonce, how)
        self.a_crowd_of_calls(3)

    @rule(back_ms=st.sampled_from([1_000, 60_000]))
    def a_clock_that_steps_back_between_calls(self, back_ms):
        self.a_run_of_calls(2, circuit.Report.FAULT)
        self.pass_time(-back_ms)
        self.a_run_of_calls(2, circuit.Report.SUCCESS)

    def fresh(self):
        self.turn += 1
        return f"new{self.turn:04}"

    @rule(limit=limits)
    def configure(self, limit):
        args = [limit.requests, limit.interval_ms, limit.bucket_size] if limit else [0, 0, 0]
        assert self.run(CONFIGURE, *args, "provider") == 1
        self.bucket = limiter.resize(self.bucket, self.limit, limit, now_ms=self.now_ms)
        self.limit = limit

    @rule(ms=st.sampled_from([1, 700, 20_000]))
    def sleep(self, ms):
        self.run(SLEEP, ms)
        self.bucket = limiter.sleep(self.bucket, self.limit, for_ms=ms, now_ms=self.now_ms)

    @rule(override=st.sampled_from(list(circuit.Override)))
    def force(self, override):
        self.run(OVERRIDE, override.value, "test")
        self.circuit = circuit.force(self.circuit, override)

    @invariant()
    def redis_holds_the_same_breaker(self):
        if not hasattr(self, "circuit"):
            return
        _, stored, _, _, probes, *_ = dependency_keys(NAME)
        fields = {key.decode(): value.decode() for key, value in self.redis.hgetall(stored).items()}
        assert fields.get("status", "closed") == self.circuit.status
        assert int(fields.get("epoch", 0)) == self.circuit.epoch
        assert int(fields.get("good", 0)) == self.circuit.good
        permits = {
            nonce.decode(): int(end)
            for nonce, end in self.redis.zrange(probes, 0, -1, withscores=True)
        }
        assert permits == self.circuit.probes
        window = {int(key[1:]): value for key, value in fields.items() if key[0] == "w"}
        assert window == {
            slot: f"{one.index}:{one.calls}:{one.failures}"
            for slot, one in self.circuit.slices.items()
        }

    @invariant()
    def redis_holds_the_same_bucket(self):
        if not hasattr(self, "bucket"):
            return
        _, _, _, bucket, _, _, line, _ = dependency_keys(NAME)
        fields = {key.decode(): float(value) for key, value in self.redis.hgetall(bucket).items()}
        assert fields.get("tokens") == self.bucket.tokens
        assert int(fields.get("sleep_until", 0)) == self.bucket.sleep_until_ms
        places = [
            (member.decode(), int(turn))
            for member, turn in self.redis.zrange(line, 0, -1, withscores=True)
        ]
        assert places == [(f"{one.nonce}:{one.tokens}", one.turn_ms) for one in self.bucket.line]


@pytest.fixture
def machine(server: RedisServer) -> Iterator[type[Comparison]]:
    client = open_sync(RedisOptions(server.url))
    yield type("Against", (Comparison,), {"redis": client})
    client.close()


def test_any_sequence_of_events_leaves_redis_where_the_models_are(machine: type[Comparison]):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""A number of workers that a person has set."""

from dataclasses import replace

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.scaling import Limit, Policy
from asynctaskflow_testkit.scaling import first, policy, seen


def forced(number, **scaling):
    return replace(policy(**scaling), forced=number)


def test_the_number_is_kept_whatever_the_queue_says():
    decision = first(seen(100, replicas=1), forced(3))

    assert (decision.replicas, decision.limited_by, decision.acts) == (3, Limit.FORCED, True)
    assert "replicas is set to 3" in decision.reason


def test_it_goes_before_the_mode_and_beyond_the_maximum():
    assert first(seen(), forced(20, mode="Paused", maxReplicas=5)).replicas == 20


def test_also_then_no_busy_worker_is_taken_away():
    decision = first(seen(0, 4, replicas=4, busy=4), forced(1))

    assert (decision.replicas, decision.limited_by) == (4, Limit.BUSY)
    assert decision.victims == 0


def test_zero_is_a_number_too():
    assert first(seen(5, replicas=2), forced(0)).replicas == 0


def test_the_spec_says_the_number():
    assert Policy.of(FunctionSpec(handler="m:f", replicas=2)).forced == 2
    assert Policy.of(FunctionSpec(handler="m:f")).forced is None

"""The operator's token bucket for API writes."""

from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_operator.rules.budget import Budget


def spent(budget: Budget, number: int = 1) -> Budget:
    for _ in range(number):
        after = budget.spend(budget.at_s)
        assert after is not None
        budget = after
    return budget


def test_a_full_budget_sends_its_burst_and_then_waits():
    budget = spent(Budget.full(per_s=10, burst=2, now_s=0), 2)

    assert budget.spend(0) is None
    assert budget.wait_s(0) == 0.1
    assert budget.spend(0.1) is not None


def test_what_is_left_is_told_as_a_share_of_the_burst():
    budget = Budget.full(per_s=1, burst=4, now_s=0)

    assert budget.share_left(0) == 1
    assert spent(budget).share_left(0) == 0.75


def test_a_clock_that_was_set_back_gives_no_tokens():
    empty = spent(Budget.full(per_s=1, burst=1, now_s=100))

    assert empty.spend(0) is None
    assert empty.spend(100.5) is None
    assert empty.spend(101) is not None


@given(
    st.floats(0.5, 200),
    st.integers(1, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_no_window_passes_more_than_burst_and_rate(per_s, burst, pauses):
    budget, now_s, sent = Budget.full(per_s=per_s, burst=burst, now_s=0), 0.0, []
    for pause_s in pauses:
        now_s += pause_s
        while (after := budget.spend(now_s)) is not None:
            budget = after
            sent.append(now_s)

    for begin in range(0, len(sent), 7):
        for end in range(begin, len(sent), 5):
            count, window_s = end - begin + 1, sent[end] - sent[begin]
            assert count <= burst + per_s * window_s + 1e-6 * count + 1e-6

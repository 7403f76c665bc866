"""Which resources of finished tasks go: the old, the surplus, and more when there are too many in all."""

from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState
from asynctaskflow_operator.rules.task_history import SEEN_S, Finished, lifetime_s, outdated

HISTORY = History(resource_ttl_seconds=100, resource_limit=3, dlq_ttl_seconds=1000)
MANY = 10_000


def one(name: str, at_s: float, state: TaskState = TaskState.COMPLETED, **own: float) -> Finished:
    return Finished(name, "echo", state, at_s, **own)


def gone(*finished: Finished, now_s: float, resources: int = 0, most: int = MANY) -> set[str]:
    names = outdated(
        finished,
        lambda _: HISTORY,
        now_s=now_s,
        resources=resources or len(finished),
        resources_max=most,
    )
    assert len(names) == len(set(names))
    return set(names)


def test_a_resource_goes_when_its_time_is_over():
    assert gone(one("a", 0), now_s=99.9) == set()
    assert gone(one("a", 0), now_s=100) == {"a"}


def test_a_resources_own_time_comes_before_the_functions():
    assert gone(one("a", 0, ttl_s=5.0), one("b", 0, ttl_s=500.0), now_s=200) == {"a"}


def test_a_dead_letter_stays_as_long_as_its_task_in_redis():
    dead = one("a", 0, TaskState.DLQ)

    assert gone(dead, now_s=999) == set()
    assert gone(dead, now_s=1000) == {"a"}
    short = History(resource_ttl_seconds=100, dlq_ttl_seconds=1)
    assert lifetime_s(dead, short) == 100


def test_the_newest_stay_within_the_limit_and_dead_letters_go_last():
    finished = [one("dead", 1, TaskState.DLQ), *(one(f"t{n}", 2 + n) for n in range(4))]

    assert gone(*finished, now_s=10) == {"t0", "t1"}


def test_the_limit_is_each_functions_own():
    mine = [one(f"a{n}", n) for n in range(3)]
    others = [Finished(f"b{n}", "other", TaskState.COMPLETED, n) for n in range(3)]

    assert gone(*mine, *others, now_s=10) == set()


def test_too_many_in_all_go_down_to_nine_tenths_the_oldest_first():
    finished = [Finished(f"t{n}", f"f{n}", TaskState.COMPLETED, n) for n in range(10)]

    assert gone(*finished, now_s=SEEN_S + 10, most=10) == {"t0"}
    assert gone(*finished, now_s=SEEN_S + 10, resources=12, most=10) == {"t0", "t1", "t2"}


def test_nobody_loses_sight_of_a_task_that_has_just_ended():
    finished = [Finished(f"t{n}", f"f{n}", TaskState.COMPLETED, n) for n in range(10)]

    assert gone(*finished, now_s=SEEN_S + 1, resources=20, most=10) == {"t0", "t1"}


@given(
    finished=st.lists(
        st.builds(
            Finished,
            st.integers(0, 10**9).map(str),
            st.sampled_from(["a", "b"]),
            st.sampled_from([TaskState.COMPLETED, TaskState.DLQ]),
            st.floats(0, 1000),
        ),
        unique_by=lambda one: one.name,
        max_size=30,
    ),
    most=st.integers(1, 40),
)
def test_no_function_keeps_more_than_its_limit_and_none_is_deleted_twice(finished, most):
    left = {one.name for one in finished} - gone(*finished, now_s=500, most=most)

    for function in ("a", "b"):
        mine = [one for one in finished if one.function == function and one.name in left]
        assert len(mine) <= HISTORY.resource_limit

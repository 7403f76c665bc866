import math

import pytest

from benchmarks.figures import (
    DRAIN_1,
    DRAIN_2,
    ENQUEUE_TOGETHER,
    PUBLISHED,
    RECOVERY_S,
    ROUND_TRIPS,
    Figures,
    Goal,
    Reached,
    comparison_goals,
    fastest_peer,
    number,
    percentile,
    spread,
)

OURS = "asynctaskflow"


def some_figures(**drains):
    figures = Figures()
    for name, runs in drains.items():
        for run in runs:
            figures.add(DRAIN_1, name, run)
    return figures


def test_the_file_has_every_published_measure_and_no_other():
    figures = Figures()
    figures.add(ROUND_TRIPS, OURS, 0.2)
    figures.add(ENQUEUE_TOGETHER, OURS, 20_000.0)

    assert list(figures.published()) == ["measures"]
    assert set(figures.published()["measures"]) == {
        "enqueue_single",
        "enqueue_bulk",
        "drain_1",
        "drain_2",
        "start_p50_ms",
        "start_p95_ms",
        "redis_commands_per_task",
        "recovery_s",
    }
    assert set(PUBLISHED) == set(figures.published()["measures"])


def test_the_file_has_one_figure_per_run_in_their_order():
    figures = some_figures(asynctaskflow=[3.0, 1.0, 2.0])

    assert figures.published()["measures"][DRAIN_1] == {OURS: [3.0, 1.0, 2.0]}


def test_a_system_that_never_recovers_is_left_out_of_the_file_and_called_never():
    figures = Figures()
    figures.add(RECOVERY_S, "huey", None)
    figures.add(RECOVERY_S, OURS, 5.4)

    assert figures.published()["measures"][RECOVERY_S] == {OURS: [5.4]}
    assert figures.is_never(RECOVERY_S, "huey")
    assert not figures.is_never(RECOVERY_S, OURS)


def test_a_system_that_was_not_tried_is_not_called_never():
    assert not Figures().is_never(RECOVERY_S, "huey")


def test_one_recovery_of_several_is_no_never():
    figures = Figures()
    figures.add(RECOVERY_S, "saq", None)
    figures.add(RECOVERY_S, "saq", 9.1)

    assert not figures.is_never(RECOVERY_S, "saq")
    assert figures.of(RECOVERY_S, "saq") == [9.1]


def test_the_fastest_peer_is_judged_by_its_median_and_is_never_ourselves():
    figures = some_figures(asynctaskflow=[900.0], lucky=[10.0, 10.0, 500.0], steady=[40.0, 50.0])

    assert fastest_peer(figures, DRAIN_1, OURS) == ("steady", 45.0)


def test_without_a_peer_there_is_no_fastest():
    assert fastest_peer(some_figures(asynctaskflow=[900.0]), DRAIN_1, OURS) is None


def test_the_drain_goal_compares_medians_and_names_the_peer():
    figures = some_figures(asynctaskflow=[1000.0, 1200.0, 800.0], huey=[250.0], saq=[100.0])

    row = comparison_goals(figures, OURS, lease_s=5)[0]

    assert row.figure == 4.0
    assert row.note == "against huey"
    assert not row.goal.is_met(row.figure)


def test_a_goal_without_figures_is_not_reached_by_accident():
    rows = comparison_goals(Figures(), OURS, lease_s=5)

    assert all(math.isnan(row.figure) and not row.goal.is_met(row.figure) for row in rows)


def test_the_recovery_goal_is_the_lease_and_one_second():
    figures = Figures()
    figures.add(RECOVERY_S, OURS, 6.0)
    figures.add(DRAIN_2, OURS, 1.0)

    row = comparison_goals(figures, OURS, lease_s=5)[-1]

    assert row.goal.goal == 6
    assert row.goal.is_met(6.0)
    assert not row.goal.is_met(6.01)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)]
)
def test_a_percentile_is_a_value_that_was_seen(share, expected):
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_the_middle_of_three_values_is_the_second():
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


@pytest.mark.parametrize("at_least", [True, False])
def test_a_goal_is_met_by_exactly_what_it_asks_for(at_least):
    assert Goal("any", 5, "×", at_least=at_least).is_met(5.0)


def test_the_percentile_of_one_value_is_that_value():
    assert percentile([7.0], 0.95) == 7.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8, "0.80"), (12.34, "12.3"), (123.4, "123"), (12_345.6, "12,346"), (-12.5, "-12.5")],
)
def test_a_number_has_as_many_digits_as_a_reader_needs(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("runs", "text"),
    [([], "–"), ([2.0], "2.00"), ([3.0, 1.0, 2.0], "2.00 (1.00–3.00)")],
)
def test_the_spread_is_the_median_with_the_range_of_several_runs(runs, text):
    assert spread(runs) == text


def test_a_goal_says_its_direction_and_unit():
    assert str(Goal("drain", 5, "×", at_least=True)) == "≥ 5.00 ×"
    assert str(Goal("list", 10, "ms", at_least=False)) == "≤ 10.0 ms"


def test_what_could_not_be_measured_has_no_figure():
    assert math.isnan(Reached(Goal("list", 10, "ms", at_least=False), []).figure)

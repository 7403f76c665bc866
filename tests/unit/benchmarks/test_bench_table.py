from benchmarks.figures import DRAIN_1, RECOVERY_S, Figures, Goal, Reached
from benchmarks.table import comparison, goals, markdown

NEVER = "never (>20)"


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_line_of_a_table_is_equally_wide():
    lines = markdown(["", "start p50 ms"], [["saq", "1"], ["asynctaskflow", "≤ 0,80"]]).splitlines()

    assert len({len(line) for line in lines}) == 1


def test_the_comparison_has_a_row_for_each_system_in_the_order_of_measuring():
    figures = Figures()
    figures.add(DRAIN_1, "ours", 20_000.0)
    figures.add(DRAIN_1, "saq", 2_000.0)

    rows = comparison(figures, never=NEVER).splitlines()[2:]

    assert [cells(row)[0] for row in rows] == ["ours", "saq"]
    assert "20,000" in cells(rows[0])


def test_a_task_that_did_not_come_back_is_told_from_one_that_was_not_tried():
    figures = Figures()
    figures.add(RECOVERY_S, "huey", None)
    figures.add(DRAIN_1, "saq", 1.0)

    huey, saq = comparison(figures, never=NEVER).splitlines()[2:]

    assert NEVER in cells(huey)
    assert NEVER not in cells(saq)
    assert "–" in cells(saq)


def test_a_goal_stands_beside_what_was_reached():
    met = Reached(Goal("list page", 10, "ms", at_least=False), [2.0, 4.0, 3.0])
    missed = Reached(Goal("bulk", 60_000, "/s", at_least=True), [40_000.0], "busy machine")
    unknown = Reached(Goal("API", 5_500, "/s", at_least=True), [])

    rows = [cells(row) for row in goals([met, missed, unknown]).splitlines()[2:]]

    assert rows == [
        ["list page", "≤ 10.0 ms", "3.00 (2.00–4.00)", "yes"],
        ["bulk", "≥ 60,000 /s", "40,000", "NO, busy machine"],
        ["API", "≥ 5,500 /s", "–", "not measured"],
    ]

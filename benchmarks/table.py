"""Figures as text. Pure."""

import unicodedata
from collections.abc import Sequence

from benchmarks.figures import (
    DRAIN_1,
    DRAIN_2,
    ENQUEUE_BULK,
    ENQUEUE_SINGLE,
    ENQUEUE_TOGETHER,
    RECOVERY_S,
    REDIS_COMMANDS,
    ROUND_TRIPS,
    START_P50_MS,
    START_P95_MS,
    Figures,
    Reached,
    spread,
)

COLUMNS = (
    (ENQUEUE_SINGLE, "enqueue/s"),
    (ENQUEUE_TOGETHER, "32 callers/s"),
    (ENQUEUE_BULK, "bulk/s"),
    (DRAIN_1, "drain/s, 1 proc"),
    (DRAIN_2, "drain/s, 2 procs"),
    (START_P50_MS, "start p50 ms"),
    (START_P95_MS, "start p95 ms"),
    (REDIS_COMMANDS, "Redis cmds/task"),
    (ROUND_TRIPS, "round trips/task"),
    (RECOVERY_S, "recovery s"),
)


def comparison(figures: Figures, *, never: str) -> str:
    """One row a system, one column a measure: median (minimum–maximum)."""
    rows = [
        [name, *(_cell(figures, measure, name, never) for measure, _ in COLUMNS)]
        for name in figures.systems()
    ]
    return markdown(["", *(title for _, title in COLUMNS)], rows)


def goals(reached: Sequence[Reached]) -> str:
    """Each goal beside what was reached."""
    rows = [[row.goal.what, str(row.goal), spread(row.runs), _verdict(row)] for row in reached]
    return markdown(["", "goal", "reached", ""], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that can be read as it is and pasted into a README."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in [lines[0], rule, *lines[1:]])


def _cell(figures: Figures, measure: str, name: str, never: str) -> str:
    if figures.is_never(measure, name):
        return never
    return spread(figures.of(measure, name))


def _verdict(row: Reached) -> str:
    if not row.runs:
        return row.note or "not measured"
    verdict = "yes" if row.goal.is_met(row.figure) else "NO"
    return f"{verdict}, {row.note}" if row.note else verdict


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = [
        cell + " " * (width - _width(cell)) if column == 0 else " " * (width - _width(cell)) + cell
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join([first, *others]) + " |"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(letter) else 1 for letter in text)

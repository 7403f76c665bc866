"""The figures of a run and what may be said of them. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

ENQUEUE_SINGLE = "enqueue_single"
ENQUEUE_BULK = "enqueue_bulk"
DRAIN_1 = "drain_1"
DRAIN_2 = "drain_2"
START_P50_MS = "start_p50_ms"
START_P95_MS = "start_p95_ms"
REDIS_COMMANDS = "redis_commands_per_task"
RECOVERY_S = "recovery_s"
PUBLISHED = (
    ENQUEUE_SINGLE,
    ENQUEUE_BULK,
    DRAIN_1,
    DRAIN_2,
    START_P50_MS,
    START_P95_MS,
    REDIS_COMMANDS,
    RECOVERY_S,
)
# Printed beside the published ones, not part of the file.
ENQUEUE_TOGETHER = "enqueue_32_callers"
ROUND_TRIPS = "round_trips_per_task"


@dataclass(slots=True)
class Figures:
    """Measure -> system -> one figure per run. ``None`` in a run means that it never happened."""

    measures: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)

    def add(self, measure: str, system: str, figure: float | None) -> None:
        """Remember one figure."""
        self.measures.setdefault(measure, {}).setdefault(system, []).append(figure)

    def of(self, measure: str, system: str) -> list[float]:
        """The figures that exist, in the order of the runs."""
        runs = self.measures.get(measure, {}).get(system, [])
        return [figure for figure in runs if figure is not None]

    def middle(self, measure: str, system: str) -> float | None:
        """The median, if there is any figure."""
        found = self.of(measure, system)
        return median(found) if found else None

    def is_never(self, measure: str, system: str) -> bool:
        """Tried, and in no run did it happen."""
        runs = self.measures.get(measure, {}).get(system, [])
        return bool(runs) and not self.of(measure, system)

    def systems(self) -> list[str]:
        """Every system that has a figure, in the order of its first."""
        names = (name for by_system in self.measures.values() for name in by_system)
        return list(dict.fromkeys(names))

    def published(self) -> dict[str, dict[str, dict[str, list[float]]]]:
        """What ``BENCH_JSON`` holds. A figure that never happened has no number and is left out."""
        measures = {}
        for measure in PUBLISHED:
            names = self.measures.get(measure, {})
            by_system = {name: self.of(measure, name) for name in names}
            measures[measure] = {name: runs for name, runs in by_system.items() if runs}
        return {"measures": measures}


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that was promised.

    Attributes:
        at_least: more is better; otherwise less is.
    """

    what: str
    goal: float
    unit: str
    at_least: bool

    def is_met(self, reached: float) -> bool:
        """Whether the figure keeps the promise."""
        return reached >= self.goal if self.at_least else reached <= self.goal

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {number(self.goal)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Reached:
    """A goal beside what came out; ``runs`` is empty when it could not be measured."""

    goal: Goal
    runs: Sequence[float]
    note: str = ""

    @property
    def figure(self) -> float:
        """The median of the runs."""
        return median(self.runs) if self.runs else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; ``share`` is between 0 and 1."""
    ordered = sorted(values)
    rank = max(1, math.ceil(share * len(ordered)))
    return ordered[rank - 1]


def number(value: float) -> str:
    """As a person reads it: three significant digits at least, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(runs: Iterable[float]) -> str:
    """Median, and minimum to maximum where there were several runs."""
    found = list(runs)
    if not found:
        return "–"
    middle = number(median(found))
    return middle if len(found) == 1 else f"{middle} ({number(min(found))}–{number(max(found))})"


def fastest_peer(figures: Figures, measure: str, ours: str) -> tuple[str, float] | None:
    """The peer with the highest median, and that median."""
    middles = {name: figures.middle(measure, name) for name in figures.systems() if name != ours}
    found = {name: middle for name, middle in middles.items() if middle is not None}
    if not found:
        return None
    best = max(found, key=lambda name: found[name])
    return best, found[best]


def comparison_goals(figures: Figures, ours: str, *, lease_s: float) -> list[Reached]:
    """The goals that the common table can answer."""
    rows = []
    for measure, processes in ((DRAIN_1, "1 process"), (DRAIN_2, "2 processes")):
        best, own = fastest_peer(figures, measure, ours), figures.middle(measure, ours)
        ratio = [own / best[1]] if best and own else []
        note = f"against {best[0]}" if best else ""
        goal = Goal(f"drain / fastest peer, {processes}", 5, "×", at_least=True)
        rows.append(Reached(goal, ratio, note))
    rows += [
        Reached(goal, figures.of(measure, ours))
        for measure, goal in _own_goals(lease_s=lease_s).items()
    ]
    return rows


def _own_goals(*, lease_s: float) -> Mapping[str, Goal]:
    return {
        ENQUEUE_SINGLE: Goal("enqueue, one at a time", 8_000, "/s", at_least=True),
        ENQUEUE_BULK: Goal("enqueue, bulk", 60_000, "/s", at_least=True),
        START_P50_MS: Goal("idle enqueue→start p50", 0.8, "ms", at_least=False),
        RECOVERY_S: Goal("recovery after SIGKILL", lease_s + 1, "s", at_least=False),
    }

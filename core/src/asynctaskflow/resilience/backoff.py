"""How long to wait: bounds that grow, delays drawn below them. Pure: the dice are an argument."""

from collections.abc import Sequence

MAX_DELAY_S = 604_800.0
MAX_EXPONENT = 300  # beyond it a float overflows; every bound has long reached its cap
LEAST_SPREAD_S = 0.05
SPREAD = 0.1


def exponential_bound_s(failures: int, *, initial_s: float, factor: float, max_s: float) -> float:
    """Upper bound of the delay after the n-th failure (from 1)."""
    return min(max_s, initial_s * factor ** min(max(failures, 1) - 1, MAX_EXPONENT))


def scheduled_bound_s(failures: int, schedule: Sequence[float]) -> float:
    """Upper bound of the delay after the n-th failure (from 1); the last entry repeats."""
    return schedule[min(max(failures, 1), len(schedule)) - 1]


def full_jitter_s(*, bound_s: float, floor_s: float, roll: float) -> float:
    """A delay spread evenly over ``bound_s`` above the floor, so that equal floors do not meet again.

    Args:
        bound_s: width of the spread, at least 0.
        floor_s: never less than this; what a provider asked for. Negative and NaN count as 0.
        roll: uniform in [0, 1).
    """
    floor = floor_s if floor_s > 0 else 0.0
    return min(MAX_DELAY_S, floor + bound_s * roll)


def spread_s(wait_s: float, *, roll: float) -> float:
    """The wait and up to a tenth more: callers told the same time do not all come at once."""
    return wait_s + roll * max(LEAST_SPREAD_S, SPREAD * wait_s)

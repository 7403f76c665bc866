"""The laws of the limiter (I9) and of the breaker (I10). Pure."""

from collections.abc import Sequence


def worst_excess(at_s: Sequence[float], *, capacity: float, rate_per_s: float) -> float:
    """By how many calls the fullest of all windows exceeds ``capacity + rate * length``; <= 0 is lawful.

    Every window that begins and ends with a call is looked at, in one pass: the number of calls in the
    window i..j less what the rate allows is ``(j - rate*t_j) - (i - rate*t_i) + 1``.
    """
    worst, lowest = -capacity, float("inf")
    for number, at in enumerate(sorted(at_s)):
        level = number - rate_per_s * at
        lowest = min(lowest, level)
        worst = max(worst, level - lowest + 1 - capacity)
    return worst


def busiest_window(at_s: Sequence[float], *, window_s: float) -> int:
    """Most calls in any window of that length, its end not included."""
    times = sorted(at_s)
    most = first = 0
    for last, time_s in enumerate(times):
        while time_s - times[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def insist_on_limit(
    at_s: Sequence[float], *, capacity: float, rate_per_s: float, delay_s: float = 0.0
) -> None:
    """I9.

    Args:
        delay_s: longest time between a grant and the moment that was logged.

    Raises:
        AssertionError: some window holds more calls than the bucket allows.
    """
    excess = worst_excess(at_s, capacity=capacity + rate_per_s * delay_s, rate_per_s=rate_per_s)
    if excess > 1e-6:
        raise AssertionError(
            f"I9  a window holds {excess:.2f} calls more than {capacity:g} + {rate_per_s:g}/s * (t + {delay_s:g} s)"
        )


def insist_on_probes(probes_per_epoch: Sequence[int], *, allowed: int) -> None:
    """I10.

    Raises:
        AssertionError: a half-open epoch let more calls through than there are permits, or none at all.
    """
    wrong = {
        epoch: count for epoch, count in enumerate(probes_per_epoch) if not 0 < count <= allowed
    }
    if wrong:
        raise AssertionError(f"I10  probes per half-open epoch, {allowed} allowed: {wrong}")

"""Which moments of a function's load are worth keeping."""

import pytest

from asynctaskflow.scaling import LoadSample, QueueSight
from asynctaskflow.scaling.sample import SAMPLED_AFTER_MS

BUSY = LoadSample(1000, waiting=4, running=2, desired=2, ready=1)


def sample(at_ms: int, *numbers: int) -> LoadSample:
    return LoadSample(at_ms, *numbers)


def test_a_sample_says_what_was_seen_and_decided():
    queue = QueueSight(waiting=4, due_soon=7, running=2)

    assert LoadSample.of(queue, desired=2, ready=1, at_ms=1000) == BUSY


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (sample(1000 + SAMPLED_AFTER_MS, 5, 2, 2, 1), True),
        (sample(999 + SAMPLED_AFTER_MS, 5, 2, 2, 1), False),
        (sample(1000 + SAMPLED_AFTER_MS, 4, 2, 2, 1), False),
        (sample(1001, 0, 0, 0, 0), True),
    ],
    ids=["changed", "too soon", "unchanged", "at rest"],
)
def test_a_change_is_kept_after_five_seconds_and_rest_at_once(later, kept):
    assert later.is_news_after(BUSY) is kept


def test_a_function_that_has_never_worked_has_no_first_sample():
    assert not sample(1, 0, 0, 0, 0).is_news_after(None)
    assert BUSY.is_news_after(None)

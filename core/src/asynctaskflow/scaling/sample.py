"""What a function's queue and workers were at one moment, kept so that people see it beside the decisions."""

from dataclasses import dataclass

from asynctaskflow.scaling.observation import QueueSight

SAMPLES_KEPT = 720  # an hour of something new every time
SAMPLED_AFTER_MS = 5000


@dataclass(frozen=True, slots=True)
class Load:
    """The samples since some moment, oldest first, after the one that held then.

    Attributes:
        now_ms: Redis time.
    """

    now_ms: int
    samples: "tuple[LoadSample, ...]"


@dataclass(frozen=True, slots=True)
class LoadSample:
    """Numbers at one moment; they hold until the next sample.

    Attributes:
        at_ms: Redis time.
        waiting: tasks that a worker could start.
        running: tasks under a lease.
        desired: workers that were decided.
        ready: workers that took tasks.
    """

    at_ms: int
    waiting: int
    running: int
    desired: int
    ready: int

    @classmethod
    def of(cls, queue: QueueSight, *, desired: int, ready: int, at_ms: int) -> "LoadSample":
        """The sample of what one decision saw and decided."""
        return cls(at_ms, queue.waiting, queue.running, desired, ready)

    def is_news_after(self, last: "LoadSample | None") -> bool:
        """Whether it is to be kept: something has changed, and the last one is old enough or all is at rest.

        A function at rest may not be looked at again, so its zeros cannot wait.
        """
        if last is None:
            return any(self._numbers)
        if self._numbers == last._numbers:
            return False
        return not any(self._numbers) or self.at_ms - last.at_ms >= SAMPLED_AFTER_MS

    @property
    def _numbers(self) -> tuple[int, ...]:
        return self.waiting, self.running, self.desired, self.ready

"""What this package asks of others: a guard around each call, and a limiter to tell limits to.

Core's dependency guard is both; tests pass smaller ones.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")

DEPENDENCY = "openrouter"


class Guard(Protocol):
    """The shared limiter and breaker of one dependency."""

    async def call(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Run ``operation`` when a token and the breaker allow it, and note how it ended.

        Raises:
            NotNow: the call was not made.
            TaskError: from ``operation``.
        """
        ...


class LimitSink(Protocol):
    """Where a rate limit that the provider reports goes."""

    async def configure(
        self, name: str, requests: float, interval_s: float, *, source: str, capacity: float
    ) -> object:
        """Limit all workers together; a static limit of the manifest stays stronger.

        Args:
            requests: per interval, as the bucket refills.
            capacity: most that may pass at once after a quiet time.
        """
        ...

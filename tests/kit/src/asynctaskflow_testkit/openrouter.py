"""Stand-ins and questions for the tests of the OpenRouter package; the fixtures are beside it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from asynctaskflow.errors import Retryable
from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.messages import ChatRequest, Message
from asynctaskflow_openrouter.simulator import Call, Simulator

T = TypeVar("T")

CANARY = "canary-0123456789abcdef"  # not like an API key, so that no pattern finds it
QUESTION = ChatRequest(messages=(Message.user("One. Two."),))
MINUTE_MS = 60_000
CHECK_TIMEOUT_S = 1.0


class Limits:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float, float, str, float]] = []

    async def configure(
        self, name: str, requests: float, interval_s: float, *, source: str, capacity: float
    ) -> None:
        self.told.append((name, requests, interval_s, source, capacity))


class OpenGuard:
    """Lets every call through."""

    async def call(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await operation()


class StillClock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def mono_s(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return int(self.now_s * 1000)


def checks(simulator: Simulator) -> list[Call]:
    """Looks at the account that reached the provider."""
    return [call for call in simulator.journal.calls if call.path.endswith("/key")]


async def age(redis: AsyncRedis, field: str, by_ms: int) -> None:
    """Move a time of the state into the past."""
    then = await redis.hget(keys.STATE, field)
    await redis.hset(keys.STATE, field, str(int(then or 0) - by_ms))


def unavailable() -> Retryable:
    """What a 503 becomes."""
    return Retryable("HTTP 503", error_class="unavailable", provider_fault=True)

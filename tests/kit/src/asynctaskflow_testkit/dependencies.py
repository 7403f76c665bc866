"""One dependency in Redis, and the guards that workers put around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asynctaskflow.dependencies.guard import DependencyGuard, Surroundings
from asynctaskflow.dependencies.messages import DependencyState
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow, Retryable
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec, RateLimit
from asynctaskflow.resilience.breaker import Status
from asynctaskflow.store.connection import AsyncRedis

NAME = "api"
BREAKER = BreakerPolicy(
    window_seconds=60, min_calls=4, failure_ratio=0.5, open_seconds=30, half_open_probes=2
)
PROMPT = BREAKER.model_copy(update={"open_seconds": 0.05})
FAULT = Retryable("503", error_class="unavailable", provider_fault=True)
ANSWER = 42


@dataclass(frozen=True, slots=True)
class SharedDependency:
    """The dependency ``api``; each guard is another worker's."""

    client: AsyncRedis
    dependencies: RedisDependencies

    async def register(
        self,
        *,
        breaker: BreakerPolicy = BREAKER,
        limit: RateLimit | None = None,
        max_wait_s: float = 10.0,
    ) -> None:
        """Register it, as a worker does when it starts."""
        spec = DependencySpec(breaker=breaker, rate_limit=limit, max_wait_seconds=max_wait_s)
        await self.dependencies.register(NAME, spec)

    def guard(self, **surroundings: Any) -> DependencyGuard:
        """A worker's guard, which never jitters.

        Args:
            surroundings: fields of ``Surroundings``, such as ``remaining_s``.
        """
        around = Surroundings(roll=lambda: 0.0, **surroundings)
        return DependencyGuard(self.dependencies, NAME, around)

    async def state(self) -> DependencyState:
        """All that is stored of it."""
        return await self.dependencies.state(NAME)

    async def status(self) -> Status:
        """Its breaker's status."""
        return (await self.state()).breaker.status

    async def break_it(self) -> None:
        """Let calls fail until the breaker opens."""
        for _ in range(BREAKER.min_calls):
            try:
                await self.guard().call(failing(FAULT))
            except Retryable:
                continue
            raise AssertionError("the call's error did not come through")

    async def passes(self) -> bool:
        """Whether a call is let through now; makes one."""
        try:
            return await self.guard().call(answer) == ANSWER
        except NotNow:
            return False

    async def is_due(self) -> bool:
        """Whether the open breaker would let a probe through."""
        state = await self.state()
        return state.breaker.next_attempt_ms <= state.now_ms

    async def waiting(self) -> int:
        """Callers in line for a token."""
        return (await self.state()).limiter.waiting

    async def no_probe_in_flight(self) -> bool:
        """Whether every probe has ended or expired."""
        return (await self.state()).breaker.probes_in_flight == 0


async def answer() -> int:
    """A call that succeeds."""
    return ANSWER


def failing(error: BaseException) -> Callable[[], Awaitable[None]]:
    """A call that raises."""

    async def fail() -> None:
        raise error

    return fail

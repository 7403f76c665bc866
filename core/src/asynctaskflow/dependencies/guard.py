"""What a handler gets as ``ctx.dependency(name)``: each call waits its turn and reports how it ended.

Without waiting a call costs two round trips: one before it, one after. Never interprets vendor errors: adapters
say with ``provider_fault`` whether a failure is the provider's.
"""

import asyncio
import random
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

import structlog

from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.dependencies import metrics
from asynctaskflow.dependencies.messages import Admission, Ask, Code
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow, QueueUnavailable, Retryable, TaskError
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.backoff import spread_s
from asynctaskflow.resilience.breaker import Report, Status
from asynctaskflow.resilience.error_class import error_class_of, slug

T = TypeVar("T")

RATE_LIMITED = "rate_limited"
BREAKER_OPEN = "breaker_open"
DEFAULT_SLEEP_S = 5.0
LOOK_AGAIN_S = 1.0  # a waiter asks this often, so that a new limit reaches it before its turn

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a guard takes from its process, so that tests can pass their own.

    Attributes:
        roll: uniform in [0, 1).
        remaining_s: seconds until the attempt's deadline; a call never waits beyond it.
    """

    clock: Clock = field(default_factory=SystemClock)
    roll: Callable[[], float] = random.random
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    remaining_s: Callable[[], float] | None = None


class DependencyGuard:
    """The shared limiter and breaker around the calls of one dependency."""

    def __init__(
        self,
        dependencies: RedisDependencies,
        name: str,
        surroundings: Surroundings | None = None,
    ) -> None:
        """Cheap: nothing is sent before the first call."""
        self.name = name
        self._dependencies = dependencies
        self._around = surroundings or Surroundings()

    async def call(self, operation: Callable[[], Awaitable[T]], *, tokens: int = 1) -> T:
        """Run ``operation`` when breaker and limiter allow it.

        Args:
            tokens: what it costs, at least 1.

        Raises:
            NotNow: it was not run (``breaker_open``, ``rate_limited``); says when to come back.
            QueueUnavailable: it was not run, because Redis cannot be asked.
            Exception: from ``operation``.
        """
        if tokens < 1:
            raise ValueError(f"tokens: at least 1, got {tokens}")
        ask = Ask(secrets.token_hex(8), tokens)
        await self._admitted(ask)
        how = Report.NEUTRAL
        try:
            result = await operation()
            how = Report.SUCCESS
        except TaskError as error:
            how = Report.FAULT if error.provider_fault else Report.NEUTRAL
            await self._heed(error)
            raise
        except (TimeoutError, ConnectionError):
            how = Report.FAULT
            raise
        finally:
            raised = None if how is Report.SUCCESS else sys.exception()
            await self._report(ask, how, ended=_error_class(raised))
        return result

    async def _admitted(self, ask: Ask) -> None:
        """Return when the call may be made; whatever else happens, it holds nothing."""
        answered = False
        try:
            refusal = await self._answer(ask)
            answered = True
        finally:
            if not answered:
                await self._report(ask, Report.NEUTRAL)
        if refusal is not None:
            raise refusal

    async def _answer(self, ask: Ask) -> NotNow | None:
        """Ask until the call is let through (``None``) or turned away."""
        start_s = self._around.clock.mono_s()
        waits = 0
        while True:
            waited_ms = round((self._around.clock.mono_s() - start_s) * 1000)
            answer = await self._dependencies.admit(
                self.name, replace(ask, waited_ms=waited_ms, longest_ms=self._longest_ms())
            )
            self._count(answer, first=waits == 0)
            match answer.code:
                case Code.GRANTED:
                    return None
                case Code.WAIT:
                    waits += 1
                    await self._around.pause(min(answer.wait_ms / 1000, LOOK_AGAIN_S))
                case Code.UNKNOWN:
                    await self._dependencies.register(self.name, DependencySpec(), only_new=True)
                case Code.OPEN | Code.BUSY | Code.OVER:
                    return self._refusal(answer)
                case _:
                    assert_never(answer.code)

    def _longest_ms(self) -> int | None:
        remaining_s = self._around.remaining_s
        return None if remaining_s is None else max(0, int(remaining_s() * 1000))

    def _refusal(self, answer: Admission) -> NotNow:
        delay_s = spread_s(answer.wait_ms / 1000, roll=self._around.roll())
        reason = BREAKER_OPEN if answer.code is Code.OPEN else RATE_LIMITED
        return NotNow(
            f"dependency {self.name}: {reason}, try in {delay_s:.1f} s",
            reason=reason,
            delay_s=delay_s,
        )

    def _count(self, answer: Admission, *, first: bool) -> None:
        if answer.code is Code.GRANTED:
            metrics.GRANTS.labels(self.name).inc()
            metrics.PROBES.labels(self.name).inc(int(answer.probe))
        elif answer.code is Code.OPEN:
            metrics.REFUSED.labels(self.name).inc()
        elif answer.code in {Code.WAIT, Code.BUSY} and first:
            metrics.THROTTLED.labels(self.name).inc()
        if answer.turned:
            metrics.TRANSITIONS.labels(self.name, Status.HALF_OPEN.value).inc()

    async def _heed(self, error: TaskError) -> None:
        """The provider said "too many": nobody asks again before the time it named."""
        if error.error_class != RATE_LIMITED or not isinstance(error, Retryable):
            return
        asleep_s = DEFAULT_SLEEP_S if error.delay_s is None else error.delay_s
        try:
            await self._dependencies.sleep(self.name, asleep_s)
        except QueueUnavailable as lost:
            _log.warning("dependency_sleep_lost", dependency=self.name, error=str(lost))

    async def _report(self, ask: Ask, how: Report, *, ended: str | None = None) -> None:
        """Never in the way of the call's own outcome: without Redis the permit runs out by itself."""
        try:
            counted = await self._dependencies.report(self.name, ask, how, ended=ended)
        except QueueUnavailable as lost:
            metrics.LOST_REPORTS.labels(self.name).inc()
            _log.warning("dependency_report_lost", dependency=self.name, error=str(lost))
            return
        if counted.turned:
            metrics.TRANSITIONS.labels(self.name, counted.status.value).inc()
            _log.warning("breaker_turned", dependency=self.name, status=counted.status.value)


def _error_class(raised: BaseException | None) -> str:
    """What a call is counted as; empty if it went well."""
    match raised:
        case None:
            return ""
        case TaskError():
            return slug(raised.error_class)
        case NotNow():
            return slug(raised.reason)
        case _:
            return error_class_of(raised)

"""A model call as functions make it: gate, guard, client, report.

The gate keeps ten thousand tasks from failing one by one on a key that a check has found to be rejected
or empty: they are handed back without burning an attempt, and tried again after the next check.
"""

from redis.exceptions import RedisError

from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.errors import NotNow, QueueUnavailable, TaskError
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.messages import ChatRequest, Completion
from asynctaskflow_openrouter.ports import Guard
from asynctaskflow_openrouter.reports import CallReports
from asynctaskflow_openrouter.service import OpenRouterService
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.state import BLOCKING, STATE_OF_FAULT, ServiceStatus

GLANCE_S = 5.0
VERIFY_AFTER_S = 10.0
SHORTEST_PAUSE_S = 1.0


class GuardedModel:
    """Asks the model; one instance serves all slots of a worker."""

    def __init__(
        self,
        *,
        settings: OpenRouterSettings,
        client: OpenRouterClient,
        service: OpenRouterService,
        reports: CallReports,
        clock: Clock | None = None,
    ) -> None:
        """Keep the parts."""
        self._settings = settings
        self._client = client
        self._service = service
        self._reports = reports
        self._clock = clock or SystemClock()
        self._glance: ServiceStatus | None = None
        self._glanced_at_s = 0.0

    async def complete(
        self, request: ChatRequest, *, guard: Guard, call_id: str | None = None
    ) -> Completion:
        """Ask the model once, when limiter and breaker allow it.

        Args:
            request: the question.
            guard: ``ctx.dependency("openrouter")`` of the attempt that asks.
            call_id: the same for each attempt at the same work.

        Raises:
            NotNow: breaker open, tokens out for long, or the key is known to be refused.
            Retryable: as the table in `faults` says.
            Permanent: as the table in `faults` says.
        """
        await self._pass_gate()
        return await guard.call(lambda: self._reported(request, call_id))

    async def _reported(self, request: ChatRequest, call_id: str | None) -> Completion:
        try:
            completion = await self._client.complete(request, call_id=call_id)
        except TaskError as error:
            model = request.model or self._settings.model
            await self._reports.failed(error, model=model, call_id=call_id)
            if STATE_OF_FAULT.get(error.error_class) in BLOCKING:
                self._glance = None  # the next call looks before it leaps
            raise
        await self._reports.succeeded(completion)
        return completion

    async def _pass_gate(self) -> None:
        try:
            status = await self._status()
        except (QueueUnavailable, RedisError):
            return  # the gate only spares calls; the guard decides whether they may be made
        if not self._blocks(status):
            return
        pause_s = self._settings.fresh_s - status.check_age_ms / 1000
        raise NotNow(
            f"{status.state}: {status.message}",
            reason=str(status.state),
            delay_s=max(pause_s, SHORTEST_PAUSE_S),
        )

    async def _status(self) -> ServiceStatus:
        now_s = self._clock.mono_s()
        if self._glance is not None and now_s - self._glanced_at_s < GLANCE_S:
            return self._glance
        status = await self._service.status()
        if self._is_suspicion(status):
            status = await self._service.status(force_refresh=True)
        self._glance, self._glanced_at_s = status, now_s
        return status

    def _is_suspicion(self, status: ServiceStatus) -> bool:
        """One refused call may be about one model only: a check decides before others are held back."""
        unverified = not status.confirmed and status.check_age_ms > VERIFY_AFTER_S * 1000
        return status.state in BLOCKING and unverified

    def _blocks(self, status: ServiceStatus) -> bool:
        same_key = status.credential == self._client.credential
        return status.state in BLOCKING and status.confirmed and same_key

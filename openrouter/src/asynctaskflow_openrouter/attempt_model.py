"""The process's model as one attempt sees it: behind the guard, and patient once work is under way.

Handing a task back when tokens are out costs nothing before the first answer. After it, the answers so
far would be lost and asked for again, and a task of more calls than the limit lets pass at once would
never end. So from then on the attempt waits in its slot, as long as its time allows.
"""

import asyncio
from collections.abc import Awaitable, Callable

from asynctaskflow import Context
from asynctaskflow.errors import NotNow, Retryable
from asynctaskflow_openrouter.faults import Fault
from asynctaskflow_openrouter.messages import ChatRequest, Completion
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_openrouter.session import session_of_process
from asynctaskflow_openrouter.settings import OpenRouterSettings

# Kept of the attempt's time for the call after the wait.
RESERVE_S = 60.0
SHORTEST_PAUSE_S = 1.0
PAUSE_WITHOUT_HINT_S = 10.0

Ask = Callable[[ChatRequest, str | None], Awaitable[Completion]]


class AttemptModel:
    """Asks a model within one attempt at a task."""

    def __init__(
        self,
        ask: Ask,
        *,
        remaining_s: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Start an attempt.

        Args:
            ask: one guarded call.
            remaining_s: seconds until the attempt is ended by force.
            pause: waits for so many seconds.
        """
        self._ask = ask
        self._remaining_s = remaining_s
        self._pause = pause
        self._answered = False

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        """Ask once, when limiter and breaker allow it.

        Raises:
            NotNow: they do not, and there is nothing to lose or no time to wait.
            TaskError: the model did not answer.
        """
        while True:
            try:
                completion = await self._ask(request, call_id)
            except NotNow as error:
                await self._wait_or_raise(error, error.delay_s)
            except Retryable as error:
                if error.error_class != Fault.RATE_LIMITED:
                    raise
                await self._wait_or_raise(error, error.delay_s or PAUSE_WITHOUT_HINT_S)
            else:
                self._answered = True
                return completion

    async def _wait_or_raise(self, error: NotNow | Retryable, delay_s: float) -> None:
        delay_s = max(delay_s, SHORTEST_PAUSE_S)
        if not self._answered or delay_s > self._remaining_s() - RESERVE_S:
            raise error
        await self._pause(delay_s)


def model_for(ctx: Context, settings: OpenRouterSettings) -> AttemptModel | None:
    """Return the model for this attempt; ``None`` without an API key: the offline provider answers."""
    model = session_of_process(settings).model if settings.api_key else None
    if model is None:
        return None
    guarded, guard = model, ctx.dependency(DEPENDENCY)

    async def ask(request: ChatRequest, call_id: str | None) -> Completion:
        return await guarded.complete(request, guard=guard, call_id=call_id)

    return AttemptModel(ask, remaining_s=ctx.remaining_s)

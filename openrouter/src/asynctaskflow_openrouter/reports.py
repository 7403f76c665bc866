"""How calls ended: counted per day, remembered as errors, and believed as the service's state.

One round trip per call. A report never fails the call that it is about: without Redis, or
with keys that someone damaged, it is dropped.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError

from asynctaskflow.errors import QueueUnavailable, TaskError
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.scripts import Argument, load
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.faults import clean
from asynctaskflow_openrouter.messages import Completion
from asynctaskflow_openrouter.service import PACKAGE, OpenRouterService, as_text
from asynctaskflow_openrouter.state import MESSAGES, STATE_OF_FAULT, ServiceState

METRICS_MAX_DAYS = 30
ERRORS_MAX = 1000

_REPORT = load(PACKAGE, "report_call")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The script's view of one call; what a success leaves empty is empty."""

    state: str
    message: str
    error_class: str = ""
    entry: bytes = b""
    patience: int = 1
    pause_s: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0


class CallReports:
    """Writes and reads what calls leave behind."""

    def __init__(self, redis: AsyncRedis, *, credential: str, unhealthy_after: int) -> None:
        """Keep the connection.

        Args:
            redis: shared with everything else of the process.
            credential: fingerprint of the key that the calls use.
            unhealthy_after: provider faults in a row before they count as the service's state.
        """
        self._redis = redis
        self._credential = credential
        self._unhealthy_after = unhealthy_after

    async def succeeded(self, completion: Completion) -> None:
        """A call was answered."""
        usage = completion.usage
        await self._report(
            _Outcome(
                state=ServiceState.ACTIVE,
                message=MESSAGES[ServiceState.ACTIVE],
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cost_usd=usage.cost_usd or 0.0,
            )
        )

    async def failed(self, error: TaskError, *, model: str, call_id: str | None) -> None:
        """A call was not answered; refusals of the one request say nothing of the service."""
        state = STATE_OF_FAULT.get(error.error_class)
        delay_s = getattr(error, "delay_s", None) or 0.0
        entry = {
            "error_class": error.error_class,
            "message": clean(str(error)),
            "model": clean(model),
            "call_id": clean(call_id or ""),
        }
        await self._report(
            _Outcome(
                state=state or "",
                message="" if state is None else MESSAGES[state],
                error_class=error.error_class,
                entry=orjson.dumps(entry),
                patience=self._unhealthy_after if error.provider_fault else 1,
                pause_s=delay_s if state is ServiceState.RATE_LIMITED else 0.0,
            )
        )

    async def _report(self, outcome: _Outcome) -> None:
        nonce_key = keys.report(secrets.token_hex(8))
        names = [keys.STATE, keys.METRICS_PREFIX, keys.WORKER_ERRORS_PREFIX, nonce_key]
        arguments: list[Argument] = [
            outcome.state,
            outcome.error_class,
            outcome.message,
            outcome.entry,
            outcome.patience,
            int(outcome.pause_s * 1000),
            outcome.prompt_tokens,
            outcome.completion_tokens,
            f"{outcome.cost_usd:.9f}",
            self._credential,
        ]
        try:
            with translated():
                await _REPORT.run(self._redis, names, arguments)
        except (QueueUnavailable, RedisError) as error:
            _log.warning("openrouter_report_dropped", error=str(error))


async def daily_metrics(
    redis: AsyncRedis, service: OpenRouterService, *, days: int = 7
) -> dict[str, dict[str, float]]:
    """Counters per UTC day, newest first, today included; a day without calls is an empty mapping.

    Args:
        redis: the connection.
        service: whose clock says what today is.
        days: 1 to 30; more is cut, older ones are not kept.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    dates = _dates(await service.now_ms(), min(max(days, 1), METRICS_MAX_DAYS))
    with translated():
        pipeline: Any = redis.pipeline(transaction=False)
        for date in dates:
            pipeline.hgetall(keys.metrics(date))
        replies = await pipeline.execute()
    return {date: _counters(fields) for date, fields in zip(dates, replies, strict=True)}


async def recent_errors(
    redis: AsyncRedis, service: OpenRouterService, *, limit: int = 100
) -> list[dict[str, Any]]:
    """Today's failed calls, newest first: time_ms, error_class, message, model, call_id.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    today = _dates(await service.now_ms(), 1)[0]
    last = min(max(limit, 1), ERRORS_MAX) - 1
    with translated():
        lines = await redis.lrange(keys.worker_errors(today), 0, last)
    return [orjson.loads(line) for line in lines]


def _dates(now_ms: int, days: int) -> list[str]:
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return [(today - timedelta(days=back)).isoformat() for back in range(days)]


def _counters(fields: dict[Any, Any]) -> dict[str, float]:
    named = {as_text(name): float(value) for name, value in fields.items()}
    return {name: int(value) if value.is_integer() else value for name, value in named.items()}

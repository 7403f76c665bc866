"""The one place that knows how the service is: cached in Redis, checked by one process at a time.

A check younger than a minute is served as it is; an older one is renewed by whoever asks first, while the
others get the old answer; one older than five minutes is never served. Workers report how their calls
ended with `reports`, so bad news does not wait for a check. It never raises an error of the provider:
that is what it reports.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from asynctaskflow.errors import AsyncTaskFlowError, TaskError
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.scripts import Argument, load
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.account import bucket_within
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.ports import DEPENDENCY, LimitSink
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.state import (
    MESSAGES,
    Finding,
    ServiceState,
    ServiceStatus,
    finding_of_account,
    finding_of_error,
    status_of_fields,
)

PACKAGE = "asynctaskflow_openrouter"
POLL_S = 0.05
LOCK_SLACK_S = 2.0  # on top of the two requests of a check
NOT_FRESH = -1

_LOOK = load(PACKAGE, "look")
_RECORD = load(PACKAGE, "record_check")
_RELEASE = load(PACKAGE, "release")


@dataclass(frozen=True, slots=True)
class _Look:
    now_ms: int
    acquired: bool
    status: ServiceStatus | None


class OpenRouterService:
    """How the service is.

    Attributes:
        client: ``None`` without an API key: then only what workers reported is known.
    """

    def __init__(
        self,
        redis: AsyncRedis,
        settings: OpenRouterSettings,
        *,
        client: OpenRouterClient | None,
        limits: LimitSink | None = None,
    ) -> None:
        """Keep the parts; nothing is opened here."""
        self.client = client
        self._redis = redis
        self._settings = settings
        self._limits = limits

    async def status(self, *, force_refresh: bool = False) -> ServiceStatus:
        """How the service is, by the freshness rules above.

        Args:
            force_refresh: look now, whatever is cached; callers at the same time share one look.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        if self.client is None:
            return self._without_key(await self._look(""))
        token = secrets.token_hex(16)
        fresh_ms = NOT_FRESH if force_refresh else self._settings.fresh_s * 1000
        look = await self._look(token, fresh_ms=fresh_ms)
        if look.acquired:
            return await self._check(self.client, token)
        if look.status is not None and not force_refresh and self._servable(look.status):
            return look.status
        return await self._result_of_other(self.client, token, look.now_ms)

    async def now_ms(self) -> int:
        """Redis' clock.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return (await self._look("")).now_ms

    def _servable(self, status: ServiceStatus) -> bool:
        return status.check_age_ms <= self._settings.stale_s * 1000

    def _without_key(self, look: _Look) -> ServiceStatus:
        """A process without the key, such as an API in a cluster, still hears from the workers."""
        if look.status is not None and look.status.age_ms <= self._settings.stale_s * 1000:
            return look.status
        state = ServiceState.API_KEY_MISSING
        return ServiceStatus(state=state, message=MESSAGES[state], now_ms=look.now_ms)

    async def _result_of_other(
        self, client: OpenRouterClient, token: str, since_ms: int
    ) -> ServiceStatus:
        """Wait for the check that runs elsewhere; take over if its process died."""
        try:
            async with asyncio.timeout(self._lock_s):
                while True:
                    await asyncio.sleep(POLL_S)
                    look = await self._look(token, not_before_ms=since_ms)
                    if look.acquired:
                        return await self._check(client, token)
                    if look.status is not None and (look.status.last_check_ms or 0) >= since_ms:
                        return look.status
        except TimeoutError:
            state = ServiceState.ERROR
            message = "No check has finished in time; the state of the service is not known."
            return ServiceStatus(state=state, message=message, now_ms=since_ms)

    async def _check(self, client: OpenRouterClient, token: str) -> ServiceStatus:
        recorded = False
        try:
            finding = await examine(client)
            await self._pass_on_limit(finding)
            await self._record(finding, token, client.credential)
            recorded = True
        finally:
            if not recorded:
                with translated():
                    await _RELEASE.run(self._redis, [keys.LOCK], [token])
        look = await self._look("")
        if look.status is None:
            raise AsyncTaskFlowError("the service's state vanished from Redis after a check")
        return replace(look.status, cache_hit=False)

    async def _pass_on_limit(self, finding: Finding) -> None:
        if finding.rate_limit is None or self._limits is None:
            return
        bucket = bucket_within(finding.rate_limit)
        await self._limits.configure(
            DEPENDENCY,
            bucket.requests,
            bucket.interval_seconds,
            source="provider",
            capacity=bucket.capacity,
        )

    async def _record(self, finding: Finding, token: str, credential: str) -> None:
        found = {
            "state": finding.state,
            "fields": {**finding.fields, "credential": credential},
            "credits": dict(finding.credits),
        }
        arguments: list[Argument] = [
            token,
            orjson.dumps(found),
            self._settings.unhealthy_after,
            int(self._settings.stale_s * 1000),
            int(finding.pause_s * 1000),
        ]
        names = [keys.STATE, keys.LOCK, keys.CREDITS, keys.METRICS_PREFIX]
        with translated():
            await _RECORD.run(self._redis, names, arguments)

    async def _look(
        self, token: str, *, fresh_ms: float | None = None, not_before_ms: int = 0
    ) -> _Look:
        if fresh_ms is None:
            fresh_ms = self._settings.fresh_s * 1000
        arguments: list[Argument] = [token, int(fresh_ms), not_before_ms, int(self._lock_s * 1000)]
        with translated():
            reply = await _LOOK.run(self._redis, [keys.STATE, keys.LOCK], arguments)
        now_ms = int(reply[0])
        pairs = [as_text(item) for item in reply[2:]]
        fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
        return _Look(now_ms, bool(reply[1]), status_of_fields(fields, now_ms=now_ms))

    @property
    def _lock_s(self) -> float:
        return 2 * self._settings.check_timeout_s + LOCK_SLACK_S


async def examine(client: OpenRouterClient) -> Finding:
    """Ask the provider for the key and its account."""
    try:
        key = await client.key()
        account = None if key is None else await client.credits()
    except TaskError as error:
        return finding_of_error(error)
    return finding_of_account(key, account)


async def stored_credits(redis: AsyncRedis) -> Mapping[str, str]:
    """The credits hash as it is; empty before the first good check.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    with translated():
        fields: Mapping[Any, Any] = await redis.hgetall(keys.CREDITS)
    return {as_text(name): as_text(value) for name, value in fields.items()}


def as_text(value: str | bytes) -> str:
    """A reply as text, whichever way the connection decodes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value

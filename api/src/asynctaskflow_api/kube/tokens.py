"""Kubernetes tokens as an ``Authenticator``: remembered, or reviewed by the API server within a deadline.

The token goes to the API server and nowhere else: not into logs, errors, metrics, nor the memory of verdicts.
"""

import asyncio
import re
from collections.abc import Collection
from hashlib import sha256
from typing import Protocol

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_api.access import Principal, TokensUnavailable
from asynctaskflow_api.kube.reviews import Reviews, ServiceAccount
from asynctaskflow_api.kube.rights import (
    ALL_RIGHTS,
    Keeping,
    Right,
    User,
    Verdict,
    expiry_of,
    principal_of,
    verdict_of,
)
from asynctaskflow_api.kube.verdicts import Verdicts
from asynctaskflow_api.settings import ApiSettings

# RFC 6750, 2.1; the length is beyond any identity provider's, and below what a header may have.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,16384}={0,2}")
SECOND_MS = 1000
_log = structlog.get_logger(__name__)


class NoServiceAccount(AsyncTaskFlowError):
    """This process has no account to ask the API server with."""


class Reviewer(Protocol):
    """Who knows tokens and rights; ``Reviews`` is one."""

    async def user(self, token: str) -> User | None:
        """Whom a token stands for; raises ``TokensUnavailable``."""
        ...

    async def allowed(self, user: User, rights: Collection[Right]) -> frozenset[Right]:
        """Those of the rights that a user has; raises ``TokensUnavailable``."""
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...


class ReviewMeter(Protocol):
    """Counts reviews."""

    def reviewed(self, outcome: str) -> None:
        """One has ended: ``accepted``, ``refused`` or ``unavailable``."""
        ...


class KubernetesTokens:
    """Accepts whom the cluster knows, as far as its RBAC lets them work with our resources."""

    def __init__(
        self, reviewer: Reviewer, settings: ApiSettings, *, clock: Clock, meter: ReviewMeter
    ) -> None:
        """Nothing is sent yet."""
        self._reviewer = reviewer
        self._clock = clock
        self._meter = meter
        self._namespace = settings.kube_namespace
        self._timeout_s = settings.kube_timeout_s
        self._keeping = Keeping(settings.kube_known_s, settings.kube_refused_s)
        self._verdicts = Verdicts(clock, size=settings.kube_remembered)
        self._answers = True
        audiences = " or ".join(settings.kube_audiences) or "the API server"
        self.accepts = f"a Kubernetes token for the audience {audiences}"

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._reviewer.aclose()

    async def principal(self, token: str) -> Principal | None:
        """See ``Authenticator.principal``; what cannot be a token is not sent to the API server."""
        if not TOKEN.fullmatch(token):
            return None
        return await self._verdicts.of(sha256(token.encode()).digest(), lambda: self._review(token))

    async def _review(self, token: str) -> Verdict:
        try:
            async with asyncio.timeout(self._timeout_s):
                principal = await self._ask(token)
        except TimeoutError as error:
            raise self._unavailable("the API server does not answer in time") from error
        except TokensUnavailable as error:
            raise self._unavailable(str(error)) from error
        self._note(answers=True)
        self._meter.reviewed("refused" if principal is None else "accepted")
        return verdict_of(
            principal,
            expires_s=expiry_of(token) if principal else None,
            now_s=self._clock.wall_ms() / SECOND_MS,
            keeping=self._keeping,
        )

    async def _ask(self, token: str) -> Principal | None:
        user = await self._reviewer.user(token)
        if user is None:
            return None
        allowed = await self._reviewer.allowed(user, ALL_RIGHTS)
        return principal_of(user, allowed, namespace=self._namespace)

    def _unavailable(self, reason: str) -> TokensUnavailable:
        self._note(answers=False, reason=reason)
        self._meter.reviewed("unavailable")
        return TokensUnavailable(reason)

    def _note(self, *, answers: bool, reason: str = "") -> None:
        """Log changes only: strangers could fill the log with the rest."""
        if answers is self._answers:
            return
        self._answers = answers
        if answers:
            _log.info("reviews_are_back")
        else:
            _log.warning("reviews_unavailable", reason=reason)


def open_tokens(settings: ApiSettings, clock: Clock, meter: ReviewMeter) -> KubernetesTokens:
    """The real ones, asked as this pod's service account.

    Raises:
        NoServiceAccount
    """
    try:
        account = ServiceAccount(settings.kube_account_dir)
    except OSError as error:
        folder = settings.kube_account_dir
        raise NoServiceAccount(f"ATF_API_KUBE_TOKENS: no service account in {folder}") from error
    reviews = Reviews(
        settings.kube_url,
        account,
        namespace=settings.kube_namespace,
        audiences=settings.kube_audiences,
        step_s=settings.kube_timeout_s / 2,
    )
    return KubernetesTokens(reviews, settings, clock=clock, meter=meter)

"""Asks the API server who a token is and what they may do: TokenReview and LocalSubjectAccessReview.

Neither logs nor repeats anything that a caller sent, and remembers nothing. The namespaced access review answers for our
namespace alone, so asking it takes no right on the cluster.
"""

import asyncio
import ssl
from collections.abc import Collection, Generator, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from asynctaskflow_api.access import TokensUnavailable
from asynctaskflow_api.kube.rights import GROUP, Right, User, is_for_us

AUTHENTICATION, AUTHORIZATION = "authentication.k8s.io/v1", "authorization.k8s.io/v1"
CONNECTIONS = 16  # bounds what strangers with ever new tokens can make the API server do at once


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)  # the API server repeats the token


class _UserInfo(_Answer):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


class _TokenStatus(_Answer):
    authenticated: bool = False
    user: _UserInfo = _UserInfo()
    audiences: tuple[str, ...] = ()


class _TokenReview(_Answer):
    status: _TokenStatus


class _AccessStatus(_Answer):
    allowed: bool


class _AccessReview(_Answer):
    status: _AccessStatus


Reviewed = TypeVar("Reviewed", _TokenReview, _AccessReview)


class ServiceAccount(httpx2.Auth):
    """The pod's own identity, from the folder that the kubelet mounts and renews.

    Raises:
        OSError: the folder has no certificate of the cluster's authority.
    """

    def __init__(self, folder: Path) -> None:
        """Trust the cluster's authority."""
        self._token = folder / "token"
        self._authority = folder / "ca.crt"
        self.trust = ssl.create_default_context(cafile=self._authority)

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Sign a request with the token that stands there now: it is renewed while the process runs."""
        request.headers["Authorization"] = f"Bearer {self._token.read_text().strip()}"
        yield request

    def client(
        self,
        url: str,
        *,
        step_s: float,
        connections: int,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> httpx2.AsyncClient:
        """What asks an API server as this account; nothing is sent yet.

        Args:
            step_s: bounds a connection, a handshake, an answer.
            transport: what stands for the network in a test.
        """
        return httpx2.AsyncClient(
            base_url=url,
            auth=self,
            verify=self.trust,
            timeout=step_s,
            limits=httpx2.Limits(max_connections=connections),
            trust_env=False,
            transport=transport,
        )

    def renew_trust(self) -> None:
        """Trust the authority that stands there now too: the one of before may have been replaced."""
        with suppress(OSError):
            self.trust.load_verify_locations(self._authority)


class Reviews:
    """One API server, asked as one service account about one namespace."""

    def __init__(
        self,
        url: str,
        account: ServiceAccount,
        *,
        namespace: str,
        audiences: Collection[str],
        step_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            audiences: whom a token must be meant for, one of them; empty: the API server itself.
            step_s: bounds a connection, a handshake, an answer; the caller bounds all of them together. Shorter than
                that bound, since a handshake that is cancelled from outside leaves its socket open for a while.
            transport: what stands for the network in a test.
        """
        self._account = account
        self._namespace = namespace
        self._audiences = list(audiences)
        self._http = account.client(
            url, step_s=step_s, connections=CONNECTIONS, transport=transport
        )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def user(self, token: str) -> User | None:
        """Whom a token stands for; ``None`` if it is not valid, or not for our audiences.

        Raises:
            TokensUnavailable
        """
        spec: dict[str, Any] = {"token": token}
        if self._audiences:
            spec["audiences"] = self._audiences
        status = (await self._ask(f"{AUTHENTICATION}/tokenreviews", spec, _TokenReview)).status
        ours = is_for_us(asked=self._audiences, answered=status.audiences)
        if not status.authenticated or not ours:
            return None
        found = status.user
        return User(found.username, found.uid, found.groups, tuple(found.extra.items()))

    async def allowed(self, user: User, rights: Collection[Right]) -> frozenset[Right]:
        """Those of the rights that a user has in our namespace.

        Raises:
            TokensUnavailable
        """
        asked = (self._may(user, right) for right in rights)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return frozenset(right for right, yes in zip(rights, answers, strict=True) if yes)

    async def _may(self, user: User, right: Right) -> bool:
        attributes = {
            "namespace": self._namespace,
            "group": GROUP,
            "verb": right.verb,
            "resource": right.resource,
            "subresource": right.subresource,
        }
        spec = {
            "user": user.name,
            "uid": user.uid,
            "groups": user.groups,
            "extra": dict(user.extra),
            "resourceAttributes": attributes,
        }
        path = f"{AUTHORIZATION}/namespaces/{self._namespace}/localsubjectaccessreviews"
        return (await self._ask(path, spec, _AccessReview)).status.allowed

    async def _ask(self, path: str, spec: Mapping[str, Any], answered: type[Reviewed]) -> Reviewed:
        try:
            answer = await self._http.post(f"/apis/{path}", json={"spec": spec})
        except httpx2.ConnectError as error:
            self._account.renew_trust()
            raise TokensUnavailable("the API server is not reached") from error
        except (httpx2.RequestError, OSError) as error:
            raise TokensUnavailable("the API server does not answer") from error
        if answer.status_code != HTTPStatus.CREATED:
            raise TokensUnavailable(f"the API server answers {answer.status_code}")
        try:
            return answered.model_validate_json(answer.content)
        except ValidationError as error:
            raise TokensUnavailable("the API server's answer is no review") from error

"""Reads objects of one namespace from the API server as this pod's service account; never writes any."""

from http import HTTPStatus
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_api.kube.objects import Listed
from asynctaskflow_api.kube.reviews import ServiceAccount

CONNECTIONS = 8
PAGE = 500  # items of one answer: about 1 MB, parsed in some milliseconds
Object = TypeVar("Object", bound=BaseModel)
NO_RIGHT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class FactsUnavailable(AsyncTaskFlowError):
    """The API server cannot be read; the text says why, for people."""


class Reader:
    """One API server and one namespace."""

    def __init__(
        self,
        url: str,
        account: ServiceAccount,
        *,
        namespace: str,
        step_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            step_s: bounds a connection, a handshake, an answer; the caller bounds all of them together.
            transport: what stands for the network in a test.
        """
        self._account = account
        self._namespace = namespace
        self._http = account.client(
            url, step_s=step_s, connections=CONNECTIONS, transport=transport
        )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def get(self, api: str, plural: str, name: str, model: type[Object]) -> Object | None:
        """One object; ``None``: there is none of that name.

        Args:
            api: where its kind is served, such as ``apis/apps/v1``.

        Raises:
            FactsUnavailable
        """
        answer = await self._ask(f"{self._path(api, plural)}/{name}", {}, plural)
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _read(answer, model)

    async def listed(
        self, api: str, plural: str, model: type[Object], *, pages: int = 1, **selectors: str
    ) -> tuple[list[Object], bool]:
        """Objects in the order of their names, and whether that is all of them.

        Args:
            pages: at most so many of ``PAGE`` objects.
            selectors: ``labelSelector`` or ``fieldSelector``, which the API server sieves with.

        Raises:
            FactsUnavailable
        """
        found: list[Object] = []
        query = {"limit": str(PAGE), **selectors}
        for _ in range(pages):
            answer = await self._ask(self._path(api, plural), query, plural)
            page = _read(answer, Listed[model])  # type: ignore[valid-type]
            found += page.items
            if not page.metadata.token:
                return found, True
            query["continue"] = page.metadata.token
        return found, False

    def _path(self, api: str, plural: str) -> str:
        return f"/{api}/namespaces/{self._namespace}/{plural}"

    async def _ask(self, path: str, query: dict[str, str], plural: str) -> httpx2.Response:
        try:
            answer = await self._http.get(path, params=query)
        except httpx2.ConnectError as error:
            self._account.renew_trust()
            raise FactsUnavailable("The API server is not reached.") from error
        except (httpx2.RequestError, OSError) as error:
            raise FactsUnavailable("The API server does not answer.") from error
        if answer.status_code in NO_RIGHT:
            raise FactsUnavailable(
                f"This API may not read {plural} in namespace {self._namespace}: "
                f"the API server answers {answer.status_code}."
            )
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise FactsUnavailable(f"The API server answers {answer.status_code}.")
        return answer


def _read(answer: httpx2.Response, model: type[Object]) -> Object:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise FactsUnavailable("The API server's answer is not understood.") from error

"""How a path becomes an operation: role, deadline and documented problems are declared with it, never forgotten.

Paths are registered with and without a trailing slash, the first spelling is the documented one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from asynctaskflow_api import problems
from asynctaskflow_api.access import Role
from asynctaskflow_api.guard import Guard

Handler = Callable[..., Awaitable[Response]]
BEARER = "apiKey"
NAMED = re.compile(r"{(\w+)}")
ALWAYS = (400, 401, 403, 422, 500, 503)


@dataclass(frozen=True, slots=True)
class Rule:
    """What applies to one operation before its handler runs.

    Attributes:
        timeout_s: of the whole request; 0 where the handler bounds itself (waits, uploads, streams).
        lean: the handler takes the request alone, and no parameter is declared: the fast path.
    """

    role: Role
    timeout_s: float
    lean: bool = False


class Operation(APIRoute):
    """A route that cannot be had without a rule."""

    rule: Rule

    def obey(self, rule: Rule, guard: Guard) -> None:
        """Put the rule in front of the handler."""
        self.rule = rule
        inner: ASGIApp = _lean(self.endpoint) if rule.lean else self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await guard.admit(scope, rule.role)
            if not rule.timeout_s:
                await inner(scope, receive, send)
                return
            async with asyncio.timeout(rule.timeout_s):
                await inner(scope, receive, send)

        self.app = app


def _lean(endpoint: Handler) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


class Routes:
    """Registers operations on one application."""

    def __init__(self, app: FastAPI, guard: Guard, *, timeout_s: float) -> None:
        """Nothing is registered yet."""
        self._app = app
        self._guard = guard
        self._timeout_s = timeout_s

    def add(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        role: Role,
        tag: str,
        status: int = 200,
        model: Any = None,
        failures: tuple[int, ...] = (),
        responses: Mapping[int | str, dict[str, Any]] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: tuple[str, ...] = (),
        query: tuple[dict[str, Any], ...] = (),
        unbounded: bool = False,
        lean: bool = False,
        shown: bool = True,
    ) -> None:
        """Register a handler.

        Args:
            model: Pydantic model of the answer, for the document.
            failures: statuses of problems beyond those that every operation can give.
            responses: further documented answers.
            body, query, headers: what a handler reads itself: OpenAPI ``requestBody``, parameters, header names.
            unbounded: the handler keeps its own deadlines.
            shown: whether the document lists it.
        """
        named = map(_path_parameter, NAMED.findall(path)) if lean else ()
        options: dict[str, Any] = {
            "methods": [method],
            "tags": [tag],
            "status_code": status,
            "response_model": model,
            "responses": {**problems.documented(*ALWAYS, *failures), **(responses or {})},
            "openapi_extra": _extra(role, body, [*named, *query, *map(_header, headers)]),
        }
        timeout_s = 0.0 if unbounded else self._timeout_s
        self._register(path, handler, Rule(role, timeout_s, lean), options, shown=shown)

    def _register(
        self, path: str, handler: Handler, rule: Rule, options: dict[str, Any], *, shown: bool
    ) -> None:
        bare = path.rstrip("/") or "/"
        other = bare if path != bare else path + "/"
        for spelling, documented in ((path, shown), (other, False)):
            if spelling == "//":
                continue
            self._app.router.add_api_route(
                spelling,
                handler,
                operation_id=handler.__name__,
                summary=_first_sentence(handler),
                include_in_schema=documented,
                route_class_override=Operation,
                **options,
            )
            route = self._app.router.routes[-1]
            assert isinstance(route, Operation)  # noqa: S101 - the override above
            route.obey(rule, self._guard)


def _first_sentence(handler: Handler) -> str:
    return (handler.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _extra(
    role: Role, body: Mapping[str, Any] | None, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    """What FastAPI cannot see: the role, and what a handler reads itself."""
    extra: dict[str, Any] = {"x-role": role.name.lower()}
    if role is not Role.PUBLIC:
        extra["security"] = [{BEARER: []}]
    if body:
        extra["requestBody"] = dict(body)
    if parameters:
        extra["parameters"] = parameters
    return extra


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}

"""The short way to the hot paths: past the framework's layers, not past our own.

Lean operations take the request alone, so nothing of FastAPI's per-request machinery serves them. They keep
their rule (role, deadline), their problems and their envelope; everything else goes on to FastAPI.
"""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from asynctaskflow_api import problems
from asynctaskflow_api.routing import Operation


class Express:
    """Dispatches lean operations itself and passes the rest on."""

    def __init__(self, app: FastAPI, rest: ASGIApp) -> None:
        """Collect the lean operations of an application whose routes are all registered."""
        lean = [route for route in app.routes if isinstance(route, Operation) and route.rule.lean]
        self._app = app
        self._rest = rest
        self._fixed: Mapping[tuple[str, str], Operation] = {
            (method, route.path): route
            for route in lean
            if "{" not in route.path
            for method in route.methods or ()
        }
        self._named = [
            (method, compile_path(route.path)[0], route)
            for route in lean
            if "{" in route.path
            for method in route.methods or ()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await self._rest(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = route
        try:
            await route.app(scope, receive, send)
        except problems.KNOWN as error:
            response = await problems.on_known_error(Request(scope), error)
            await response(scope, receive, send)

    def _find(self, scope: Scope) -> Operation | None:
        method, path = scope["method"], scope["path"]
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            scope["path_params"] = {}
            return fixed
        for its_method, pattern, route in self._named:
            if its_method == method:
                match = pattern.match(path)
                if match is not None:
                    scope["path_params"] = match.groupdict()
                    return route
        return None

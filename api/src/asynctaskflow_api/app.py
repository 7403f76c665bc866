"""Puts the application together: services, routes, errors, the layers around them. Sends nothing by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from asynctaskflow_api import dashboard as dashboards
from asynctaskflow_api import openapi, problems
from asynctaskflow_api.access import Authenticator, Everyone, KeyRing, KeysFirst
from asynctaskflow_api.backend import VERSION, Backend, Services, open_backend
from asynctaskflow_api.dashboard import Dashboard
from asynctaskflow_api.envelope import Envelope
from asynctaskflow_api.express import Express
from asynctaskflow_api.guard import LOOPBACK_NAMES, Guard
from asynctaskflow_api.linger import Linger
from asynctaskflow_api.routes.bulk import BulkRoutes
from asynctaskflow_api.routes.cluster import ClusterRoutes
from asynctaskflow_api.routes.dashboard import DashboardRoutes
from asynctaskflow_api.routes.dependencies import DependencyRoutes
from asynctaskflow_api.routes.docs import DocsRoutes
from asynctaskflow_api.routes.functions import FunctionRoutes
from asynctaskflow_api.routes.health import HealthRoutes
from asynctaskflow_api.routes.me import MeRoutes
from asynctaskflow_api.routes.queues import QueueRoutes
from asynctaskflow_api.routes.recent import RecentRoutes
from asynctaskflow_api.routes.scaling import ScalingRoutes
from asynctaskflow_api.routes.service import ServiceRoutes
from asynctaskflow_api.routes.streams import StreamRoutes
from asynctaskflow_api.routes.submit import SubmitRoutes
from asynctaskflow_api.routes.task_uploads import TaskUploadRoutes
from asynctaskflow_api.routes.tasks import TaskRoutes
from asynctaskflow_api.routes.throughput import ThroughputRoutes
from asynctaskflow_api.routes.uploads import UploadRoutes
from asynctaskflow_api.routes.workers import WorkerRoutes
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.settings import ApiSettings

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Api(FastAPI):
    """FastAPI inside our own layers, so that they hold for its answers to defects too."""

    front: ASGIApp | None = None

    def surround(self, services: Services) -> None:
        """Put the layers around, once every route is registered."""
        express = Express(self, super().__call__)
        safe = ServerErrorMiddleware(express, handler=problems.on_defect)
        self.front = Envelope(Linger(safe), meter=services.meter, clock=services.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""
        await (self.front or super().__call__)(scope, receive, send)


def create_app(
    settings: ApiSettings,
    *,
    backend: Backend | None = None,
    authenticator: Authenticator | None = None,
) -> FastAPI:
    """The application.

    Args:
        settings: read once, by ``main``.
        backend: the real one if absent.
        authenticator: API keys, Kubernetes tokens, or nobody asked, as the settings say; a test brings its own.
    """
    backend = backend or open_backend(settings)
    services = backend.services

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with backend.running():
            yield

    app = Api(
        title="AsyncTaskFlow",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=problems.HANDLERS,
    )
    app.state.services = services
    guard = _guard(settings, authenticator or _authenticator(settings, backend.tokens))
    _mount(app, Routes(app, guard, timeout_s=settings.request_timeout_s), services)
    if settings.cors_origins:
        _allow_origins(app, settings)
    app.surround(services)
    return app


def _authenticator(settings: ApiSettings, tokens: Authenticator | None) -> Authenticator:
    if settings.auth == "off":
        return Everyone()
    keys = KeyRing(settings.keys)
    return keys if tokens is None else KeysFirst(keys, tokens)


def _guard(settings: ApiSettings, authenticator: Authenticator) -> Guard:
    hosts = None
    if settings.auth == "off" and settings.host in LOOPBACK_HOSTS:
        hosts = LOOPBACK_NAMES | frozenset(settings.allowed_hosts)
    return Guard(authenticator, hosts=hosts, origins=frozenset(settings.cors_origins))


def _mount(app: FastAPI, routes: Routes, services: Services) -> None:
    """The order matters twice: hot paths first, fixed paths before those with a name in them."""
    dashboard = Dashboard.find(services.settings.dashboard_dir)
    for part in (
        SubmitRoutes(services),
        UploadRoutes(services),
        BulkRoutes(services),
        HealthRoutes(services, dashboard),
        StreamRoutes(services),
        RecentRoutes(services),
        QueueRoutes(services),
        ThroughputRoutes(services),
        TaskRoutes(services),
        TaskUploadRoutes(services),
        FunctionRoutes(services),
        ScalingRoutes(services),
        ClusterRoutes(services),
        WorkerRoutes(services),
        DependencyRoutes(services),
        ServiceRoutes(services),
        MeRoutes(),
        DocsRoutes(app),
    ):
        part.mount(routes)
    if dashboard is not None:
        DashboardRoutes(dashboard).mount(routes)
        app.mount(dashboards.ASSETS, dashboard.assets(), name="assets")


def _allow_origins(app: FastAPI, settings: ApiSettings) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        expose_headers=["Location", "X-Request-ID", "Retry-After"],
    )


def openapi_document(settings: ApiSettings) -> dict[str, Any]:
    """The OpenAPI document; needs no Redis."""
    return openapi.document(create_app(settings))

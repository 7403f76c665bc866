"""``atf-api``: reads the settings and serves until it is asked to stop."""

import gc
import os
import sys

import structlog
import uvicorn
from pydantic import ValidationError

from asynctaskflow import logs
from asynctaskflow_api.app import create_app
from asynctaskflow_api.backend import Services
from asynctaskflow_api.kube.tokens import NoServiceAccount
from asynctaskflow_api.server import BACKLOG, KEEP_ALIVE_S, Connection, Server
from asynctaskflow_api.settings import ApiSettings

YOUNG_OBJECTS = 20_000
_log = structlog.get_logger(__name__)


def main() -> None:
    """Run the API."""
    try:
        settings = ApiSettings()
    except ValidationError as error:
        told = "; ".join(": ".join(map(str, [*one["loc"], one["msg"]])) for one in error.errors())
        sys.exit(f"atf-api: {told}")
    logs.configure(level=settings.log_level)
    if settings.auth == "keys" and not settings.keys and not settings.kube_tokens:
        _log.warning(
            "no_api_keys", hint="every request but /live and /ready is refused: set ATF_API_KEYS"
        )
    serve(settings)


def serve(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        app = create_app(settings)
    except NoServiceAccount as error:
        sys.exit(f"atf-api: {error}")
    services: Services = app.state.services
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=Connection,
        ws="none",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.shutdown_s,
    )
    server = Server(config, on_stop=services.hub.close)
    _log.info(
        "api_starts", host=settings.host, port=settings.port, auth=settings.auth, pid=os.getpid()
    )
    _calm_collector()
    server.run()


def _calm_collector() -> None:
    """What lives as long as the process is not searched for garbage again and again: it made the slowest 1 %."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


if __name__ == "__main__":
    main()

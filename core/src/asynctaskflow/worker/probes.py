"""Answers ``/live``, ``/ready`` and ``/metrics`` from threads of its own, also while the loop is blocked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asynctaskflow.metrics import CONTENT_TYPE

TEXT = "text/plain; charset=utf-8"
REQUEST_TIMEOUT_S = 5.0
ALIASES = {"/healthz": "/live", "/livez": "/live", "/readyz": "/ready", "/health": "/live"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe answers: good or not, and why in a few words."""

    good: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Probes:
    """The questions; each is answered from memory, none waits for anything.

    Attributes:
        live: bad means that only a restart helps.
        ready: bad means that this worker claims nothing now.
    """

    live: Callable[[], Verdict]
    ready: Callable[[], Verdict]
    metrics: Callable[[], bytes]


class ProbeServer:
    """A small HTTP server; starts listening at once."""

    def __init__(self, probes: Probes, *, host: str, port: int) -> None:
        """Bind; port 0 takes any free one, see ``port``.

        Raises:
            OSError: the address is taken or not this machine's.
        """
        self._server = ThreadingHTTPServer((host, port), _handler_for(probes))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(probes: Probes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_S

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            path = ALIASES.get(path, path)
            if path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE, probes.metrics())
            elif path == "/live":
                self._verdict(probes.live())
            elif path == "/ready":
                self._verdict(probes.ready())
            else:
                self._answer(HTTPStatus.NOT_FOUND, TEXT, b"/live, /ready or /metrics\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            """Probes come every few seconds: not worth a line."""

        def _verdict(self, verdict: Verdict) -> None:
            status = HTTPStatus.OK if verdict.good else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, TEXT, f"{verdict.reason}\n".encode())

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler

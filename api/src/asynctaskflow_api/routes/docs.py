"""The OpenAPI document and a page that shows it: our own files, so it works without the Internet."""

from functools import cache
from pathlib import Path

import orjson
from fastapi import FastAPI
from starlette.responses import Response

from asynctaskflow_api import openapi
from asynctaskflow_api.access import Role
from asynctaskflow_api.reply import Reply
from asynctaskflow_api.routing import Routes

STATIC = Path(__file__).parent.parent / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


class DocsRoutes:
    """Handlers for documentation."""

    def __init__(self, app: FastAPI) -> None:
        """Keep the application that is described."""
        self._app = app
        self._document: bytes | None = None

    def mount(self, routes: Routes) -> None:
        """Register them: what the API can do is for its users, the page that shows it says nothing by itself.

        A browser sends no key when it opens an address; the page asks for one.
        """
        document = self.get_openapi
        routes.add("GET", "/openapi.json", document, role=Role.READ, tag="health", shown=False)
        for path, handler in (
            ("/docs", self.get_docs),
            ("/redoc", self.get_docs),
            ("/docs/docs.css", self.get_docs_style),
            ("/docs/docs.js", self.get_docs_script),
        ):
            routes.add("GET", path, handler, role=Role.PUBLIC, tag="health", shown=False)

    async def get_openapi(self) -> Response:
        """Get this API's document."""
        if self._document is None:
            self._document = orjson.dumps(openapi.document(self._app))
        return Reply(self._document)

    async def get_docs(self) -> Response:
        """Read the documentation, and try requests."""
        return _file("docs.html")

    async def get_docs_style(self) -> Response:
        """Get the page's style."""
        return _file("docs.css")

    async def get_docs_script(self) -> Response:
        """Get the page's script."""
        return _file("docs.js")


@cache
def _read(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def _file(name: str) -> Response:
    headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
    return Response(_read(name), media_type=KINDS[Path(name).suffix], headers=headers)

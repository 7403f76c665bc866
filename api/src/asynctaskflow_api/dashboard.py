"""The built dashboard as static files, if there is one: no data is in it, so it needs no credential."""

from collections.abc import Mapping
from os import PathLike, stat_result
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ASSETS = "/assets"
# The dashboard's own addresses, as dashboard/src/app/paths.ts has them; a test compares the two.
PAGES = (
    "/tasks",
    "/tasks/{task_id}",
    "/functions",
    "/functions/{name}",
    "/dead-letters",
    "/workers",
    "/dependencies",
    "/activity",
    "/cleanup",
    "/api-reference",
)
FOR_EVER = "public, max-age=31536000, immutable"
BINARY = "application/octet-stream"
# Not those of the machine: some know no modules, and a browser runs a script of no other type.
TYPES: Mapping[str, str] = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
# A worker has the policy of its own file. That of pdf.js imports one more file of ours, for images in JPEG 2000;
# it may connect to nothing.
WORKER_CSP = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"


class Assets(StaticFiles):
    """Files whose names change with their content: kept for ever, sent compressed where that is at hand."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Send the compressed copy that the build left beside the file, if the client takes it."""
        path = Path(full_path)
        kind = TYPES.get(path.suffix, BINARY)
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if path.suffix == ".mjs":
            headers["Content-Security-Policy"] = WORKER_CSP
        packed = path.with_name(path.name + ".gz")
        if "gzip" in Headers(scope=scope).get("accept-encoding", "") and packed.is_file():
            headers["Content-Encoding"] = "gzip"
            return FileResponse(packed, status_code, headers=headers, media_type=kind)
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update({**headers, "Content-Type": kind})
        return response


class Dashboard:
    """A folder with ``index.html`` and ``assets/``."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder."""
        self._folder = folder

    @classmethod
    def find(cls, folder: Path | None) -> "Dashboard | None":
        """The dashboard in that folder, or the one that the package brings along, if either exists."""
        for candidate in (folder, Path(__file__).parent / "static" / "dashboard"):
            if candidate is not None and (candidate / "index.html").is_file():
                return cls(candidate)
        return None

    def index(self) -> Response:
        """The page; every path of the dashboard is it."""
        headers = {
            "Content-Security-Policy": CSP,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
        }
        return FileResponse(self._folder / "index.html", headers=headers)

    def assets(self) -> StaticFiles:
        """Scripts and styles."""
        return Assets(directory=self._folder / "assets", check_dir=False)

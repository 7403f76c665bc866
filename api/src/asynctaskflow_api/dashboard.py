"""The built dashboard as static files, if there is one: no data is in it, so it needs no credential."""

from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ASSETS = "/assets"


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
        headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
        return FileResponse(self._folder / "index.html", headers=headers)

    def assets(self) -> StaticFiles:
        """Scripts and styles; their names change with their content."""
        return StaticFiles(directory=self._folder / "assets", check_dir=False)

"""Pages as images, one at a time: with poppler where it is installed, else with PDFium.

Both run in a limited child; the longer edge of the image is fixed, so no page is too large to render.
"""

import shutil
import sys
from pathlib import Path
from typing import Literal

from asynctaskflow_openrouter.messages import Image
from asynctaskflow_pdfxtract import limits, sandbox
from asynctaskflow_pdfxtract.document import Document, child_limits
from asynctaskflow_pdfxtract.settings import PdfxtractSettings

RendererName = Literal["poppler", "pdfium"]


class Renderer:
    """Renders the pages of one document."""

    def __init__(self, document: Document, settings: PdfxtractSettings) -> None:
        """Find out what can render.

        Raises:
            FileNotFoundError: poppler is asked for by name and is not installed.
        """
        self._document = document
        self._settings = settings
        self._pdftoppm = None if settings.renderer == "pdfium" else shutil.which("pdftoppm")
        if self._pdftoppm is None and settings.renderer == "poppler":
            raise FileNotFoundError("pdftoppm (package poppler-utils) is not installed")
        self.name: RendererName = "poppler" if self._pdftoppm else "pdfium"

    async def render(self, number: int) -> Image:
        """Return a page as an image.

        Raises:
            ChildFailed: it could not be rendered within the limits.
        """
        if self._pdftoppm is None:
            return Image(await self._document.render_with_pdfium(number), "image/png")
        command = self._poppler_command(self._pdftoppm, number)
        async with sandbox.run(command, self._document.file) as child:
            data = await child.read_all(
                wall_s=self._settings.page_wall_s, max_bytes=self._settings.max_image_bytes
            )
        if not data:
            raise sandbox.ChildFailed("poppler rendered nothing")
        return Image(data, "image/jpeg")

    def _poppler_command(self, pdftoppm: str, number: int) -> list[str]:
        launcher = str(Path(limits.__file__))
        page = ["-f", str(number), "-l", str(number), "-singlefile"]
        size = ["-scale-to", str(self._settings.long_edge_px)]
        return [
            *(sys.executable, "-I", "-S", launcher, child_limits(self._settings).as_argument()),
            *(pdftoppm, *page, *size, "-jpeg", "-gray", "/dev/stdin"),
        ]

"""A PDF as the parent process sees it: bytes that only children look into.

Translates what children report into task errors; never parses anything itself.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import IO, Any

from asynctaskflow.errors import InputRejected
from asynctaskflow_pdfxtract import sandbox
from asynctaskflow_pdfxtract.limits import Limits
from asynctaskflow_pdfxtract.sandbox import Child, ChildFailed
from asynctaskflow_pdfxtract.settings import PdfxtractSettings

UNSAFE = "unsafe_document"
# The marker may be preceded by junk; readers accept it within the first kilobyte.
_MARKER_WINDOW = 1024
_MARKER = b"%PDF-"
# Processor time may exceed wall time where several threads run.
_CPU_FACTOR = 2


@dataclass(frozen=True, slots=True)
class PageText:
    """What the text layer of a page gave: articles, or the reason why there are none.

    Attributes:
        error_class: of a failed page.
    """

    number: int
    articles: Sequence[dict[str, str]] = ()
    skipped: str | None = None
    failed: str | None = None
    error_class: str = UNSAFE


OnPage = Callable[[PageText, int], Awaitable[None]]
# Told after each page: pages done, pages in all.
Report = Callable[[int, int], Awaitable[None]]


@dataclass(slots=True)
class _Place:
    """Where reading has come to; ``total`` is 0 until it is known."""

    following: int = 1
    total: int = 0
    crashes: int = 0


class Document:
    """One PDF in an unnamed file; use it as a context manager."""

    def __init__(self, data: bytes, settings: PdfxtractSettings) -> None:
        """Check what can be checked without parsing.

        Raises:
            InputRejected: too large, or no PDF at all.
        """
        if len(data) > settings.max_bytes:
            raise InputRejected(
                f"{len(data)} bytes, allowed are {settings.max_bytes}", error_class="too_large"
            )
        if _MARKER not in data[:_MARKER_WINDOW]:
            raise InputRejected("the file is not a PDF", error_class="not_a_pdf")
        self._settings = settings
        self.file: IO[bytes] = sandbox.unnamed_file(data)

    def __enter__(self) -> "Document":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    async def count_pages(self) -> int:
        """Return the number of pages.

        Raises:
            InputRejected: encrypted, damaged, or harmful to open.
        """
        try:
            async with self._run("probe", self._settings.max_pages) as child:
                return int((await self._answer(child))["pages"])
        except ChildFailed as error:
            raise _unsafe(error) from error

    async def read_pages(self, on_page: OnPage) -> None:
        """Read the text of each page in order and hand it on at once.

        A page that kills the parser is reported as failed, and the next ones are read by a new child.

        Args:
            on_page: called with each page and the number of pages in all.

        Raises:
            InputRejected: encrypted, damaged, or harmful as a whole.
        """
        place = _Place()
        while place.following <= place.total or not place.total:
            try:
                await self._read_on(place, on_page)
            except ChildFailed as error:
                place.crashes += 1
                if not place.total or place.crashes > self._settings.crashes_allowed:
                    raise _unsafe(error) from error
                reason = f"the parser was stopped: {error}"
                await on_page(PageText(place.following, failed=reason), place.total)
                place.following += 1

    async def render_with_pdfium(self, number: int) -> bytes:
        """Return a page as PNG.

        Raises:
            ChildFailed: it could not be rendered within the limits.
        """
        async with self._run("render", number, self._settings.long_edge_px) as child:
            return await child.read_all(
                wall_s=self._settings.page_wall_s, max_bytes=self._settings.max_image_bytes
            )

    async def _read_on(self, place: _Place, on_page: OnPage) -> None:
        async with self._run("text", place.following, self._settings.max_pages) as child:
            place.total = int((await self._answer(child))["pages"])
            while place.following <= place.total:
                page = _page_text(await self._answer(child))
                await on_page(page, place.total)
                place.following += 1

    async def _answer(self, child: Child) -> dict[str, Any]:
        line = await child.read_line(wall_s=self._settings.page_wall_s)
        if not line:
            raise ChildFailed("ended early")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise InputRejected(str(answer["message"]), error_class=str(answer["refused"]))
        return answer

    def _run(self, command: str, *numbers: int) -> AbstractAsyncContextManager[Child]:
        pages = self._settings.max_pages if command == "text" else 1
        limits = child_limits(self._settings, pages=pages)
        module = ["-I", "-m", "asynctaskflow_pdfxtract.child", limits.as_argument(), command]
        return sandbox.run([sys.executable, *module, *map(str, numbers)], self.file)


def child_limits(settings: PdfxtractSettings, *, pages: int = 1) -> Limits:
    """Return the limits of a child that works on this many pages."""
    cpu_s = _CPU_FACTOR * settings.page_wall_s * pages
    return Limits(memory_bytes=settings.child_memory_bytes, cpu_s=max(1, round(cpu_s)))


def _page_text(answer: dict[str, Any]) -> PageText:
    return PageText(
        number=int(answer["page"]),
        articles=answer.get("articles", ()),
        skipped=answer.get("skipped"),
        failed=answer.get("failed"),
        error_class=answer.get("class", UNSAFE),
    )


def _unsafe(error: ChildFailed) -> InputRejected:
    return InputRejected(f"the PDF cannot be parsed safely: {error}", error_class=UNSAFE)

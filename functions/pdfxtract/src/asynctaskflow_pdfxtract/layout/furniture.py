"""Running heads, folios and other page furniture, which belong to no article. Pure."""

import re
from collections.abc import Sequence

from asynctaskflow_pdfxtract.layout.geometry import Line, Page

MARGIN_SHARE = 0.09
EDGE_LINES = 3
# A page number by itself may stand higher up, as where a page of a book is set on larger paper.
FOLIO_SHARE = 0.2
# White space that sets a running head or foot off, in units of its type size.
CLEARANCE = 1.4
_DIGITS = re.compile(r"\d+")
_FOLIO = re.compile(
    r"\W*(?:(?:page|pagina|página|seite|side|sida|strona|pag|p)?\W*\d{1,4}"
    r"(?:\W*(?:of|/|di|de|von|sur|van)\W*\d{1,4})?|[ivxlc]{1,7})\W*",
    re.IGNORECASE,
)


class Furniture:
    """Remembers what stood in the margins of earlier pages, to know it again."""

    def __init__(self) -> None:
        """Start with no page seen."""
        self._seen: dict[str, int] = {}

    def remove(self, page: Page, lines: Sequence[Line]) -> list[Line]:
        """Return the lines of the page without its furniture."""
        edge = _edge_lines(page, lines) | _lone_folios(page, lines)
        kept = [line for line in lines if not (line in edge and self._is_furniture(line, lines))]
        for line in edge:
            self._seen.setdefault(_signature(line), page.number)
        return kept

    def _is_furniture(self, line: Line, lines: Sequence[Line]) -> bool:
        if _FOLIO.fullmatch(line.text):
            return True
        repeated = _signature(line) in self._seen and len(line.text) < 120
        return repeated or (_is_set_off(line, lines) and bool(_DIGITS.search(line.text)))


def _edge_lines(page: Page, lines: Sequence[Line]) -> set[Line]:
    """Return the lines in the top and bottom margins, as far as they are few."""
    band = MARGIN_SHARE * page.height
    top = [line for line in lines if line.base < band]
    bottom = [line for line in lines if line.top > page.height - band]
    return {
        line
        for zone in (top, bottom)
        if len({round(line.base) for line in zone}) <= EDGE_LINES
        for line in zone
    }


def _lone_folios(page: Page, lines: Sequence[Line]) -> set[Line]:
    """Return the page numbers that are set off by white space above or below all else."""
    band = FOLIO_SHARE * page.height
    return {
        line
        for line in (*lines[:1], *lines[-1:])
        if (line.base < band or line.top > page.height - band)
        and _FOLIO.fullmatch(line.text)
        and _clearance(line, lines) > (1 + CLEARANCE) * line.size
    }


def _clearance(line: Line, lines: Sequence[Line]) -> float:
    """Return the points from baseline to baseline to the nearest other line."""
    return min((abs(other.base - line.base) for other in lines if other is not line), default=0.0)


def _is_set_off(line: Line, lines: Sequence[Line]) -> bool:
    """Tell whether white space parts a short line of small type from all that is not beside it."""
    largest = max(other.size for other in lines)
    if len(line.words) > 16 or line.size > 0.6 * largest:
        return False
    distances = [
        abs(other.base - line.base) for other in lines if abs(other.base - line.base) > line.size
    ]
    return not distances or min(distances) > (1 + CLEARANCE) * line.size


def _signature(line: Line) -> str:
    return _DIGITS.sub("#", line.text.lower())

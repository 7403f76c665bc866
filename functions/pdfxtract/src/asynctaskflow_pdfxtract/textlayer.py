"""The text layer of a PDF as placed words, read with PDFium.

Runs in the sandboxed child only: the file is not trusted, and neither is its parser.
"""

import ctypes
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from asynctaskflow_pdfxtract.layout.geometry import Page, Word

MAX_CHARACTERS = 120_000
_HYPHENS = "-\u2010\u00ad\x02"
_FONT_NAME_BYTES = 128
_ITALIC_FLAG = 1 << 6
_BOLD_WEIGHT = 600
# Words are cut where a letter does not start near the end of the last one, in units of type size.
_WORD_GAP = 0.22
_BASE_STEP = 0.2


class TooMuchText(Exception):
    """The page holds more characters than any newspaper page has."""


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool
    italic: bool
    direction: int


@dataclass(frozen=True, slots=True)
class _Glyph:
    char: str
    x0: float
    x1: float
    base: float
    style: _Style


def read_page(page: pypdfium2.PdfPage, *, number: int) -> Page:
    """Return the words of the page that stand in its main direction.

    Raises:
        TooMuchText: the page exceeds ``MAX_CHARACTERS``.
    """
    left, bottom, right, top = page.get_bbox()
    text_page = page.get_textpage()
    try:
        glyphs = list(_glyphs(text_page.raw))
    finally:
        text_page.close()
    main = _main_direction(glyphs)
    turn = _TURNS[main]
    corner_x, corner_y = turn(left, top)
    far_x, far_y = turn(right, bottom)
    origin_x, origin_y = min(corner_x, far_x), max(corner_y, far_y)
    words = tuple(
        _placed(word, origin_x=origin_x, origin_y=origin_y) for word in _words(glyphs, main)
    )
    return Page(
        number=number, width=abs(far_x - corner_x), height=abs(far_y - corner_y), words=words
    )


def _right(x: float, y: float) -> tuple[float, float]:
    return x, y


def _up(x: float, y: float) -> tuple[float, float]:
    return y, -x


def _left(x: float, y: float) -> tuple[float, float]:
    return -x, -y


def _down(x: float, y: float) -> tuple[float, float]:
    return -y, x


# Text direction in quarter turns -> where a point lies once the text is upright.
_TURNS = (_right, _up, _left, _down)


def _placed(word: Word, *, origin_x: float, origin_y: float) -> Word:
    """Move the origin to the upper left corner and let y grow downwards."""
    return Word(
        text=word.text,
        x0=word.x0 - origin_x,
        x1=word.x1 - origin_x,
        base=origin_y - word.base,
        size=word.size,
        bold=word.bold,
        italic=word.italic,
        hyphenated=word.hyphenated,
    )


def _main_direction(glyphs: list[_Glyph | None]) -> int:
    counts = Counter(glyph.style.direction for glyph in glyphs if glyph is not None)
    return counts.most_common(1)[0][0] if counts else 0


def _glyphs(raw: Any) -> Iterator[_Glyph | None]:
    """Yield the visible characters in drawing order, ``None`` for white space."""
    count = pdfium.FPDFText_CountChars(raw)
    if count > MAX_CHARACTERS:
        raise TooMuchText(f"{count} characters on one page")
    styles: dict[int, _Style] = {}
    box = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    for index in range(count):
        char = chr(pdfium.FPDFText_GetUnicode(raw, index) or 0xFFFD)
        if char.isspace() or char == "\ufffd":
            yield None
            continue
        style = _style(raw, index, styles)
        # The box of the advance width, not of the ink: a full stop in a fixed pitch has its place too.
        pdfium.FPDFText_GetLooseCharBox(raw, index, ctypes.byref(box))
        pdfium.FPDFText_GetCharOrigin(raw, index, ctypes.byref(x), ctypes.byref(y))
        yield _glyph(char, style, box, (x.value, y.value))


def _glyph(char: str, style: _Style, box: Any, origin: tuple[float, float]) -> _Glyph:
    turn = _TURNS[style.direction]
    (x0, _), (x1, _) = turn(box.left, box.bottom), turn(box.right, box.top)
    return _Glyph(char, min(x0, x1), max(x0, x1), turn(*origin)[1], style)


def _style(raw: Any, index: int, styles: dict[int, _Style]) -> _Style:
    """Return the style of the text object that the character belongs to."""
    text_object = pdfium.FPDFText_GetTextObject(raw, index)
    key = ctypes.cast(text_object, ctypes.c_void_p).value or -index - 1
    if key not in styles:
        styles[key] = _read_style(raw, index)
    return styles[key]


def _read_style(raw: Any, index: int) -> _Style:
    matrix = pdfium.FS_MATRIX()
    scale, direction = 1.0, 0
    if pdfium.FPDFText_GetMatrix(raw, index, ctypes.byref(matrix)):
        scale = math.hypot(matrix.c, matrix.d) or 1.0
        direction = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
    name, flags = _font(raw, index)
    weight = pdfium.FPDFText_GetFontWeight(raw, index)
    return _Style(
        size=max(1.0, pdfium.FPDFText_GetFontSize(raw, index) * scale),
        bold=weight >= _BOLD_WEIGHT
        or any(mark in name for mark in ("bold", "black", "heavy", "medi")),
        italic=bool(flags & _ITALIC_FLAG) or any(mark in name for mark in ("ital", "obli")),
        direction=direction,
    )


def _font(raw: Any, index: int) -> tuple[str, int]:
    buffer = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, index, buffer, _FONT_NAME_BYTES, ctypes.byref(flags))
    return buffer.value.decode("utf-8", "replace").lower(), flags.value


def _words(glyphs: list[_Glyph | None], main: int) -> Iterator[Word]:
    run: list[_Glyph] = []
    for glyph in [*glyphs, None]:
        if run and (glyph is None or not _adjoins(run[-1], glyph)):
            yield _word(run)
            run = []
        if glyph is not None and glyph.style.direction == main:
            run.append(glyph)


def _adjoins(last: _Glyph, glyph: _Glyph) -> bool:
    size = max(last.style.size, glyph.style.size)
    gap = glyph.x0 - last.x1
    return (
        last.style.direction == glyph.style.direction
        and abs(glyph.base - last.base) <= _BASE_STEP * size
        and abs(glyph.style.size - last.style.size) <= 0.3 * size
        # Not before the last letter; a ligature's letters share one box.
        and glyph.x0 >= last.x0 - 0.25 * size
        and gap <= _WORD_GAP * size
    )


def _word(run: list[_Glyph]) -> Word:
    text = "".join(glyph.char for glyph in run)
    hyphenated = text[-1] in _HYPHENS and len(text) > 1
    text = "".join("-" if char in "\u2010\x02" else char for char in text)
    if hyphenated:
        text = text[:-1] + "-"
    style = run[0].style
    return Word(
        text=text,
        x0=run[0].x0,
        x1=max(glyph.x1 for glyph in run),
        base=run[0].base,
        size=round(style.size, 2),
        bold=sum(glyph.style.bold for glyph in run) * 2 > len(run),
        italic=sum(glyph.style.italic for glyph in run) * 2 > len(run),
        hyphenated=hyphenated,
    )

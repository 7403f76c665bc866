"""The child process that parses PDFs, which nobody has reason to trust.

``python -I -m asynctaskflow_pdfxtract.child <limits> <command> [<argument>…]`` with the PDF on standard
input. Commands: ``text <first page> <max pages>`` writes the number of pages and then each page's
articles, one JSON object a line, as soon as it has them; ``probe <max pages>`` writes only the first of these
lines; ``render <page> <long edge in pixels>`` writes one page as PNG. It opens no file and no socket.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from asynctaskflow_pdfxtract.layout.articles import Reader
from asynctaskflow_pdfxtract.limits import Limits
from asynctaskflow_pdfxtract.png import encode_grey
from asynctaskflow_pdfxtract.textlayer import TooMuchText, read_page

# ISO 32000 allows pages up to 14,400 units; what is larger was not made to be read.
MAX_PAGE_POINTS = 14_400
_ENCRYPTED = {pdfium.FPDF_ERR_PASSWORD: "encrypted", pdfium.FPDF_ERR_SECURITY: "encrypted"}

Answer = dict[str, Any]


class Refused(Exception):
    """The document as a whole is refused; the arguments are error class and message."""


def read_input(descriptor: int = 0) -> bytes:
    """Return the whole file behind ``descriptor``, whose position other children share and move."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def open_document(data: bytes) -> pypdfium2.PdfDocument:
    """Open a PDF.

    Raises:
        Refused: not a PDF that can be read without a password.
    """
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        code = pdfium.FPDF_GetLastError()
        if code in _ENCRYPTED:
            raise Refused("encrypted", "the PDF is protected with a password") from error
        raise Refused("damaged_document", "the PDF is damaged or cut short") from error


def count_pages(document: pypdfium2.PdfDocument, *, max_pages: int) -> int:
    """Return the number of pages.

    Raises:
        Refused: there are none, or more than ``max_pages``.
    """
    pages = len(document)
    if pages == 0:
        raise Refused("damaged_document", "the PDF has no pages")
    if pages > max_pages:
        raise Refused("unsafe_document", f"{pages} pages, allowed are {max_pages}")
    return pages


def extract(data: bytes, *, first: int, max_pages: int) -> Iterator[Answer]:
    """Yield the page count, then the articles of each page from page ``first`` (1 is the first)."""
    document = open_document(data)
    pages = count_pages(document, max_pages=max_pages)
    yield {"pages": pages}
    reader = Reader()
    for number in range(first, pages + 1):
        yield {"page": number, **_extract_page(document, number, reader)}


def _extract_page(document: pypdfium2.PdfDocument, number: int, reader: Reader) -> Answer:
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        return {"failed": "the page is damaged", "class": "damaged_document"}
    try:
        if reason := too_large(page):
            return {"failed": reason, "class": "unsafe_document"}
        words = read_page(page, number=number)
        if not words.words:
            return _without_text(page)
        return {"articles": [asdict(piece) for piece in reader.read(words)]}
    except (pypdfium2.PdfiumError, TooMuchText) as error:
        return {"failed": str(error), "class": "unsafe_document"}
    finally:
        page.close()


def too_large(page: pypdfium2.PdfPage) -> str | None:
    """Return why the page is refused for its size, if it is."""
    width, height = page.get_size()
    if max(width, height) > MAX_PAGE_POINTS:
        return f"a page of {width:.0f} x {height:.0f} points"
    return None


def _without_text(page: pypdfium2.PdfPage) -> Answer:
    if pdfium.FPDFPage_CountObjects(page.raw) == 0:
        return {"skipped": "blank page"}
    return {"failed": "no text layer; an API key enables page images", "class": "no_text_layer"}


def render(data: bytes, *, number: int, long_edge_px: int) -> bytes:
    """Return page ``number`` as a grey PNG whose longer edge has ``long_edge_px`` pixels."""
    page = open_document(data)[number - 1]
    width, height = page.get_size()
    bitmap = page.render(scale=long_edge_px / max(width, height, 1.0), grayscale=True)
    return encode_grey(
        bytes(bitmap.buffer), width=bitmap.width, height=bitmap.height, stride=bitmap.stride
    )


def probe(data: bytes, *, max_pages: int) -> Iterator[Answer]:
    """Yield the page count."""
    yield {"pages": count_pages(open_document(data), max_pages=max_pages)}


def _write(answers: Iterator[Answer]) -> None:
    try:
        for answer in answers:
            _write_line(answer)
    except Refused as refusal:
        error_class, message = refusal.args
        _write_line({"refused": error_class, "message": message})


def _write_line(answer: Answer) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Limit this process and run one command."""
    Limits.from_argument(arguments[0]).apply()
    command, *numbers = arguments[1:]
    data = read_input()
    match command, [int(number) for number in numbers]:
        case "text", [first, max_pages]:
            _write(extract(data, first=first, max_pages=max_pages))
        case "probe", [max_pages]:
            _write(probe(data, max_pages=max_pages))
        case "render", [number, long_edge_px]:
            sys.stdout.buffer.write(render(data, number=number, long_edge_px=long_edge_px))
        case _:
            raise SystemExit(f"unknown command {command!r}")


if __name__ == "__main__":
    main(sys.argv[1:])

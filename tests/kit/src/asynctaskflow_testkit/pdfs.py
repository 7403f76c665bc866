"""PDFs for tests: pages drawn, and documents put together object by object, some of them made to harm."""

import io
import zlib
from collections.abc import Callable

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

MIB = 1024 * 1024


def draw(
    *pages: Callable[[Canvas], None],
    encrypt: StandardEncryption | None = None,
    size: tuple[int, int] = (400, 600),
) -> bytes:
    """A PDF whose pages are drawn by these functions; ``size`` is (width, height) in points."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=size, encrypt=encrypt)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def text_page(canvas: Canvas) -> None:
    """A headline and two lines."""
    canvas.setFont("Helvetica-Bold", 24)
    canvas.drawString(40, 540, "A storm is coming")
    canvas.setFont("Helvetica", 10)
    for row, line in enumerate(["The harbour board has met.", "It was a long evening for all."]):
        canvas.drawString(40, 510 - 12 * row, line)


def scanned_page(canvas: Canvas) -> None:
    """Ink and no text."""
    canvas.rect(50, 50, 200, 200, fill=1)


def blank_page(canvas: Canvas) -> None:
    """Nothing at all."""
    canvas.setTitle("blank")


def pdf(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, of which 1 is the catalogue."""
    body, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, text in objects.items():
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    size = max(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % offsets.get(number, 0) for number in range(1, size))
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        trailer,
        len(body),
    )
    return bytes(body) + head + table + tail


def stream(data: bytes, extra: bytes = b"", filters: bytes = b"/FlateDecode") -> bytes:
    """A stream object of data that was packed already."""
    head = b"<</Length %d/Filter %s%s>>stream\n" % (len(data), filters, extra)
    return head + data + b"\nendstream"


def one_page(
    content: bytes,
    *,
    box: bytes = b"[0 0 600 800]",
    filters: bytes = b"/FlateDecode",
    xobject: bytes = b"",
) -> bytes:
    """A document of one page with this packed content; ``/X Do`` draws ``xobject``."""
    resources = b"/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 5 0 R%s>>" % (box, resources)
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page,
            4: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            5: stream(content, filters=filters),
            6: xobject or b"null",
        }
    )


def zeros(mib: int) -> bytes:
    """So many MiB of zeros, packed."""
    packer = zlib.compressobj(9)
    block = bytes(MIB)
    return b"".join(packer.compress(block) for _ in range(mib)) + packer.flush()


def form(content: bytes) -> bytes:
    """A form object, which may draw itself with ``/X Do``."""
    extra = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 6 0 R>>>>"
    return stream(zlib.compress(content), extra)


def huge_bitmap() -> bytes:
    """An image object that claims 60,000 by 60,000 pixels."""
    size = b"/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray"
    return stream(zlib.compress(bytes(1000)), b"/Type/XObject/Subtype/Image" + size)


def many_pages(count: int) -> bytes:
    """A document of that many empty pages."""
    numbers = range(3, count + 3)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    tree = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree, **dict.fromkeys(numbers, page)})


def page_tree(kids: bytes, count: int) -> bytes:
    """A document whose page tree says whatever is given, and whose cross-reference goes in circles."""
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree}, b"/Prev 9")


def three_pages(*, odd: int, content: bytes) -> bytes:
    """A document of three pages with one sentence each, of which page ``odd`` holds ``content``."""
    plain = zlib.compress(
        b"BT /F 24 Tf 40 540 Td (A storm is coming) Tj ET BT /F 10 Tf 40 510 Td"
        b" (The harbour board has met for a long evening.) Tj ET"
    )
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>",
        6: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    for number in (1, 2, 3):
        objects[2 + number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R"
            b"/Resources<</Font<</F 6 0 R>>>>>>" % (6 + number)
        )
        objects[6 + number] = stream(zlib.compress(content) if number == odd else plain)
    return pdf(objects)

"""pdfxtract with real PDFs and its real child processes."""

import asyncio
import base64
import io
import json
import sys
import tempfile
import tomllib
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from asynctaskflow import InputRejected, NotNow, Permanent, Retryable, rehearse
from asynctaskflow_openrouter.messages import ChatRequest, Completion, Image, Text
from asynctaskflow_pdfxtract import child, handler, sandbox
from asynctaskflow_pdfxtract.edition import make_edition
from asynctaskflow_pdfxtract.schema import Edition, PdfInput
from asynctaskflow_pdfxtract.settings import PdfxtractSettings

SAMPLES = Path(__file__).parents[2] / "examples" / "samples"
GAZETTE = (SAMPLES / "gazette.pdf").read_bytes()
SOURCE = tomllib.loads((SAMPLES / "gazette.toml").read_text(encoding="utf-8"))
MiB = 1024 * 1024


@dataclass
class Progress:
    reports: list[tuple[float, str]] = field(default_factory=list)

    async def __call__(self, fraction: float, note: str) -> None:
        self.reports.append((fraction, note))


@dataclass
class ScriptedModel:
    """Answers each question with what ``answer`` says for the page it names."""

    answers: list[str | Exception]
    asked: list[ChatRequest] = field(default_factory=list)
    call_ids: list[str | None] = field(default_factory=list)

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        self.asked.append(request)
        self.call_ids.append(call_id)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer, "test/vision-1")

    def images(self) -> list[Image]:
        return [
            part
            for request in self.asked
            for message in request.messages
            for part in message.parts
            if isinstance(part, Image)
        ]


ONE_ARTICLE = json.dumps({"articles": [{"title": "T", "body": "The whole text.", "topics": ["a"]}]})


async def extract(data, *, model=None, progress=None, issue_date=None, **settings) -> Edition:
    return await make_edition(
        PdfInput(pdf_ref="x", filename="gazette.pdf", issue_date=issue_date),
        data,
        settings=PdfxtractSettings(**settings),
        progress=progress or Progress(),
        model=model,
        task_id="pdfxtract-1",
    )


def said(request: ChatRequest, *, turn: int) -> str:
    """The text that one turn of a question begins with."""
    first = request.messages[turn].parts[0]
    assert isinstance(first, Text)
    return first.text


OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def _servers_of_other_tests() -> None:
    """What runs before a test is not its own: the session keeps servers."""
    OTHERS.clear()
    OTHERS.update(child.pid for child in psutil.Process().children(recursive=True))


def children() -> list[psutil.Process]:
    """Processes that a handler has left."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if child.pid not in OTHERS]


def leftovers() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("pdfxtract-*"))


# The sample newspaper, without a model


@pytest.fixture(scope="module")
def edition():
    return asyncio.run(extract(GAZETTE))


@pytest.mark.parametrize("expected", SOURCE["articles"], ids=lambda article: article["id"])
def test_each_article_of_the_sample_is_found_word_for_word(edition, expected):
    page = edition.pages[expected["page"] - 1]

    (found,) = [article for article in page.articles if article.title == expected["title"]]

    assert found.body == expected["body"].strip()
    assert (found.subtitle, found.author) == (expected["subtitle"], expected["author"])
    assert 3 <= len(found.topics) <= 6
    assert 0 < len(found.summary) < len(found.body)


def test_nothing_else_is_found_on_the_sample(edition):
    assert sum(len(page.articles) for page in edition.pages) == len(SOURCE["articles"])
    assert [page.status for page in edition.pages] == ["processed", "processed"]


def test_the_provider_the_language_and_the_file_are_named(edition):
    assert (edition.provider, edition.model, edition.language) == (
        "offline",
        "layout+lexrank",
        "en",
    )
    assert (edition.filename, edition.issue_date, edition.renderer) == (
        "gazette.pdf",
        "unknown",
        None,
    )


async def test_progress_is_reported_page_by_page():
    progress = Progress()

    await extract(GAZETTE, progress=progress)

    assert progress.reports == [(0.5, "page 1 of 2"), (1.0, "page 2 of 2")]


async def test_the_function_runs_as_a_worker_would_run_it():
    given = {"pdf_base64": base64.b64encode(GAZETTE).decode(), "issue_date": SOURCE["issue_date"]}

    rehearsal = await rehearse(handler.pdfxtract, given)

    assert rehearsal.result["issue_date"] == "2026-03-14"
    assert len(rehearsal.result["pages"][0]["articles"]) == 4
    assert rehearsal.progress[-1] == (1.0, "page 2 of 2")


async def test_an_uploaded_pdf_is_read_by_its_reference():
    class Uploads:
        async def get(self, ref: str) -> bytes:
            assert ref == "blob:7"
            return GAZETTE

        async def put(self, data: bytes, *, name: str) -> str:
            raise NotImplementedError

    rehearsal = await rehearse(handler.pdfxtract, {"pdf_ref": "blob:7"}, blobs=Uploads())

    assert rehearsal.result["pages"][1]["status"] == "processed"


@pytest.mark.parametrize("text", ["not base 64!", "aGVsbG8="])
async def test_base_64_of_something_else_is_refused(text):
    with pytest.raises(InputRejected) as caught:
        await rehearse(handler.pdfxtract, {"pdf_base64": text})

    assert caught.value.error_class == "not_a_pdf"


# Other pages


def draw(*pages, encrypt=None, size=(400, 600)) -> bytes:
    """A PDF whose pages are drawn by the given functions."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=size, encrypt=encrypt)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def text_page(canvas):
    canvas.setFont("Helvetica-Bold", 24)
    canvas.drawString(40, 540, "A storm is coming")
    canvas.setFont("Helvetica", 10)
    for row, line in enumerate(["The harbour board has met.", "It was a long evening for all."]):
        canvas.drawString(40, 510 - 12 * row, line)


def scanned_page(canvas):
    canvas.rect(50, 50, 200, 200, fill=1)


def blank_page(canvas):
    canvas.setTitle("blank")


async def test_a_page_without_text_fails_and_the_others_are_read():
    found = await extract(draw(text_page, scanned_page, blank_page))

    assert [page.status for page in found.pages] == ["processed", "failed", "skipped"]
    assert found.pages[1].reason == "no text layer; an API key enables page images"
    assert found.pages[2].reason == "blank page"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_printed_sideways_or_upside_down_is_read(degrees):
    def turned(canvas):
        canvas.translate(300, 300)
        canvas.rotate(degrees)
        canvas.translate(-300, -300)
        text_page(canvas)

    _, page = child.extract(draw(turned, size=(600, 600)), first=1, max_pages=1)

    assert page["articles"][0]["title"] == "A storm is coming"
    assert (
        page["articles"][0]["body"] == "The harbour board has met. It was a long evening for all."
    )


async def test_a_scan_waits_for_a_person_since_an_api_key_would_help():
    with pytest.raises(Permanent) as caught:
        await extract(draw(scanned_page))

    assert not isinstance(caught.value, InputRejected)
    assert caught.value.error_class == "no_text_layer"


async def test_a_document_of_blank_pages_is_refused():
    with pytest.raises(InputRejected) as caught:
        await extract(draw(blank_page))

    assert caught.value.error_class == "empty_document"


# Documents made to harm


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
    head = b"<</Length %d/Filter %s%s>>stream\n" % (len(data), filters, extra)
    return head + data + b"\nendstream"


def one_page(
    content: bytes, *, box=b"[0 0 600 800]", filters=b"/FlateDecode", xobject=b""
) -> bytes:
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


def zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(MiB)
    return b"".join(packer.compress(block) for _ in range(count)) + packer.flush()


def form(content: bytes) -> bytes:
    extra = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 6 0 R>>>>"
    return stream(zlib.compress(content), extra)


def huge_bitmap() -> bytes:
    size = b"/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray"
    return stream(zlib.compress(bytes(1000)), b"/Type/XObject/Subtype/Image" + size)


def many_pages(count: int) -> bytes:
    numbers = range(3, count + 3)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    tree = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree, **dict.fromkeys(numbers, page)})


def page_tree(kids: bytes, count: int) -> bytes:
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: tree}, b"/Prev 9")


HARMFUL = {
    "a page of 200,000 points": lambda: one_page(
        zlib.compress(b"BT /F 9 Tf (x) Tj ET"), box=b"[0 0 200000 200000]"
    ),
    "100,000 pages": lambda: many_pages(100_000),
    "1 GB of zeros": lambda: one_page(zeros(1000)),
    "a million words": lambda: one_page(
        zlib.compress(b"BT /F 9 Tf " + b"(abcd) Tj " * 10**6 + b"ET")
    ),
    "a form that draws itself": lambda: one_page(
        zlib.compress(b"/X Do"), xobject=form(b"/X Do /X Do")
    ),
    "a page tree that holds itself": lambda: page_tree(b"2 0 R 2 0 R", 2),
    "a page tree that lies": lambda: page_tree(b"2 0 R", 150),
    "a circular cross-reference": lambda: page_tree(b"", 0),
    "filters in filters": lambda: one_page(b"x", filters=b"[" + b"/FlateDecode " * 50 + b"]"),
    "half a file": lambda: GAZETTE[: len(GAZETTE) // 2],
    "only a header": lambda: b"%PDF-1.7\n",
    "a ZIP archive": lambda: b"PK\x03\x04" + bytes(5000),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", HARMFUL)
async def test_a_harmful_document_is_refused_and_leaves_nothing_behind(name):
    before = leftovers()

    with pytest.raises(InputRejected) as caught:
        await extract(HARMFUL[name](), page_wall_s=10)

    assert caught.value.error_class in {
        *("unsafe_document", "damaged_document", "not_a_pdf", "empty_document"),
    }
    assert children() == []
    assert leftovers() == before


@pytest.mark.parametrize("passwords", [("secret", "owner"), ("a" * 32, "b" * 32)])
async def test_an_encrypted_document_is_called_encrypted(passwords):
    user, owner = passwords
    data = draw(text_page, encrypt=StandardEncryption(user, owner, canPrint=0, strength=128))

    with pytest.raises(InputRejected) as caught:
        await extract(data)

    assert caught.value.error_class == "encrypted"


async def test_a_document_that_opens_without_a_password_is_read():
    data = draw(text_page, encrypt=StandardEncryption("", "owner", canPrint=0, strength=128))

    assert (await extract(data)).pages[0].status == "processed"


async def test_a_pdf_behind_a_zip_header_is_read_as_the_pdf_that_it_is():
    found = await extract(b"PK\x03\x04" + bytes(26) + GAZETTE)

    assert found.pages[0].status == "processed"


async def test_size_and_pages_are_bounded():
    with pytest.raises(InputRejected) as caught:
        await extract(GAZETTE, max_bytes=1000)
    assert caught.value.error_class == "too_large"

    with pytest.raises(InputRejected) as caught:
        await extract(GAZETTE, max_pages=1)
    assert caught.value.error_class == "unsafe_document"


async def test_a_parser_that_is_too_slow_is_killed():
    with pytest.raises(InputRejected, match="no answer within") as caught:
        await extract(GAZETTE, page_wall_s=0.001)

    assert caught.value.error_class == "unsafe_document"
    assert children() == []


async def test_a_page_that_kills_the_parser_costs_only_itself():
    good = draw(text_page, text_page, text_page)
    poison = b"BT /F1 9 Tf " + b"(abcdefgh) Tj " * 10**6 + b"ET"
    data = with_content(good, page=2, content=poison)

    found = await extract(data)

    assert [page.status for page in found.pages] == ["processed", "failed", "processed"]
    assert "parser was stopped" in (found.pages[1].reason or "")


def with_content(data: bytes, *, page: int, content: bytes) -> bytes:
    """Three pages anew, one of them with other content."""
    assert data.startswith(b"%PDF")
    plain = zlib.compress(
        b"BT /F 24 Tf 40 540 Td (A storm is coming) Tj ET BT /F 10 Tf 40 510 Td"
        b" (The harbour board has met for a long evening.) Tj ET"
    )
    poison = zlib.compress(content.replace(b"/F1", b"/F"))
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
        objects[6 + number] = stream(poison if number == page else plain)
    return pdf(objects)


async def test_a_cancelled_task_takes_its_child_with_it():
    reached = asyncio.Event()

    async def stall(_fraction: float, _note: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(extract(GAZETTE, progress=stall))
    await reached.wait()
    assert len(children()) == 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert children() == []


async def test_the_child_sees_no_secret_of_the_worker(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary-0123456789")
    show = "import os; print(sorted(os.environ))"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", show], file) as running:
            seen = await running.read_all(wall_s=10, max_bytes=10_000)

    assert b"OPENROUTER" not in seen
    assert b"PATH" in seen


async def test_a_child_that_floods_its_output_is_stopped():
    flood = "import sys\nwhile True: sys.stdout.write('x' * 65536)"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", flood], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="more than"):
                await running.read_all(wall_s=10, max_bytes=MiB)
        async with sandbox.run([sys.executable, "-I", "-c", flood], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="at once"):
                await running.read_line(wall_s=10)

    assert children() == []


async def test_a_child_that_closes_its_output_and_stays_is_killed():
    linger = "import os, time\nos.close(1)\ntime.sleep(60)"

    with sandbox.unnamed_file(b"") as file:
        async with sandbox.run([sys.executable, "-I", "-c", linger], file) as running:
            with pytest.raises(sandbox.ChildFailed, match="did not end"):
                await running.read_line(wall_s=0.5)

    assert children() == []


def test_what_the_child_does_can_be_done_in_process():
    """The same functions without a process between: what they return, and where they refuse."""
    with sandbox.unnamed_file(GAZETTE) as file:
        data = child.read_input(file.fileno())
    answers = list(child.extract(data, first=2, max_pages=2))

    assert answers[0] == {"pages": 2}
    assert answers[1]["page"] == 2
    assert list(child.probe(data, max_pages=2)) == [{"pages": 2}]
    assert child.render(data, number=1, long_edge_px=500).startswith(b"\x89PNG")
    with pytest.raises(child.Refused):
        child.open_document(b"%PDF-1.7")
    with pytest.raises(child.Refused):
        child.count_pages(child.open_document(data), max_pages=1)


def test_a_page_of_ornaments_has_no_running_text():
    def ornaments(canvas):
        canvas.drawString(40, 540, "* * *")

    assert asyncio.run(_statuses(draw(text_page, ornaments))) == ["processed", "skipped"]


async def _statuses(data):
    return [page.status for page in (await extract(data)).pages]


@pytest.mark.parametrize(
    ("page", "answer"),
    [(scanned_page, "no text layer"), (blank_page, "blank page"), (text_page, "A storm")],
)
def test_each_page_has_articles_or_a_reason(page, answer):
    _, found = child.extract(draw(page), first=1, max_pages=1)

    assert answer in str(found)


def test_a_page_with_too_much_text_is_given_up(monkeypatch):
    monkeypatch.setattr("asynctaskflow_pdfxtract.textlayer.MAX_CHARACTERS", 100)

    _, first, _ = child.extract(GAZETTE, first=1, max_pages=2)

    assert "characters on one page" in first["failed"]


async def test_an_unknown_command_of_the_child_is_an_error():
    limits = '{"memory_bytes": 500000000, "cpu_s": 5}'
    command = [sys.executable, "-I", "-m", "asynctaskflow_pdfxtract.child", limits, "dance"]

    with sandbox.unnamed_file(GAZETTE) as file:
        async with sandbox.run(command, file) as running:
            with pytest.raises(sandbox.ChildFailed, match="unknown command 'dance'"):
                await running.read_line(wall_s=10)


# With a model


@pytest.mark.parametrize(
    ("renderer", "media_type", "magic"),
    [("poppler", "image/jpeg", b"\xff\xd8\xff"), ("pdfium", "image/png", b"\x89PNG")],
)
async def test_each_page_is_shown_to_the_model_as_an_image(renderer, media_type, magic):
    model = ScriptedModel([ONE_ARTICLE])

    found = await extract(GAZETTE, model=model, renderer=renderer, issue_date="2026-03-14")

    assert (found.provider, found.model, found.renderer) == (
        "openrouter",
        "test/vision-1",
        renderer,
    )
    assert [page.articles[0].body for page in found.pages] == ["The whole text."] * 2
    assert [image.media_type for image in model.images()] == [media_type] * 2
    assert all(image.data.startswith(magic) for image in model.images())
    assert sorted(map(str, model.call_ids)) == ["pdfxtract-1-p1", "pdfxtract-1-p2"]
    assert "2026-03-14" in said(model.asked[0], turn=1)


async def test_without_poppler_pdfium_renders(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)

    found = await extract(GAZETTE, model=ScriptedModel([ONE_ARTICLE]))

    assert found.renderer == "pdfium"
    with pytest.raises(FileNotFoundError, match="poppler-utils"):
        await extract(GAZETTE, model=ScriptedModel([ONE_ARTICLE]), renderer="poppler")


async def test_an_answer_that_was_cut_off_is_asked_for_again():
    @dataclass
    class Forgetful(ScriptedModel):
        async def complete(self, request, *, call_id=None):
            answer = await super().complete(request, call_id=call_id)
            return replace(answer, truncated=len(self.asked) == 1)

    model = Forgetful([ONE_ARTICLE])

    found = await extract(draw(scanned_page), model=model)

    assert found.pages[0].status == "processed"
    assert "token limit" in said(model.asked[1], turn=3)


async def test_a_bad_answer_gets_one_chance_of_repair():
    model = ScriptedModel(["I see a page.", ONE_ARTICLE])

    found = await extract(draw(scanned_page), model=model)

    assert found.pages[0].status == "processed"
    assert [message.role for message in model.asked[1].messages] == [
        *("system", "user", "assistant", "user"),
    ]
    assert model.call_ids == ["pdfxtract-1-p1", "pdfxtract-1-p1-repair"]


async def test_a_document_of_which_every_page_failed_is_not_completed():
    model = ScriptedModel(["I see a page."])

    with pytest.raises(Retryable) as caught:
        await extract(GAZETTE, model=model)

    assert caught.value.error_class == "unusable_answer"


async def test_a_page_that_failed_is_tried_once_more_and_then_said_so():
    failure = Retryable("HTTP 502", error_class="unavailable", provider_fault=True)
    model = ScriptedModel([failure, ONE_ARTICLE, ONE_ARTICLE])
    found = await extract(GAZETTE, model=model, pages_in_flight=1)
    assert [page.status for page in found.pages] == ["processed", "processed"]

    model = ScriptedModel([failure, ONE_ARTICLE, failure])
    found = await extract(GAZETTE, model=model, pages_in_flight=1)
    assert [page.status for page in found.pages] == ["failed", "processed"]
    assert found.pages[0].reason == "HTTP 502"


@pytest.mark.parametrize(
    "error",
    [
        Retryable("slow down", delay_s=7, error_class="rate_limited"),
        Retryable("no money", error_class="insufficient_credits"),
        Permanent("bad key", error_class="credential_rejected"),
        NotNow("open", reason="breaker_open", delay_s=30),
    ],
)
async def test_what_concerns_every_page_ends_the_attempt_at_once(error):
    model = ScriptedModel([ONE_ARTICLE, error])

    with pytest.raises(type(error)) as caught:
        await extract(draw(*[text_page] * 6), model=model, pages_in_flight=1)

    assert caught.value is error
    assert len(model.asked) == 2


async def test_a_page_without_articles_is_skipped():
    model = ScriptedModel([ONE_ARTICLE, '{"articles": []}'])

    found = await extract(GAZETTE, model=model, pages_in_flight=1)

    assert [page.status for page in found.pages] == ["processed", "skipped"]


async def test_an_image_of_sixty_thousand_pixels_is_rendered_within_the_limits():
    data = one_page(zlib.compress(b"q 600 0 0 800 0 0 cm /X Do Q"), xobject=huge_bitmap())

    found = await extract(data, model=ScriptedModel([ONE_ARTICLE]), renderer="pdfium")

    assert found.pages[0].status == "processed"
    assert children() == []


async def test_a_page_image_beyond_the_bound_fails_its_page():
    with pytest.raises(InputRejected, match="more than 100 bytes"):
        await extract(GAZETTE, model=ScriptedModel([ONE_ARTICLE]), max_image_bytes=100)


async def test_a_page_of_any_size_is_rendered_within_the_pixel_bound():
    data = one_page(zlib.compress(b"0 0 100 100 re f"), box=b"[0 0 200000 1000]")
    model = ScriptedModel([ONE_ARTICLE])

    await extract(data, model=model, renderer="pdfium", long_edge_px=1000)

    width = int.from_bytes(model.images()[0].data[16:20], "big")
    assert width <= 1000

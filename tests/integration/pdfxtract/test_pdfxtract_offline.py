"""Without a model: the sample newspaper word for word, and pages without text, turned or blank."""

import asyncio
import base64

import pytest

from asynctaskflow import InputRejected, Permanent, rehearse
from asynctaskflow_pdfxtract import child, handler
from asynctaskflow_testkit.extraction import GAZETTE, SOURCE, extract
from asynctaskflow_testkit.pdfs import (
    blank_page,
    draw,
    scanned_page,
    text_page,
)
from asynctaskflow_testkit.scripted import Reports


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
    progress = Reports()

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

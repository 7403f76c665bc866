"""With a model: page images, repairs, pages that fail, and errors that end the attempt."""

import json
import zlib
from dataclasses import dataclass, replace
from datetime import date

import pytest

from asynctaskflow import InputRejected, NotNow, Permanent, Retryable
from asynctaskflow_openrouter.messages import ChatRequest, Text
from asynctaskflow_testkit.extraction import GAZETTE, extract
from asynctaskflow_testkit.pdfs import draw, huge_bitmap, one_page, scanned_page, text_page
from asynctaskflow_testkit.scripted import ScriptedModel

ONE_ARTICLE = json.dumps({"articles": [{"title": "T", "body": "The whole text.", "topics": ["a"]}]})


def said(request: ChatRequest, *, turn: int) -> str:
    """The text that one turn of a question begins with."""
    first = request.messages[turn].parts[0]
    assert isinstance(first, Text)
    return first.text


@pytest.mark.parametrize(
    ("renderer", "media_type", "magic"),
    [
        pytest.param("poppler", "image/jpeg", b"\xff\xd8\xff", marks=pytest.mark.needs("pdftoppm")),
        ("pdfium", "image/png", b"\x89PNG"),
    ],
)
async def test_each_page_is_shown_to_the_model_as_an_image(renderer, media_type, magic):
    model = ScriptedModel([ONE_ARTICLE])

    found = await extract(GAZETTE, model=model, renderer=renderer, issue_date=date(2026, 3, 14))

    assert (found.provider, found.model, found.renderer) == (
        "openrouter",
        "test/model-1",
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


async def test_an_image_of_sixty_thousand_pixels_is_rendered_within_the_limits(traces):
    data = one_page(zlib.compress(b"q 600 0 0 800 0 0 cm /X Do Q"), xobject=huge_bitmap())

    found = await extract(data, model=ScriptedModel([ONE_ARTICLE]), renderer="pdfium")

    assert found.pages[0].status == "processed"
    assert traces.children() == []


async def test_a_page_image_beyond_the_bound_fails_its_page():
    with pytest.raises(InputRejected, match="more than 100 bytes"):
        await extract(GAZETTE, model=ScriptedModel([ONE_ARTICLE]), max_image_bytes=100)


async def test_a_page_of_any_size_is_rendered_within_the_pixel_bound():
    data = one_page(zlib.compress(b"0 0 100 100 re f"), box=b"[0 0 200000 1000]")
    model = ScriptedModel([ONE_ARTICLE])

    await extract(data, model=model, renderer="pdfium", long_edge_px=1000)

    width = int.from_bytes(model.images()[0].data[16:20], "big")
    assert width <= 1000

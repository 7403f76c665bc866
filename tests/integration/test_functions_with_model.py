"""Both functions with an API key: handler, guarded model, HTTP client, against the simulated API."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asynctaskflow import NotNow, rehearse
from asynctaskflow_openrouter import session
from asynctaskflow_openrouter.simulator import Behaviour, Simulator
from asynctaskflow_pdfxtract import handler as pdfxtract
from asynctaskflow_summarize import handler as summarize

SAMPLES = Path(__file__).parents[2] / "examples" / "samples"
GAZETTE = base64.b64encode((SAMPLES / "gazette.pdf").read_bytes()).decode()
TEXT = (SAMPLES / "article.txt").read_text(encoding="utf-8")
KEY = "sk-or-test-0123456789abcdef"


@pytest.fixture
async def simulator(monkeypatch, redis_url) -> AsyncIterator[Simulator]:
    """The API, and an environment that leads both functions to it."""
    async with Simulator(Behaviour(valid_keys=(KEY,))) as running:
        monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
        monkeypatch.setenv("OPENROUTER_BASE_URL", running.base_url)
        monkeypatch.setenv("ATF_REDIS_URL", redis_url)
        _forget_settings()
        yield running
        await session.close_session_of_process()
        _forget_settings()


def _forget_settings() -> None:
    summarize.settings_of_process.cache_clear()
    pdfxtract.settings_of_process.cache_clear()


async def test_a_text_is_summarized_by_the_model(simulator):
    result = (await rehearse(summarize.summarize, {"text": TEXT})).result

    assert result["provider"] == "openrouter"
    assert result["model"].startswith("simulator/")
    assert result["sentences"] == 3


async def test_every_page_of_a_newspaper_is_read_by_the_model(simulator):
    result = (await rehearse(pdfxtract.pdfxtract, {"pdf_base64": GAZETTE})).result

    assert result["provider"] == "openrouter"
    assert result["renderer"] in {"poppler", "pdfium"}
    assert [page["status"] for page in result["pages"]] == ["processed", "processed"]
    assert all(page["articles"][0]["body"] for page in result["pages"])


async def test_a_rejected_key_holds_the_task_back(simulator, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-wrong-0123456789")
    _forget_settings()

    with pytest.raises(NotNow) as caught:
        await rehearse(pdfxtract.pdfxtract, {"pdf_base64": GAZETTE})

    assert caught.value.reason == "api_key_invalid"

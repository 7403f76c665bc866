"""summarize as a worker runs it, on the sample text."""

from pathlib import Path

import pytest

from asynctaskflow import InputRejected, rehearse
from asynctaskflow_summarize.handler import summarize

SAMPLE = Path(__file__).parents[2] / "examples" / "samples" / "article.txt"


async def test_the_sample_is_summarized_without_a_key():
    text = SAMPLE.read_text(encoding="utf-8")

    result = (await rehearse(summarize, {"text": text, "length": "short"})).result

    assert result["provider"] == "offline"
    assert result["language"] == "en"
    assert result["sentences"] == 2
    assert result["source_characters"] == len(text)
    assert "degrees" in result["summary"]


async def test_a_blank_text_is_rejected_by_name():
    with pytest.raises(InputRejected, match="text"):
        await rehearse(summarize, {"text": "   "})

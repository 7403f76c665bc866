import pytest
from pydantic import ValidationError

from asynctaskflow_summarize.schema import MAX_CHARACTERS, SummarizeInput


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "…!?", None])
def test_a_text_without_words_is_refused_and_the_field_named(text):
    with pytest.raises(ValidationError) as caught:
        SummarizeInput.model_validate({"text": text})

    assert caught.value.errors()[0]["loc"] == ("text",)


def test_a_text_beyond_the_bound_is_refused():
    with pytest.raises(ValidationError, match="at most"):
        SummarizeInput(text="a" * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    "field", [{"length": "huge"}, {"sentences": 0}, {"sentences": 51}, {"lenght": "short"}]
)
def test_unknown_values_and_fields_are_refused(field):
    with pytest.raises(ValidationError):
        SummarizeInput.model_validate({"text": "words", **field})

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_summarize.chunks import count_tokens, split_text


def test_a_text_that_fits_stays_whole():
    assert split_text("A short text.\n\nOf two paragraphs.", max_tokens=100) == [
        "A short text.\n\nOf two paragraphs."
    ]


def test_a_long_text_is_cut_between_paragraphs():
    paragraphs = [f"Paragraph number {index} has a sentence." for index in range(6)]

    parts = split_text("\n\n".join(paragraphs), max_tokens=30)

    assert parts == ["\n\n".join(paragraphs[at : at + 2]) for at in (0, 2, 4)]


def test_a_long_paragraph_is_cut_between_sentences():
    sentences = [f"Sentence number {index} is here." for index in range(4)]

    assert split_text(" ".join(sentences), max_tokens=12) == sentences


def test_signs_of_other_scripts_count_as_a_token_each():
    assert count_tokens("市" * 100) == 101
    assert count_tokens("a" * 99) == 34


def test_white_space_beyond_the_bound_gives_nothing():
    assert split_text(" " * 500, max_tokens=10) == []


@given(st.text(alphabet="ab. \n市", max_size=400), st.integers(min_value=5, max_value=60))
def test_no_part_is_too_long_and_no_word_is_lost(text, max_tokens):
    parts = split_text(text, max_tokens=max_tokens)

    assert all(count_tokens(part) <= max_tokens + 1 or part == text for part in parts)
    # A row of dots without a word is no sentence and may go.
    assert _words("".join(parts)) == _words(text)


def _words(text):
    return "".join(text.replace(".", " ").split())


@pytest.mark.parametrize("max_tokens", [1, 2, 3])
def test_even_an_absurd_bound_comes_to_an_end(max_tokens):
    assert "".join(split_text("市" * 9, max_tokens=max_tokens)) == "市" * 9

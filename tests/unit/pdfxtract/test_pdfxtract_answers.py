import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_pdfxtract.answers import Unusable, parse_articles

ONE = {"title": "T", "body": "B.", "topics": ["a"], "summary": "S."}


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"articles": [ONE]}),
        json.dumps([ONE]),
        json.dumps(ONE),
        json.dumps({"pages": [{"page_number": 1, "articles": [ONE]}, {"articles": None}]}),
        f"```json\n{json.dumps({'articles': [ONE]})}\n```",
        f"Here you are:\n{json.dumps({'articles': [ONE]}, indent=2)}\nI hope {{this}} helps.",
        f"[sic] {json.dumps({'articles': [ONE]})}",
    ],
)
def test_articles_are_found_in_whatever_models_wrap_them(answer):
    (article,) = parse_articles(answer)

    assert (article.title, article.body, article.topics) == ("T", "B.", ("a",))


def test_nulls_lists_and_extra_fields_are_forgiven():
    told = {
        "title": None,
        "body": ["One.", "Two."],
        "topics": "a, b,,c",
        "page": 3,
        "summary": None,
    }

    (article,) = parse_articles(json.dumps([told]))

    assert article.body == "One.\n\nTwo."
    assert article.topics == ("a", "b", "c")
    assert article.title == ""


def test_topics_are_cut_to_their_bounds():
    told = {"body": "B.", "topics": ["x" * 200, *map(str, range(20))]}

    (article,) = parse_articles(json.dumps([told]))

    assert len(article.topics) == 10
    assert len(article.topics[0]) == 80


def test_articles_without_text_are_left_out():
    assert parse_articles('{"articles": [{"title": "T", "body": " "}]}') == ()
    assert parse_articles('{"articles": []}') == ()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot read this page.",
        '{"articles": [{"title": "T", "bo',
        '{"articles": "none"}',
        '{"articles": [{"title": "T"}]}',
        '{"articles": [{"body": {"text": "B."}}]}',
        '{"articles": [{"body": "B.", "topics": 7}]}',
        '{"articles": ["B."]}',
        json.dumps([ONE] * 301),
        json.dumps([{**ONE, "title": "t" * 2000}]),
        "[" * 100_000,
    ],
)
def test_what_cannot_be_understood_is_said_so(answer):
    with pytest.raises(Unusable):
        parse_articles(answer)


@given(st.text(max_size=200) | st.text(alphabet='{}[]",:articlesbody ', max_size=200))
def test_no_answer_breaks_the_parser(answer):
    with suppress(Unusable):
        assert isinstance(parse_articles(answer), tuple)

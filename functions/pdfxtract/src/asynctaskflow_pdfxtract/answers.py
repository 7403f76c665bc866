"""A model's answer to articles: tolerant of its form, strict about its content. Pure."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from asynctaskflow_pdfxtract.schema import MAX_ARTICLES, Article

MAX_TOPICS = 10
MAX_TOPIC_LETTERS = 80


class Unusable(ValueError):
    """The answer holds no articles in a form that can be understood; the message says what is wrong."""


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return "\n\n".join(str(part) for part in value)
    return "" if value is None else value


def _as_topics(value: Any) -> Any:
    listed = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(listed, list):
        return value
    topics = [str(topic).strip()[:MAX_TOPIC_LETTERS] for topic in listed]
    return [topic for topic in topics if topic][:MAX_TOPICS]


Text = Annotated[str, BeforeValidator(_as_text)]


class _Told(BaseModel):
    """An article as models write it: nulls, lists for text and extra fields are forgiven."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    title: Text = ""
    subtitle: Text = ""
    author: Text = ""
    body: Text
    topics: Annotated[list[str], BeforeValidator(_as_topics)] = Field(default_factory=list)
    summary: Text = ""


def parse_articles(answer: str) -> tuple[Article, ...]:
    """Return the articles in a model's answer; entries without text are left out.

    Raises:
        Unusable: no JSON, another form, or content beyond the schema's bounds.
    """
    entries = _entries(_first_json(answer))
    if len(entries) > MAX_ARTICLES:
        raise Unusable(f"{len(entries)} articles on one page")
    try:
        told = [_Told.model_validate(entry) for entry in entries]
        return tuple(Article(**one.model_dump()) for one in told if one.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Unusable(f"{place or 'an article'}: {first['msg']}") from error


def _first_json(answer: str) -> Any:
    """Return the first JSON object or list in the answer, past fences and pleasantries."""
    decoder = json.JSONDecoder()
    for start in _starts(answer):
        try:
            value, _ = decoder.raw_decode(answer, start)
        except (json.JSONDecodeError, RecursionError):
            continue
        return value
    raise Unusable("no valid JSON in it")


def _starts(answer: str) -> Iterator[int]:
    """Yield where JSON may begin; the first brace nearly always is it, so few are tried."""
    found = [index for index, char in enumerate(answer[:2000]) if char in "{["]
    yield from found[:5]


def _entries(value: Any) -> list[Any]:
    """Return the entries of ``{"articles": [...]}``, of a bare list, or of a list of pages."""
    match value:
        case list():
            return value
        case {"articles": list(entries)}:
            return entries
        case {"pages": list(pages)} if all(isinstance(page, dict) for page in pages):
            return [entry for page in pages for entry in page.get("articles") or []]
        case {"body": _}:
            return [value]
        case _:
            raise Unusable('the JSON is not of the form {"articles": [...]}')

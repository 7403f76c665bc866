"""What pdfxtract takes and gives, validated on both sides; the JSON schemas are made from this."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

MAX_ARTICLES = 300
UNKNOWN_DATE: Literal["unknown"] = "unknown"

Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Strict(BaseModel):
    """Base: frozen, typos refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PdfInput(Strict):
    """A newspaper to take apart; exactly one of ``pdf_ref`` and ``pdf_base64`` is given."""

    pdf_ref: str | None = Field(
        None, min_length=1, max_length=512, description="Reference of an uploaded PDF."
    )
    pdf_base64: str | None = Field(
        None, min_length=1, max_length=16_777_216, description="A small PDF itself, in base 64."
    )
    filename: str = Field(
        "document.pdf",
        min_length=1,
        max_length=255,
        description="Its name, repeated in the result.",
    )
    issue_date: datetime.date | None = Field(None, description="Day of the issue, ISO 8601.")

    @field_validator("filename")
    @classmethod
    def _is_plain_name(cls, value: str) -> str:
        name = value.replace("\\", "/").rsplit("/", 1)[-1].strip()
        if not name or not name.isprintable():
            raise ValueError("filename must be a plain file name")
        return name

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.pdf_ref is None) == (self.pdf_base64 is None):
            raise ValueError("give exactly one of pdf_ref and pdf_base64")
        return self


class Article(Strict):
    """One article of a page."""

    title: str = Field("", max_length=1000, description="Empty where a page goes on without one.")
    subtitle: str = Field("", max_length=2000)
    author: str = Field("", max_length=300)
    body: str = Field(
        min_length=1, max_length=200_000, description="Paragraphs parted by blank lines."
    )
    topics: tuple[Topic, ...] = Field((), max_length=10)
    summary: str = Field("", max_length=5000, description="In the article's language.")


class Page(Strict):
    """One page: processed with its articles, or why not."""

    page_number: int = Field(ge=1, le=100_000)
    status: Literal["processed", "skipped", "failed"]
    reason: str | None = Field(None, max_length=500)
    articles: tuple[Article, ...] = Field((), max_length=MAX_ARTICLES)


class Edition(Strict):
    """The result: every page of the document, in order."""

    filename: str = Field(max_length=255)
    issue_date: datetime.date | Literal["unknown"] = UNKNOWN_DATE
    provider: str = Field(
        max_length=100, description="offline, or the service whose model read it."
    )
    model: str = Field("", max_length=200, description="The model that answered, or the method.")
    renderer: Literal["poppler", "pdfium"] | None = Field(
        None, description="What made page images; none were needed offline."
    )
    language: str = Field("und", max_length=16, description="ISO 639-1, of the first articles.")
    pages: tuple[Page, ...] = Field(min_length=1, max_length=100_000)

"""What summarize takes and gives, validated on both sides; the JSON schemas are made from this."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_CHARACTERS = 2_000_000


class SummarizeInput(BaseModel):
    """A text to summarize."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(
        min_length=1,
        max_length=MAX_CHARACTERS,
        description="Plain text or light markup, in any language.",
    )
    length: Literal["short", "medium", "long"] = Field(
        "medium", description="short: 2 sentences; medium: 3 to 5; long: 5 to 12."
    )
    sentences: int | None = Field(
        None, ge=1, le=50, description="An exact number of sentences; wins over length."
    )

    @field_validator("text")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not any(map(str.isalnum, value)):
            raise ValueError("text must contain words, not only white space or punctuation")
        return value


class Summary(BaseModel):
    """The result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str = Field(min_length=1, max_length=100_000, description="In the text's language.")
    language: str = Field(max_length=16, description="ISO 639-1; und where it is not recognised.")
    provider: str = Field(
        max_length=100, description="offline, or the service whose model wrote it."
    )
    model: str = Field(max_length=200, description="The model that answered, or the method.")
    sentences: int = Field(ge=1, description="Sentences of the summary.")
    characters: int = Field(ge=1, description="Characters of the summary.")
    source_sentences: int = Field(ge=1, description="Sentences of the text.")
    source_characters: int = Field(ge=1, description="Characters of the text.")
    parts: int = Field(1, ge=1, description="Parts in which the text was read; 1: as a whole.")

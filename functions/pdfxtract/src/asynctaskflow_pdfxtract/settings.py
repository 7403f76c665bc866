"""Everything that can be set about pdfxtract: read from the environment once, then passed down."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MiB = 1024 * 1024


class PdfxtractSettings(BaseSettings):
    """Environment variables ``PDFXTRACT_<FIELD>``, units in the names."""

    model_config = SettingsConfigDict(env_prefix="PDFXTRACT_", frozen=True, extra="ignore")

    max_bytes: int = Field(50 * MiB, gt=0, description="Largest PDF; the seed's limit.")
    max_pages: int = Field(200, gt=0, description="The thickest newspapers have half as many.")
    child_memory_bytes: int = Field(
        512 * MiB, gt=0, description="Address space of a parsing process, twice its usual need."
    )
    page_wall_s: float = Field(
        20, gt=0, description="One page parsed or rendered; usual pages take 0.2 s."
    )
    crashes_allowed: int = Field(
        2, ge=0, description="Pages that may kill the parser before the document is refused."
    )
    renderer: Literal["auto", "poppler", "pdfium"] = Field(
        "auto", description="Makes page images; auto takes poppler where it is installed."
    )
    long_edge_px: int = Field(
        2000,
        ge=500,
        le=8000,
        description="Of a page image: body type stays readable, cost bounded.",
    )
    max_image_bytes: int = Field(12 * MiB, gt=0, description="Below what providers accept.")
    pages_in_flight: int = Field(
        2, ge=1, le=16, description="Pages at the model at once; bounds the images in memory."
    )
    max_answer_tokens: int = Field(16_000, ge=1000, description="A dense page has 8,000 tokens.")

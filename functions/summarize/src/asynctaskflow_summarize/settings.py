"""Everything that can be set about summarize: read from the environment once, then passed down."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SummarizeSettings(BaseSettings):
    """Environment variables ``SUMMARIZE_<FIELD>``, units in the names."""

    model_config = SettingsConfigDict(env_prefix="SUMMARIZE_", frozen=True, extra="ignore")

    part_max_tokens: int = Field(
        24_000, ge=500, description="One request; models lose the thread in longer texts."
    )
    parts_in_flight: int = Field(3, ge=1, le=32, description="Parts of one text read at once.")

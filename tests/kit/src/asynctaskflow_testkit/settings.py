"""The test kit's only look at the environment."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HandlerSettings(BaseSettings):
    """What a sample handler is told: environment variables ``TESTKIT_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="TESTKIT_", frozen=True, extra="ignore")

    ledger: Path | None = Field(None, description="File that every execution is written to.")
    worker: str = Field("", description="Who runs it.", validation_alias="ATF_WORKER_ID")
    upstream: str = Field("", description="Base URL that the llm handler calls.")


class ChaosSettings(BaseSettings):
    """How the chaos suite runs: environment variables ``CHAOS_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="CHAOS_", frozen=True, extra="ignore")

    seed: int = Field(0, description="Of faults and load; 0: a new one, printed.")
    scale: float = Field(1.0, gt=0, le=1000, description="Multiplies tasks and faults.")


def environment() -> dict[str, str]:
    """A copy of this process's environment, to be given to children."""
    return dict(os.environ)

"""Everything that can be set about the API: read from the environment once, then passed down."""

from pathlib import Path

from pydantic import AliasChoices, AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from asynctaskflow_openrouter.retry_after import RetryAfterBounds

MiB = 1024 * 1024


class OpenRouterSettings(BaseSettings):
    """Environment variables ``OPENROUTER_<FIELD>``; without ``OPENROUTER_API_KEY`` nothing is called."""

    model_config = SettingsConfigDict(
        env_prefix="OPENROUTER_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    api_key: SecretStr | None = Field(
        None, description="Absent or blank: the offline provider answers instead."
    )
    base_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://openrouter.ai/api/v1"),
        description="Any OpenAI-compatible API; the path above /chat/completions.",
    )
    model: str = Field(
        "google/gemini-2.5-flash", min_length=1, description="Reads text and images, cheaply."
    )
    app_name: str = Field(
        "AsyncTaskFlow", max_length=100, description="Shown in the provider's list of calls."
    )
    proxy_url: AnyHttpUrl | None = Field(None, description="HTTP proxy; no other one is ever used.")
    ca_file: Path | None = Field(None, description="Certificates to trust instead of the system's.")

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias=AliasChoices("OPENROUTER_REDIS_URL", "ATF_REDIS_URL"),
        description="Where workers share the service's state; the worker's own variable by default.",
    )

    connect_timeout_s: float = Field(
        5, gt=0, description="Each of TCP and TLS; longer means it is down."
    )
    first_byte_timeout_s: float = Field(
        90, gt=0, description="Start to headers, upload and thinking included: models are slow."
    )
    idle_timeout_s: float = Field(30, gt=0, description="Longest silence inside a body.")
    total_timeout_s: float = Field(
        180, gt=0, description="One whole call; frees the worker's slot."
    )
    check_timeout_s: float = Field(5, gt=0, description="One look at /key or /credits.")

    max_request_bytes: int = Field(
        20 * MiB, gt=0, description="A page at 300 dpi is 2-5 MiB; providers refuse more than this."
    )
    max_response_bytes: int = Field(
        8 * MiB, gt=0, description="Decompressed; the longest answers of models are below 1 MiB."
    )
    max_connections: int = Field(64, gt=0, description="Of one process; above its number of slots.")

    retry_after_max_s: float = Field(300, gt=0, description="A longer wish of the provider is cut.")
    retry_after_default_s: float = Field(10, gt=0, description="After a 429 that names no time.")

    fresh_s: float = Field(60, gt=0, description="A service state this young is served as it is.")
    stale_s: float = Field(300, gt=0, description="An older one is never served.")
    unhealthy_after: int = Field(
        3, ge=1, description="Provider faults in a row before the service counts as unavailable."
    )

    @field_validator("api_key", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        key = value.get_secret_value().strip()
        if not all("!" <= char <= "~" for char in key):
            raise ValueError("OPENROUTER_API_KEY holds characters that no key has")
        return SecretStr(key)

    @property
    def retry_after(self) -> RetryAfterBounds:
        """The bounds on what a provider may ask for."""
        return RetryAfterBounds(max_s=self.retry_after_max_s, default_s=self.retry_after_default_s)

"""What the hooks read from their environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReleaseSettings(BaseSettings):
    """``ATF_OPERATOR_NAMESPACE`` and, for the smoke test, ``ATF_API_KEY``."""

    model_config = SettingsConfigDict(env_prefix="ATF_", frozen=True, extra="ignore")

    operator_namespace: str = Field("default", description="The namespace of the release.")
    api_key: SecretStr = Field(SecretStr(""), description="A key of the API.")
    kube_timeout_s: float = Field(10.0, gt=0, description="One request to the API server.")

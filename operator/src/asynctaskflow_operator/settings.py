"""Everything that can be set about the operator: read from the environment once, then passed down."""

from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OperatorSettings(BaseSettings):
    """Environment variables ``ATF_OPERATOR_<FIELD>``; ``ATF_REDIS_URL`` and ``ATF_BLOB_URL`` are shared names."""

    model_config = SettingsConfigDict(
        env_prefix="ATF_OPERATOR_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    namespace: str = Field(
        min_length=1,
        max_length=63,
        description="The one namespace that this installation serves; its own, in a cluster.",
    )
    pod: str = Field(
        "operator", max_length=253, description="The pod's name: who holds the lease, whose Events."
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias=AliasChoices("redis_url", "ATF_REDIS_URL"),
        description="May hold a password, so it is never logged.",
    )
    redis_timeout_s: float = Field(
        2.0, gt=0, le=60, description="One command; ten times the worst stall of a healthy server."
    )
    blob_url: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("blob_url", "ATF_BLOB_URL"),
        description="As the API's; blank: uploads live in Redis.",
    )
    kube_timeout_s: float = Field(
        10.0,
        gt=0,
        le=60,
        description="One request to the API server, its slowest honest answers included.",
    )

    redis_secret: str = Field(
        "asynctaskflow-redis",
        max_length=253,
        description="Secret from which workers get the Redis URL.",
    )
    redis_secret_key: str = Field("url", max_length=253, description="Key of that Secret.")
    worker_blob_secret: str = Field(
        "",
        max_length=253,
        description="Secret with key ``url`` for ATF_BLOB_URL of workers; blank: none.",
    )
    worker_log_level: Literal["debug", "info", "warning", "error"] = "info"

    lease_name: str = Field(
        "asynctaskflow-operator", max_length=63, description="Lease that says which operator acts."
    )
    lease_s: float = Field(
        15,
        ge=2,
        le=300,
        description="A silent operator is replaced after this: client-go's default.",
    )
    writes_per_s: float = Field(
        50,
        gt=0,
        le=1000,
        description="API writes for Task status, creation and deletion: a tenth of what an API server bears.",
    )
    writes_burst: int = Field(
        100, ge=1, le=10_000, description="Writes that may go at once after a quiet time."
    )
    task_resources_max: int = Field(
        1000,
        ge=0,
        le=10_000,
        description="Task resources shown for tasks that came over REST; KEP-95 backs 1,500 in a namespace.",
    )
    safety_tick_s: float = Field(
        1.0, gt=0, le=60, description="Between looks at every queue, in case an event was missed."
    )

    probe_host: str = Field("0.0.0.0", description="Where /live, /ready and /metrics listen.")  # noqa: S104 - a pod's probes come from outside it
    probe_port: int = Field(8080, ge=0, le=65_535, description="0: any free one, logged.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"

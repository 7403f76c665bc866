"""Everything that can be set about the API: read from the environment once, then passed down."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from asynctaskflow_api.access import ApiKey

KiB = 1024
MiB = 1024 * KiB


class ApiSettings(BaseSettings):
    """Environment variables ``ATF_API_<FIELD>``; ``ATF_REDIS_URL`` and ``ATF_AUTH`` are shared names."""

    model_config = SettingsConfigDict(
        env_prefix="ATF_API_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on; a container sets 0.0.0.0.")
    port: int = Field(8000, ge=0, le=65_535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias=AliasChoices("redis_url", "ATF_REDIS_URL"),
        description="May hold a password, so it is never logged.",
    )
    redis_timeout_s: float = Field(
        0.6,
        gt=0,
        le=10,
        description="One command; short, since a caller waits: answers take < 2 s.",
    )
    redis_connections: int = Field(64, ge=2, description="Of this process, for commands.")
    safety_check_s: float = Field(
        30, gt=0, description="Between looks at whether Redis still keeps every task, for /ready."
    )
    request_timeout_s: float = Field(
        1.5, gt=0, description="Whole request without waits and uploads; then 503."
    )

    auth: Literal["keys", "off"] = Field(
        "keys",
        validation_alias=AliasChoices("auth", "ATF_AUTH"),
        description="off is for the local stack on loopback only.",
    )
    keys: Annotated[tuple[ApiKey, ...], NoDecode] = Field(
        (), description="Comma-separated <id>:<role>:<sha256 of the whole key>."
    )
    kube_tokens: bool = Field(
        default=False,
        description="Kubernetes tokens are accepted beside keys; RBAC gives the role.",
    )
    kube_namespace: str = Field("", description="Ours, where rights and facts are looked for.")
    kube_audiences: Annotated[tuple[str, ...], NoDecode] = Field(
        ("asynctaskflow",),
        description="A token must be meant for one of them; empty: for the API server itself.",
    )
    kube_host: str = Field(
        "kubernetes.default.svc",
        validation_alias=AliasChoices("kube_host", "ATF_API_KUBE_HOST", "KUBERNETES_SERVICE_HOST"),
        description="The API server; every pod is told by Kubernetes.",
    )
    kube_port: int = Field(
        443,
        validation_alias=AliasChoices("kube_port", "ATF_API_KUBE_PORT", "KUBERNETES_SERVICE_PORT"),
    )
    kube_account_dir: Path = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        description="Our own token and the cluster's authority, where the kubelet puts them.",
    )
    kube_timeout_s: float = Field(
        1, gt=0, le=10, description="A whole review; short, since a caller waits."
    )
    kube_known_s: float = Field(
        60, gt=0, description="How long a checked token, and its rights, are believed."
    )
    kube_refused_s: float = Field(
        5, gt=0, description="The same for one that is not valid, or may do nothing here."
    )
    kube_remembered: int = Field(
        5000, gt=0, description="Known tokens, and as many refused ones; about 1 KB each."
    )
    kube_facts: bool = Field(
        default=False,
        description="Show what the cluster says of functions; takes rights to read in our namespace.",
    )
    kube_facts_timeout_s: float = Field(
        2, gt=0, le=10, description="A whole look; then it is shown that nothing is known."
    )
    kube_facts_kept_s: float = Field(
        2, gt=0, description="A look serves all who ask within this time."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further names by which browsers may reach an API without auth."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins that may read answers; none by default."
    )

    durability: Literal["standard", "strict"] = Field(
        "standard", description="strict: accepted means that one replica has confirmed."
    )
    idempotency_hours: float = Field(24, gt=0, description="How long an Idempotency-Key is kept.")

    body_max_bytes: int = Field(1 * MiB, gt=0, description="Largest JSON body; larger: uploads.")
    bulk_max_bytes: int = Field(16 * MiB, gt=0, description="Largest bulk submission.")
    bulk_max_tasks: int = Field(10_000, gt=0, description="Tasks in one bulk submission.")
    json_max_depth: int = Field(32, gt=0, le=200, description="Nesting of objects and arrays.")
    json_max_keys: int = Field(
        1000, gt=0, description="Keys in one JSON text, all objects together."
    )
    body_timeout_s: float = Field(
        20, gt=0, description="Silence inside a body before 408; a download nobody reads is cut."
    )
    upload_max_bytes: int = Field(50 * MiB, gt=0, description="The seed's limit on PDFs.")
    upload_max_age_s: float = Field(
        86_400, gt=0, description="An upload that no task uses by then is removed."
    )
    uploads_at_once: int = Field(4, gt=0, description="Bounds memory; more are answered 429.")
    downloads_at_once: int = Field(
        16, gt=0, description="Bounds memory, 1 MiB each; more are answered 429."
    )
    wait_max_s: float = Field(60, gt=0, le=600, description="Longest ?wait=.")

    sse_heartbeat_s: float = Field(15, gt=0, description="Below the idle timeouts of proxies.")
    sse_clients_max: int = Field(1000, gt=0)
    sse_buffer_events: int = Field(256, gt=0, description="A client that is further behind is cut.")
    sse_send_timeout_s: float = Field(20, gt=0, description="A client that reads nothing is cut.")
    sse_lifetime_s: float = Field(3600, gt=0, description="Then the client reconnects and resumes.")
    shutdown_s: int = Field(5, gt=0, description="Grace for requests in flight after SIGTERM.")

    blob_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("blob_url", "ATF_BLOB_URL"),
        description="Absent: uploads are kept in Redis.",
    )
    dashboard_dir: Path | None = Field(None, description="Built dashboard; absent: JSON at /.")

    @property
    def kube_url(self) -> str:
        """Where the API server is."""
        host = f"[{self.kube_host}]" if ":" in self.kube_host else self.kube_host
        return f"https://{host}:{self.kube_port}"

    @field_validator("keys", mode="before")
    @classmethod
    def _read_keys(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ApiKey.parse(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("allowed_hosts", "cors_origins", "kube_audiences", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @model_validator(mode="after")
    def _tokens_have_a_namespace(self) -> "ApiSettings":
        if self.kube_tokens and self.auth == "off":
            raise ValueError("ATF_API_KUBE_TOKENS: with ATF_AUTH=off nobody is asked for a token")
        if self.kube_tokens and not self.kube_namespace:
            raise ValueError("ATF_API_KUBE_TOKENS: ATF_API_KUBE_NAMESPACE is missing")
        return self

    @model_validator(mode="after")
    def _facts_have_a_namespace(self) -> "ApiSettings":
        if self.kube_facts and not self.kube_namespace:
            raise ValueError("ATF_API_KUBE_FACTS: ATF_API_KUBE_NAMESPACE is missing")
        return self

    @model_validator(mode="after")
    def _key_ids_are_unique(self) -> "ApiSettings":
        ids = [key.id for key in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("ATF_API_KEYS: two keys have the same id")
        return self

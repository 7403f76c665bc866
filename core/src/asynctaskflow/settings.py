"""Everything that can be set about a worker: read from the environment once, then passed down.

A field that a ``function.yaml`` also has (lease, grace, slots, …) is ``None`` here by default: then the
function's own value counts. Set, it wins over the manifest, for this one process.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

KiB = 1024
MiB = 1024 * KiB


class WorkerSettings(BaseSettings):
    """Environment variables ``ATF_<FIELD>``, units in the names."""

    model_config = SettingsConfigDict(
        env_prefix="ATF_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="The local stack's and most laptops'. Not shown: it may hold a password.",
    )
    redis_timeout_s: float = Field(
        2.0, gt=0, le=60, description="One command; ten times the worst stall of a healthy server."
    )
    manifest: Path | None = Field(
        None, description="function.yaml; absent: what is registered in Redis, or defaults."
    )
    worker_id: str = Field(
        "", max_length=120, description="Blank: host, process id and a random part."
    )
    pod: str = Field("", max_length=253, description="The pod's name, shown beside the worker.")
    function: str = Field(
        "",
        max_length=40,
        description="The Function that this worker is started for; a handler of another name is refused. Blank: any.",
    )

    slots: int | None = Field(None, ge=1, le=256, description="Tasks run at once; manifest: 4.")
    isolation: Literal["auto", "process"] | None = Field(
        None, description="Where sync handlers run; manifest: auto (threads)."
    )
    lease_s: float | None = Field(
        None, ge=0.5, le=3600, description="A silent worker loses its tasks after it; manifest: 30."
    )
    heartbeat_s: float | None = Field(
        None,
        gt=0,
        le=1200,
        description="Between renewals; absent: a third of the lease, 5 at most.",
    )
    attempt_timeout_s: float | None = Field(
        None, gt=0, le=86_400, description="Hard limit of one execution; manifest: 300."
    )
    grace_s: float | None = Field(
        None, ge=0, le=3600, description="After SIGTERM, to finish what runs; manifest: 30."
    )
    max_deliveries: int | None = Field(
        None, ge=1, le=20, description="Workers a task may take down; manifest: 3."
    )
    max_attempts: int | None = Field(
        None, ge=1, le=100, description="Settled failures, then the DLQ; manifest: 4."
    )
    backoff_base_s: float | None = Field(
        None, gt=0, le=86_400, description="Upper bound of the first retry delay; manifest: 2."
    )
    backoff_cap_s: float | None = Field(
        None, gt=0, le=604_800, description="Highest bound of a retry delay; manifest: 600."
    )

    reaper_tick_s: float = Field(
        1.0, gt=0, le=60, description="Between looks for expired leases: bounds the recovery time."
    )
    purge_tick_s: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="Between deletions of 100 old tasks each; keeps up with 10/s",
    )
    safety_tick_s: float = Field(
        1.0, gt=0, le=60, description="An idle worker looks this often even if nothing woke it."
    )
    unwind_s: float = Field(
        2.0, gt=0, le=600, description="A cancelled handler has this long to clean up."
    )
    gate_max_s: float = Field(
        5.0, gt=0, le=600, description="Longest pause of claims while a dependency is away."
    )
    reconnect_base_s: float = Field(
        0.1, gt=0, le=60, description="Upper bound of the first pause when Redis is away."
    )
    reconnect_cap_s: float = Field(
        3.0, gt=0, le=60, description="Highest such bound; back in work within 5 s of Redis."
    )
    max_tasks: int = Field(
        0, ge=0, description="Recycle the process after this many tasks; 0: never. Against leaks."
    )
    max_inline_result_bytes: int = Field(
        256 * KiB,
        ge=1,
        description="Larger results go to the blob store and are stored by reference.",
    )
    max_blob_bytes: int = Field(
        64 * MiB,
        ge=1,
        description="Larger inputs and results are refused: they must fit in memory.",
    )
    blob_url: SecretStr = Field(
        SecretStr(""), description="s3://bucket/prefix?endpoint=…; blank: blobs live in Redis."
    )

    probe_host: str = Field(
        "127.0.0.1", description="Where probes listen; in a pod: all addresses."
    )
    probe_port: int = Field(
        0, ge=0, le=65_535, description="Port of /live, /ready, /metrics; 0: any free one, logged."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, JSON lines elsewhere."
    )
    faultpoint: str = Field(
        "",
        pattern=r"^$|^(after_claim|before_settle|after_settle)=(exit|sleep)$",
        description="Crash tests only: what to do at which line. Also read from FAULTPOINT.",
        validation_alias="FAULTPOINT",
    )

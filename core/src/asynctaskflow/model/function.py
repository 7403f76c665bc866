"""What API, operator, local stack and worker agree on about a function: the ``Function`` manifest.

The same ``function.yaml`` is read by the local stack and applied to a cluster. Fields have the
names, units and bounds of the custom resource; unknown fields are refused.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

ApiVersion = Literal["asynctaskflow.dev/v1alpha1"]

FunctionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
DependencyName = FunctionName
ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$", max_length=253)
]
CPU_QUANTITY = r"^$|^[0-9]+(\.[0-9]{1,3}|m)?$"
MEMORY_QUANTITY = r"^$|^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$"
HANDLER = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


class Spec(BaseModel):
    """Base of every part of a manifest: frozen, camelCase outside, typos refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Concurrency(Spec):
    """How many tasks run at once."""

    slots_per_worker: int = Field(4, ge=1, le=256, description="Tasks one worker runs at once.")
    isolation: Literal["auto", "process"] = Field(
        "auto",
        description="auto: async handlers on the loop, sync ones in threads. process: sync handlers in "
        "child processes, for code that holds the interpreter lock or leaks memory.",
    )


class Timeouts(Spec):
    """Limits on one task's time."""

    attempt_seconds: float = Field(
        300,
        gt=0,
        le=86_400,
        description="Hard limit of one execution; ends it as error class timeout.",
    )
    lease_seconds: float = Field(
        30, ge=0.5, le=3600, description="A worker silent for this long loses its tasks to others."
    )
    max_age_seconds: float = Field(
        0, ge=0, le=31_536_000, description="A task not started by then ends FAILED; 0: never."
    )
    grace_seconds: float = Field(
        30,
        ge=0,
        le=3600,
        description="After SIGTERM: finish what fits in this time, hand back the rest.",
    )


class RetryPolicy(Spec):
    """When a failed attempt is tried again."""

    max_attempts: int = Field(
        4, ge=1, le=100, description="Settled failures allowed, then the DLQ."
    )
    initial_seconds: float = Field(
        2, gt=0, le=86_400, description="Upper bound of the first delay."
    )
    factor: float = Field(2, ge=1, le=10, description="Growth of the bound with each failure.")
    max_seconds: float = Field(600, gt=0, le=604_800, description="Highest bound of a delay.")
    schedules: dict[str, Annotated[list[float], Field(min_length=1)]] = Field(
        default_factory=dict,
        max_length=32,
        description="Error class -> upper bounds of its delays in seconds; the last one repeats.",
    )


class QueueLimits(Spec):
    """Bounds on what waits."""

    max_depth: int = Field(
        1_000_000, ge=1, description="Tasks waiting or scheduled before new ones are refused."
    )
    input_max_bytes: int = Field(
        1_048_576,
        ge=1,
        le=67_108_864,
        description="Largest input passed inline; larger ones by upload.",
    )
    max_deliveries: int = Field(
        3,
        ge=1,
        le=20,
        description="Workers one task may take down before it is a poison pill (DLQ).",
    )


class ScalingTarget(Spec):
    """How much work one worker is given; drain_seconds is used where a median run time is known."""

    tasks_per_worker: int = Field(
        0, ge=0, le=10_000, description="Demand per worker; 0: its number of slots."
    )
    drain_seconds: float = Field(
        0, ge=0, le=86_400, description="Drain the backlog within this time; 0: not used."
    )


class ScaleUp(Spec):
    """How fast workers are added."""

    max_step: int = Field(
        0, ge=0, le=1000, description="Workers added by one decision; 0: no bound."
    )
    max_starting: int = Field(
        5,
        ge=0,
        le=1000,
        description="Workers that start at once, or as many as are up; those that start together slow each other "
        "down. Lifted when they take longer than 2 s; 0: no bound.",
    )
    stabilization_seconds: float = Field(
        0, ge=0, le=3600, description="Lowest demand of this window."
    )


class ScaleDown(Spec):
    """How fast workers are taken away."""

    max_step: int = Field(
        0, ge=0, le=1000, description="Workers removed by one decision; 0: no bound."
    )
    stabilization_seconds: float = Field(
        10,
        ge=0,
        le=3600,
        description="Highest need of this window decides, so a burst does not flap.",
    )


class WarmWindow(Spec):
    """A time of day with a higher minimum."""

    cron: str = Field(max_length=100, description="Start of the window, five fields, UTC.")
    duration_seconds: float = Field(gt=0, le=86_400, description="Length of the window.")
    replicas: int = Field(ge=1, le=1000, description="Minimum while it lasts.")


class BreakerReaction(StrEnum):
    """What scaling does while a dependency's breaker is open."""

    HOLD = "Hold"
    TO_MIN = "ToMin"
    TO_ZERO = "ToZero"


class Scaling(Spec):
    """From zero to many and back."""

    mode: Literal["Active", "Observe", "Paused", "External"] = Field(
        "Active",
        description="Observe decides without acting; Paused and External leave replicas alone.",
    )
    min_replicas: int = Field(0, ge=0, le=1000, description="Never fewer workers than this.")
    max_replicas: int = Field(10, ge=1, le=1000, description="Never more workers than this.")
    target: ScalingTarget = Field(ScalingTarget(), description="How much work one worker is given.")
    idle_seconds: float = Field(
        5,
        ge=0,
        le=86_400,
        description="No demand for this long: to zero. About as long as a worker's start and end take together.",
    )
    up: ScaleUp = Field(ScaleUp(), description="How fast workers are added.")
    down: ScaleDown = Field(ScaleDown(), description="How fast workers are taken away.")
    on_breaker_open: BreakerReaction = Field(
        BreakerReaction.TO_MIN, description="One worker always stays to probe while tasks wait."
    )
    warm: tuple[WarmWindow, ...] = Field(
        (), max_length=8, description="Times of day with a higher minimum."
    )


class History(Spec):
    """How long finished tasks are kept: in Redis, and as ``Task`` resources."""

    completed_ttl_seconds: float = Field(
        86_400, gt=0, le=31_536_000, description="COMPLETED tasks stay this long in Redis."
    )
    failed_ttl_seconds: float = Field(
        604_800, gt=0, le=31_536_000, description="FAILED and CANCELLED tasks stay this long."
    )
    dlq_ttl_seconds: float = Field(
        2_592_000, gt=0, le=31_536_000, description="Dead letters stay this long."
    )
    completed_limit: int = Field(0, ge=0, description="Newest COMPLETED tasks kept; 0: no limit.")
    failed_limit: int = Field(0, ge=0, description="Newest FAILED and CANCELLED kept; 0: no limit.")
    resource_ttl_seconds: float = Field(
        3600,
        ge=0,
        le=31_536_000,
        description="Task resources of finished tasks are deleted after this; Redis keeps the task.",
    )
    resource_limit: int = Field(
        500,
        ge=0,
        le=5000,
        description="Newest Task resources of finished tasks kept, so that etcd stays small.",
    )


class Quantities(Spec):
    """An amount of processor and memory, as Kubernetes writes them; blank: not set."""

    cpu: str = Field(
        "", max_length=16, pattern=CPU_QUANTITY, description="Cores (0.5) or milli-cores (500m)."
    )
    memory: str = Field(
        "", max_length=16, pattern=MEMORY_QUANTITY, description="Bytes with a unit, such as 256Mi."
    )


class Resources(Spec):
    """What one worker's container asks for and may use."""

    requests: Quantities = Field(
        Quantities(cpu="50m", memory="128Mi"), description="Reserved for each worker."
    )
    limits: Quantities = Field(
        Quantities(memory="512Mi"), description="A worker that uses more memory is killed."
    )


class Runtime(Spec):
    """The worker's container in a cluster; the local stack has no use for it. No pod spec is passed through."""

    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        "IfNotPresent", description="When the node fetches the image."
    )
    image_pull_secrets: tuple[ObjectName, ...] = Field(
        (), max_length=4, description="Secrets of this namespace with the registry's password."
    )
    secrets: tuple[ObjectName, ...] = Field(
        (),
        max_length=8,
        description="Secrets of this namespace whose keys become environment variables; may be absent.",
    )
    resources: Resources = Field(
        Resources(), description="Processor and memory of one worker's container."
    )
    scratch_mebibytes: int = Field(
        256, ge=1, le=65_536, description="Size of /tmp, the only place a worker can write to."
    )


class Visibility(StrEnum):
    """Which tasks that came over REST are shown as ``Task`` resources; those applied with kubectl always are."""

    ALWAYS = "Always"
    AUTO = "Auto"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


class DeletionPolicy(StrEnum):
    """What becomes of a function's unfinished tasks when the ``Function`` is deleted."""

    DRAIN = "Drain"
    FAIL = "Fail"


class OnDelete(Spec):
    """What happens when the ``Function`` is deleted; then everything about it leaves Redis."""

    tasks: DeletionPolicy = Field(
        DeletionPolicy.DRAIN,
        description="Drain: new tasks are refused, accepted ones finish first. Fail: they end FAILED at once.",
    )
    timeout_seconds: float = Field(
        600,
        ge=0,
        le=86_400,
        description="Draining ends after this; what is left then ends FAILED.",
    )


class FunctionSpec(Spec):
    """The ``spec`` of a ``Function``."""

    image: str = Field("", max_length=512, description="Container image of the worker.")
    handler: str = Field(
        max_length=253, pattern=HANDLER.pattern, description="module:function that atf-worker runs."
    )
    description: str = Field("", max_length=1024, description="What it does, for people.")
    env: dict[str, str] = Field(
        default_factory=dict,
        max_length=64,
        description="Environment variables of the worker; no place for secrets.",
    )
    dependencies: tuple[DependencyName, ...] = Field(
        (), max_length=8, description="Names of the Dependencies that the handler calls."
    )
    concurrency: Concurrency = Field(Concurrency(), description="How many tasks run at once.")
    timeouts: Timeouts = Field(Timeouts(), description="Limits on one task's time.")
    retry: RetryPolicy = Field(RetryPolicy(), description="When a failed attempt is tried again.")
    queue: QueueLimits = Field(QueueLimits(), description="Bounds on what waits.")
    scaling: Scaling = Field(Scaling(), description="From zero workers to many and back.")
    history: History = Field(History(), description="How long finished tasks are kept.")
    runtime: Runtime = Field(
        Runtime(), description="The worker's container; the local stack has no use for it."
    )
    paused: bool = Field(
        default=False,
        description="Nothing is handed out; submitting goes on, running tasks finish.",
    )
    replicas: int | None = Field(
        None,
        ge=0,
        le=1000,
        description="Workers to run whatever the queue says, as kubectl scale sets it; absent: as scaling decides.",
    )
    visibility: Visibility = Field(
        Visibility.AUTO,
        description="Which tasks that came over REST are shown as Task resources. Auto: those that run for "
        "a second or fail, within the operator's write budget; one that ends well sooner is not shown.",
    )
    on_delete: OnDelete = Field(
        OnDelete(), description="What becomes of its tasks when the Function is deleted."
    )
    input_schema: dict[str, Any] = Field(
        default_factory=dict, description="JSON Schema of the input; filled in from the handler."
    )
    output_schema: dict[str, Any] = Field(
        default_factory=dict, description="JSON Schema of the result; filled in from the handler."
    )


LIVE_PARTS = ("concurrency", "timeouts", "retry", "queue", "history")
PROCESS_FIELDS = ("image", "handler", "env")


def live_changes(old: FunctionSpec, new: FunctionSpec) -> tuple[str, ...]:
    """What a running worker takes over, as ``part.field``: slots, time limits, retries, queue, history."""
    return tuple(
        f"{part}.{field}"
        for part in LIVE_PARTS
        for field in type(getattr(new, part)).model_fields
        if field != "isolation"
        and getattr(getattr(old, part), field) != getattr(getattr(new, part), field)
    )


def restart_changes(old: FunctionSpec, new: FunctionSpec) -> tuple[str, ...]:
    """What only a new process can follow: its program and environment, and where handlers run."""
    changed = [name for name in PROCESS_FIELDS if getattr(old, name) != getattr(new, name)]
    if old.concurrency.isolation != new.concurrency.isolation:
        changed.append("concurrency.isolation")
    return tuple(changed)


class Metadata(BaseModel):
    """The part of Kubernetes metadata that a manifest file carries; other fields are the cluster's."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: FunctionName


class FunctionManifest(Spec):
    """A ``function.yaml``."""

    api_version: ApiVersion
    kind: Literal["Function"]
    metadata: Metadata
    spec: FunctionSpec

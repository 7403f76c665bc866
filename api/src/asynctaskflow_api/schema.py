"""The shapes of answers and requests, for validation at the edge and for the OpenAPI document.

Names and fields of the seed's shapes are kept; ours are added to them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from asynctaskflow.model.task import TaskState

TASK_EXAMPLE = "summarize-019a8c5e-7a10-7b3c-9d2e-3f4a5b6c7d8e"
Queue = Literal["primary", "retry", "scheduled", "dlq"]
ERROR_CLASS_CHARS = 51
ERROR_CLASS = r"^([a-z0-9_]{1,40}(/[0-9a-f]{10})?)?$"
ERROR_CLASS_SAID = "Error class; of dead letters also class/fingerprint. Needs a state."


class Model(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(extra="allow")


class Given(BaseModel):
    """Base of what comes in: typos are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SummarizeRequest(Given):
    """A text to summarize."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"content": "Redis holds the queues and is the truth."}}
    )
    content: str = Field(min_length=1, description="Plain text or light markup, in any language.")
    length: Literal["short", "medium", "long"] | None = None
    sentences: int | None = Field(None, ge=1, le=50, description="Wins over length.")


class TaskResponse(Model):
    """An accepted task."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"task_id": TASK_EXAMPLE, "state": "PENDING"}}
    )
    task_id: str
    state: TaskState
    created: bool = Field(
        default=True, description="False: the same Idempotency-Key had made it before."
    )
    links: dict[str, str] = {}


class FailedAttempt(Model):
    """How one attempt of a task ended without success."""

    timestamp: datetime
    error: str
    error_type: str
    retry_count: int
    state_transition: str
    attempt: int
    worker_id: str | None


class StateChange(Model):
    """A state that a task came into."""

    state: TaskState
    timestamp: datetime


class TaskSummary(Model):
    """A task without its content and result."""

    task_id: str = Field(examples=[TASK_EXAMPLE])
    state: TaskState
    retry_count: int
    max_retries: int
    last_error: str | None = None
    error_type: str | None = Field(None, description="Error class, a slug.")
    retry_after: datetime | None = None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    task_type: str = Field(description="The function's name.")
    content_length: int | None = Field(None, description="Bytes of the stored input.")
    has_result: bool = False
    error_history: list[FailedAttempt] = []
    state_history: list[StateChange] = []
    function: str
    attempt: int = 0
    failures: int = 0
    max_attempts: int
    redrives: int = 0
    progress: float = 0
    note: str = ""
    worker_id: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = Field(None, description="Not started by then: FAILED.")
    fingerprint: str = Field(
        "", description="Of a dead letter: what it has in common with those that failed alike."
    )
    links: dict[str, str] = {}


class TaskDetail(TaskSummary):
    """A task with its content and result."""

    content: str = Field(description="The input as one text: its main field, or JSON.")
    result: str | None = Field(None, description="The result as one text: its main field, or JSON.")
    input: Any = None
    output: Any = Field(None, description="The result as JSON.")
    content_omitted: bool = Field(
        default=False, description="Too large for a list: ask for the task."
    )


class TaskPage(Model):
    """One page of a listing."""

    page: int
    page_size: int
    total_items: int
    total_pages: int
    status: TaskState | None = None
    next_cursor: str = Field("", description="Goes on where this page ends; empty at the end.")


class TaskListResponse(TaskPage):
    """Tasks with their contents."""

    tasks: list[TaskDetail]


class TaskSummaryListResponse(TaskPage):
    """Tasks without their contents."""

    tasks: list[TaskSummary]


class TaskRetryRequest(Given):
    """How to retry."""

    reset_retry_count: bool = Field(
        default=False, description="Give it the full number of attempts again."
    )


class TaskDeleteResponse(Model):
    """A deleted task."""

    task_id: str
    message: str


class RequeueResponse(Model):
    """What a look for orphaned tasks found."""

    found: int
    requeued: int
    errors: list[str]
    message: str


class FunctionDepths(Model):
    """One function's queues."""

    queues: dict[str, int]
    states: dict[str, int]
    retry_ratio: float
    paused: bool
    oldest_pending_seconds: float
    oldest_overdue_lease_seconds: float
    next_due_seconds: float | None


class QueueStatus(Model):
    """All queues together, and each function's."""

    queues: dict[str, int]
    states: dict[str, int]
    retry_ratio: float
    functions: dict[str, FunctionDepths] = {}


class PauseResponse(Model):
    """Whether a function hands out tasks."""

    function: str
    paused: bool


class BulkItem(Model):
    """What became of one item, in the order sent."""

    task_id: str | None = None
    state: TaskState | None = None
    created: bool | None = None
    index: int | None = Field(None, description="Of a refused item, from 0.")
    problem: dict[str, Any] | None = None


class BulkSubmitResponse(Model):
    """What became of a bulk submission."""

    accepted: int
    rejected: int
    items: list[BulkItem]


class TaskFilterModel(Given):
    """Which tasks a bulk action is about."""

    function: str = Field(min_length=1, max_length=40)
    state: TaskState | None = None
    since: datetime | None = Field(None, description="Entry into the state (or creation).")
    until: datetime | None = None
    id_prefix: str = Field("", max_length=36)
    error_class: str = Field(
        "", max_length=ERROR_CLASS_CHARS, pattern=ERROR_CLASS, description=ERROR_CLASS_SAID
    )


class BulkAction(Given):
    """An action on many tasks: first a dry run, then the same with its token."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "action": "redrive",
                "filter": {"function": "summarize", "state": "DLQ", "error_class": "timeout"},
                "dry_run": True,
            }
        }
    )
    action: Literal["retry", "cancel", "delete", "redrive"]
    filter: TaskFilterModel | None = None
    task_ids: Annotated[list[str], Field(max_length=1000)] | None = None
    dry_run: bool = True
    confirm_token: str = Field("", max_length=200)
    rate: float = Field(0, ge=0, le=10_000, description="Tasks per second; 0: as fast as it goes.")
    limit: int = Field(1000, ge=1, le=10_000, description="Tasks handled by this call.")
    reset_failures: bool = True


class BulkActionResponse(Model):
    """The dry run's count and token, or what was done."""

    action: str
    dry_run: bool
    matched: int = Field(description="Tasks that match now; more may match than are handled.")
    sample: list[str] = []
    confirm_token: str = ""
    outcomes: dict[str, int] = {}
    errors: list[dict[str, str]] = []
    more: bool = Field(default=False, description="Repeat the call: matching tasks are left.")


class DlqGroup(Model):
    """Dead-lettered tasks that failed alike."""

    function: str
    error_class: str
    fingerprint: str = Field(
        description="error_class/fingerprint is what filters take. Empty: from before there were any."
    )
    count: int
    newest: list[str] = []
    last_error: str = Field("", description="Of the newest.")
    first_at: datetime
    last_at: datetime


class DlqGroups(Model):
    """The dead-letter queue by function, error class and fingerprint."""

    total: int
    more: int = Field(description="Tasks in groups that were left out.")
    left_out: dict[str, int] = Field({}, description="The same by function, where there are any.")
    groups: list[DlqGroup]


class UploadResponse(Model):
    """A stored upload."""

    ref: str = Field(description="Goes into a task's input, such as ``pdf_ref``.")
    size: int
    sha256: str
    content_type: str
    expires_in_seconds: float


class OpenRouterStatus(Model):
    """How the LLM service is."""

    status: str
    message: str
    balance: float | None = None
    usage_today: float | None = None
    usage_month: float | None = None
    last_check: datetime | None = None
    error_details: str | None = None
    consecutive_failures: int | None = None
    circuit_breaker_open: bool | None = None
    cache_hit: bool | None = None


class OpenRouterMetrics(Model):
    """Counters per UTC day."""

    metrics: dict[str, dict[str, float]]
    days: int
    generated_at: datetime


class PoolStats(Model):
    """The API's own connections to Redis."""

    pool_statistics: dict[str, Any]
    recommendations: dict[str, str]


class RedisHealth(Model):
    """Redis, as this process sees it."""

    status: str
    connected: bool
    response_time_ms: float
    timestamp: datetime


class HealthStatus(Model):
    """Everything at a glance."""

    status: Literal["healthy", "degraded", "unhealthy"]
    components: dict[str, Any]
    note: str | None = None
    timestamp: datetime


class Live(Model):
    """The process runs."""

    status: Literal["alive"]
    timestamp: datetime


class Ready(Model):
    """The process can take requests."""

    status: Literal["ready"]


class Root(Model):
    """Where to go from here."""

    message: str
    version: str
    docs: str
    health: str


class Me(Model):
    """The credential that a request carries."""

    name: str
    role: Literal["read", "write", "admin"]


class Version(Model):
    """What runs here."""

    version: str
    api: str
    python: str

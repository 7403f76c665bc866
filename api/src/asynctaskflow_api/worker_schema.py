"""The shapes of answers about workers, for the OpenAPI document."""

from datetime import datetime
from typing import Any, Literal

from asynctaskflow_api.schema import Model


class WorkerModel(Model):
    """One worker, as its last heartbeat said."""

    worker_id: str
    worker_name: str
    status: Literal["healthy", "stale", "no_heartbeat"]
    function: str
    state: str
    heartbeat_age_seconds: float
    started_at: datetime | None
    host: str
    pid: int
    pod: str | None
    version: str
    slots: int
    active: int
    active_tasks: list[str]
    completed: int
    failed: int
    median_run_ms: float


class WorkersResponse(Model):
    """All workers, and the breakers that they share."""

    overall_status: Literal["healthy", "degraded", "idle"]
    total_workers: int
    healthy_workers: int
    stale_workers: int
    circuit_breaker_states: dict[str, int]
    worker_details: list[WorkerModel]
    timestamp: datetime


class BreakersResponse(Model):
    """What became of every breaker."""

    message: str
    results: list[dict[str, Any]]
    timestamp: datetime

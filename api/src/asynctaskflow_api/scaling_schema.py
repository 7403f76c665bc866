"""The shapes of answers about scaling, for the OpenAPI document."""

from datetime import datetime

from pydantic import Field

from asynctaskflow.scaling import Limit
from asynctaskflow_api.schema import Model


class ScalingCandidate(Model):
    """The number of workers after one rule."""

    signal: str
    replicas: int


class ScalingDecision(Model):
    """One decision."""

    at: datetime
    previous: int = Field(description="Workers until then.")
    replicas: int = Field(description="Workers from then on.")
    ready: int = Field(description="Workers that took tasks then.")
    reason: str = Field(description="One sentence with its numbers.")
    limited_by: Limit = Field(description="The rule that had the last word; None: demand alone.")
    acts: bool = Field(description="False: it was only said (modes Observe, Paused, External).")
    panic: bool
    inputs: dict[str, float | str | bool | None]
    candidates: list[ScalingCandidate]
    next_scale_down_at: datetime | None


class LoadSample(Model):
    """A function's queue and workers at one moment; they stay so until the next sample."""

    at: datetime
    waiting: int = Field(description="Tasks that a worker could start.")
    running: int
    desired: int = Field(description="Workers that were decided.")
    ready: int = Field(description="Workers that took tasks.")


class LoadHistory(Model):
    """A function's load, oldest first; the first sample may be older than the time that was asked for."""

    function: str
    now: datetime
    samples: list[LoadSample]


class FunctionDecision(ScalingDecision):
    """One decision, and about which function."""

    function: str


class RecentScaling(Model):
    """The last scaling decisions of all functions, newest first."""

    decisions: list[FunctionDecision]


class ScalingHistory(Model):
    """A function's last scaling decisions, newest first."""

    function: str
    min_replicas: int
    max_replicas: int
    mode: str
    decisions: list[ScalingDecision]

"""The shapes of answers about functions, for the OpenAPI document."""

from typing import Any

from pydantic import Field

from asynctaskflow_api.scaling_schema import ScalingDecision
from asynctaskflow_api.schema import FunctionDepths, Model
from asynctaskflow_api.worker_schema import WorkerModel


class FunctionSummary(Model):
    """A registered function."""

    name: str
    description: str
    dependencies: list[str]
    paused: bool
    depths: FunctionDepths
    max_replicas: int


class ListedFunction(FunctionSummary):
    """A function in the list of all."""

    last_decision: ScalingDecision | None = Field(
        description="Why it has as many workers as it has."
    )


class FunctionDetail(FunctionSummary):
    """A function with its manifest and workers."""

    spec: dict[str, Any]
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    input_checked: bool = Field(default=False, description="Bad inputs are refused with 422.")
    input_unchecked_reason: str = ""
    workers: list[WorkerModel]


class FunctionList(Model):
    """All registered functions."""

    functions: list[ListedFunction]

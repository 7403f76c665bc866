"""The shape of answers about the past of the queues, for the OpenAPI document."""

from datetime import datetime

from pydantic import Field

from asynctaskflow_api.schema import Model


class Throughput(Model):
    """Tasks that ended, by equal steps of time."""

    step_seconds: float
    starts: list[datetime] = Field(description="Beginning of each step, oldest first.")
    completed: list[int]
    failed: list[int]
    dead_lettered: list[int]
    now: datetime = Field(description="End of the last step, by Redis' clock.")

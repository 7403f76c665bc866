"""The shape of answers about the past of the queues, for the OpenAPI document."""

from datetime import datetime

from pydantic import Field

from asynctaskflow_api.schema import Model


class Throughput(Model):
    """Tasks that ended, by at most 30 equal steps of time."""

    step_seconds: float = Field(description="A multiple of 30 s, beyond an hour of 12 minutes.")
    starts: list[datetime] = Field(description="Beginning of each step, oldest first.")
    completed: list[int]
    failed: list[int]
    dead_lettered: list[int]
    now: datetime = Field(description="End of the last step, by Redis' clock.")

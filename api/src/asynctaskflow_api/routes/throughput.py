"""How many tasks ended when: the past of the queues, read from the indexes that hold the tasks."""

from typing import Annotated

from fastapi import Query

from asynctaskflow.model.task import TaskState
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.throughput_schema import Throughput

STEPS = 30
MINUTE_MS = 60_000
MS = 1000
Minutes = Annotated[int, Query(ge=1, le=1440, description="How far back.")]
OneFunction = Annotated[str, Query(max_length=40, description="Only this one; empty: all.")]


class ThroughputRoutes:
    """The handler for throughput."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register it."""
        routes.add(
            "GET",
            "/api/v1/throughput",
            self.get_throughput,
            role=Role.READ,
            tag="queues",
            model=Throughput,
        )

    async def get_throughput(self, minutes: Minutes = 15, function: OneFunction = "") -> Reply:
        """Get how many tasks ended in each of 30 equal steps until now, oldest first.

        Counted from the tasks that are still stored: what a history limit or a person removed is not in it, and a
        dead letter that was redriven counts where it ends up.
        """
        queue = self._services.queue
        functions = [one for one in await queue.functions() if function in {"", one}]
        step_ms = minutes * MINUTE_MS // STEPS
        until_ms, counts = await queue.ended_counts(functions, step_ms=step_ms, steps=STEPS)
        starts = [until_ms - step_ms * left for left in range(STEPS, 0, -1)]
        return reply(
            {
                "step_seconds": step_ms / MS,
                "starts": [views.iso(one) for one in starts],
                "completed": counts[TaskState.COMPLETED],
                "failed": counts[TaskState.FAILED],
                "dead_lettered": counts[TaskState.DLQ],
                "now": views.iso(until_ms),
            }
        )

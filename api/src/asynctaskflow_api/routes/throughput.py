"""How many tasks ended when: the past of the queues, as the scripts that end tasks have counted it."""

from typing import Annotated

from fastapi import Query

from asynctaskflow.model.task import TaskState
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.past import Past
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.throughput_schema import Throughput

MS = 1000
Minutes = Annotated[int, Query(ge=1, le=1440, description="How far back.")]
OneFunction = Annotated[str, Query(max_length=40, description="Only this one; empty: all.")]


class ThroughputRoutes:
    """The handler for throughput."""

    def __init__(self, services: Services) -> None:
        """Nothing is asked yet."""
        self._past = Past(services.queue, services.clock)

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
        """Get how many tasks ended in each of at most 30 equal steps until now, oldest first.

        A step is a multiple of 30 seconds (up to an hour) or of 12 minutes, so the steps may reach back further than
        asked; the last one has not ended yet. Each end counts when it happens: a dead letter that was redriven counts
        again when it ends again, and what is purged or deleted stays counted. The sum of all functions may be two
        seconds old.
        """
        past = self._past
        found = await (past.of_one(function, minutes) if function else past.of_all(minutes))
        return reply(
            {
                "step_seconds": found.window.step_ms / MS,
                "starts": [views.iso(one) for one in found.window.starts_ms],
                "completed": found.counts[TaskState.COMPLETED],
                "failed": found.counts[TaskState.FAILED],
                "dead_lettered": found.counts[TaskState.DLQ],
                "now": views.iso(found.window.until_ms),
            }
        )

"""Queue depths, what stands in a queue, the dead-letter queue, and the repair of orphans."""

import asyncio
from typing import Annotated, Any

from fastapi import Query

from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.error_groups import MOST_GROUPS
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_api import listing, views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import (
    DlqGroups,
    QueueStatus,
    RequeueResponse,
    TaskDetail,
)
from asynctaskflow_api.schema import Queue as QueueName
from asynctaskflow_api.submission import details

QUEUES = "/api/v1/queues"
Limit = Annotated[int, Query(ge=1, le=1000)]
GroupLimit = Annotated[int, Query(ge=1, le=MOST_GROUPS, description="Groups of each function.")]


class QueueRoutes:
    """Handlers for queues."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        read: dict[str, Any] = {"role": Role.READ, "tag": "queues"}
        routes.add("GET", f"{QUEUES}/status", self.get_queue_status, model=QueueStatus, **read)
        routes.add("GET", f"{QUEUES}/dlq", self.get_dlq_tasks, model=list[TaskDetail], **read)
        routes.add("GET", f"{QUEUES}/dlq/groups", self.get_dlq_groups, model=DlqGroups, **read)
        routes.add(
            "GET", QUEUES + "/{queue_name}/tasks", self.get_tasks_in_queue, model=list[str], **read
        )
        routes.add(
            "POST",
            "/api/v1/tasks/requeue-orphaned",
            self.requeue_orphaned_tasks,
            role=Role.ADMIN,
            tag="task-management",
            model=RequeueResponse,
        )

    async def get_queue_status(self) -> Reply:
        """Get all queue depths and state counts, together and for each function."""
        queue = self._services.queue
        return reply(views.status(await queue.all_depths(await queue.functions())))

    async def get_tasks_in_queue(self, queue_name: QueueName, limit: Limit = 10) -> Reply:
        """List the ids at the head of a queue.

        Every function has its own queues; this is an even share of each.
        """
        queue = self._services.queue
        functions = await queue.functions()
        found = await asyncio.gather(
            *(queue.queued_ids(function, queue_name, limit=limit) for function in functions)
        )
        return reply(_interleaved(found)[:limit])

    async def get_dlq_tasks(self, limit: Limit = 100) -> Reply:
        """List tasks in the dead-letter queue, newest first."""
        queue = self._services.queue
        functions = await queue.functions()
        filters = listing.narrowed(TaskFilter("", TaskState.DLQ), functions)
        found = await listing.by_cursor(queue, filters, limit=limit, cursor="")
        return reply(await asyncio.gather(*(details(self._services, one) for one in found.tasks)))

    async def get_dlq_groups(self, limit: GroupLimit = MOST_GROUPS) -> Reply:
        """Get the dead-letter queue grouped by function, error class and fingerprint, largest first.

        Tasks have one fingerprint when their errors differ only in numbers, ids, addresses and quoted values.
        At most ``limit`` groups of each function are listed; ``more`` counts the tasks in the others.
        """
        queue = self._services.queue
        found = await asyncio.gather(
            *(queue.error_groups(function, most=limit) for function in await queue.functions())
        )
        groups = [group for one in found for group in one.groups]
        groups.sort(key=lambda group: -group.count)
        left_out = {one.groups[0].function: one.more for one in found if one.more and one.groups}
        return reply(
            {
                "total": sum(one.total for one in found),
                "more": sum(left_out.values()),
                "left_out": left_out,
                "groups": [views.dlq_group(group) for group in groups],
            }
        )

    async def requeue_orphaned_tasks(self) -> Reply:
        """Queue PENDING tasks again that stand in no queue.

        Our transitions cannot make such tasks; another program's writes can.
        """
        queue = self._services.queue
        functions = await queue.functions()
        repaired = await asyncio.gather(*(queue.requeue_orphaned(one) for one in functions))
        found = sum(one for one, _ in repaired)
        requeued = sum(one for _, one in repaired)
        return reply(
            {
                "found": found,
                "requeued": requeued,
                "errors": [],
                "message": f"Found {found} orphaned tasks, requeued {requeued}",
            }
        )


def _interleaved(lists: list[list[str]]) -> list[str]:
    longest = max((len(one) for one in lists), default=0)
    return [one[place] for place in range(longest) for one in lists if place < len(one)]

"""Looking at tasks and steering them one by one."""

import asyncio
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Body, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from asynctaskflow.blobs.port import BlobNotFound
from asynctaskflow.errors import TaskNotFound
from asynctaskflow.model.task import TERMINAL, Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_api import listing, views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.download import withheld
from asynctaskflow_api.listing import Listing, Order
from asynctaskflow_api.problems import BadRequest, ResultGone, TaskNotSuccessful
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import (
    ERROR_CLASS,
    ERROR_CLASS_CHARS,
    ERROR_CLASS_SAID,
    TaskDeleteResponse,
    TaskDetail,
    TaskListResponse,
    TaskResponse,
    TaskRetryRequest,
    TaskSummaryListResponse,
)
from asynctaskflow_api.schema import Queue as QueueName
from asynctaskflow_api.submission import details, shown, wait_for_end

TASK = "/api/v1/tasks/{task_id}"
SHOWN_BYTES = 65_536
ACCEPTED = 202
UUID_START = re.compile(r"[0-9a-f-]{0,36}")

Wait = Annotated[float, Query(ge=0, le=600, description="Answer when ended, or after so long.")]


class ListQuery(BaseModel):
    """The seed's list parameters and ours."""

    task_status: TaskState | None = Field(None, description="State of the tasks.")
    status: TaskState | None = Field(None, description="Same as task_status.")
    task_type: str = Field("", max_length=40, description="Function.")
    queue: QueueName | None = Field(None, description="Tasks that stand there.")
    start_date: datetime | None = Field(None, description="Without zone: UTC.")
    end_date: datetime | None = Field(None, description="Without zone: UTC.")
    sort_by: str = Field("", max_length=40, description="Default: the index's order.")
    sort_order: Literal["asc", "desc"] = "desc"
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=100)
    task_id: str = Field("", max_length=80, description="Id or its beginning.")
    error_type: str = Field(
        "", max_length=ERROR_CLASS_CHARS, pattern=ERROR_CLASS, description=ERROR_CLASS_SAID
    )
    cursor: str = Field("", max_length=8192, description="next_cursor of a page.")

    @property
    def state(self) -> TaskState | None:
        """The one state that is asked for, in whichever way."""
        of_queue = {"scheduled": TaskState.SCHEDULED, "dlq": TaskState.DLQ}
        return self.task_status or self.status or of_queue.get(self.queue or "")

    @property
    def order(self) -> Order:
        """How to sort."""
        return Order(self.sort_by, self.sort_order == "desc")

    def filter(self, prefix: str) -> TaskFilter:
        """The filter, for no function yet."""
        return TaskFilter(
            "",
            self.state,
            since_ms=to_ms(self.start_date),
            until_ms=to_ms(self.end_date),
            error_class=self.error_type,
            id_prefix=prefix,
        )


Asked = Annotated[ListQuery, Query()]


def to_ms(moment: datetime | None) -> int:
    """A time as milliseconds since the epoch; one without zone is UTC.

    Raises:
        BadRequest: before 1970, or beyond what a date can be.
    """
    if moment is None:
        return 0
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found = int(aware.timestamp() * 1000)
    except (OverflowError, OSError, ValueError) as error:
        raise BadRequest("date: out of range") from error
    return max(found, 1)


def parse_id(text: str) -> TaskId:
    """A task id from a path; what cannot be one does not exist.

    Raises:
        TaskNotFound
    """
    try:
        return TaskId.parse(text)
    except ValueError as error:
        raise TaskNotFound(str(error)) from error


class TaskRoutes:
    """Handlers for tasks."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them; fixed paths before the ones with an id."""
        self._mount_lists(routes)
        read: dict[str, Any] = {"role": Role.READ, "tag": "task-management", "failures": (404,)}
        write: dict[str, Any] = {**read, "role": Role.WRITE, "failures": (404, 409)}
        routes.add("GET", TASK, self.get_task, model=TaskDetail, unbounded=True, **read)
        routes.add("GET", TASK + "/input", self.get_task_input, **read)
        read["failures"] = (404, 409, 410)
        answers: dict[int | str, dict[str, Any]] = {ACCEPTED: {"description": "Not ended yet"}}
        routes.add(
            "GET",
            TASK + "/result",
            self.get_task_result,
            responses=answers,
            unbounded=True,
            **read,
        )
        routes.add("POST", TASK + "/retry", self.retry_task, model=TaskResponse, **write)
        routes.add("POST", TASK + "/cancel", self.cancel_task, model=TaskResponse, **write)
        routes.add("DELETE", TASK, self.delete_task, model=TaskDeleteResponse, **write)

    def _mount_lists(self, routes: Routes) -> None:
        read: dict[str, Any] = {"role": Role.READ, "tag": "task-management"}
        path = "/api/v1/tasks/"
        routes.add("GET", path, self.list_tasks, model=TaskListResponse, **read)
        routes.add(
            "GET", path + "summaries/", self.list_summaries, model=TaskSummaryListResponse, **read
        )

    async def list_tasks(self, asked: Asked) -> Reply:
        """List tasks with their contents.

        Newest first. Page numbers reach all tasks of one function, and the first 1,000 of several; ``next_cursor`` has
        no end. Contents above 64 KiB are left out (``content_omitted``).
        """
        found, total = await self._find(asked)
        tasks = await asyncio.gather(*(self._shown(task) for task in found.tasks))
        return reply(_page(asked, tasks, total, found.next_cursor))

    async def list_summaries(self, asked: Asked) -> Reply:
        """List tasks without their contents.

        Newest first. Page numbers reach all tasks of one function, and the first 1,000 of several; ``next_cursor`` has
        no end.
        """
        found, total = await self._find(asked)
        tasks = [await self._summary(task) for task in found.tasks]
        return reply(_page(asked, tasks, total, found.next_cursor))

    async def _find(self, asked: ListQuery) -> tuple[Listing, int]:
        queue = self._services.queue
        exact = await self._exact(asked.task_id.strip().lower())
        if exact is not None:
            return Listing(exact, ""), len(exact)
        functions, prefix = await self._functions(asked)
        if asked.queue in {"primary", "retry"}:
            return await self._queued(asked, functions)
        filters = listing.narrowed(asked.filter(prefix), functions)
        numbers = await listing.counts(queue, filters)
        if asked.cursor:
            page = await listing.by_cursor(
                queue, filters, limit=asked.page_size, cursor=asked.cursor
            )
        else:
            page = await listing.by_page(
                queue,
                filters,
                page=asked.page,
                size=asked.page_size,
                numbers=numbers,
                order=asked.order,
            )
        return page, sum(numbers)

    async def _exact(self, text: str) -> Sequence[Task] | None:
        try:
            task_id = TaskId.parse(text)
        except ValueError:
            return None
        return await self._services.queue.tasks([task_id])

    async def _functions(self, asked: ListQuery) -> tuple[list[str], str]:
        """The functions to look at, and the beginning of a uuid."""
        functions = await self._services.queue.functions()
        prefix = asked.task_id.strip().lower()
        if asked.task_type:
            functions = [asked.task_type] if asked.task_type in functions else []
        for name in functions:
            if prefix.startswith(name + "-"):
                functions, prefix = [name], prefix.removeprefix(name + "-")
        named = [name for name in functions if prefix and name.startswith(prefix)]
        if named and not UUID_START.fullmatch(prefix):
            return named, ""
        return (functions, prefix) if UUID_START.fullmatch(prefix) else ([], "")

    async def _queued(self, asked: ListQuery, functions: list[str]) -> tuple[Listing, int]:
        depths = await self._services.queue.all_depths(functions)
        total = views.queue_counts(depths)[str(asked.queue)]
        tasks = await listing.queued(
            self._services.queue,
            functions,
            str(asked.queue),
            page=asked.page,
            size=asked.page_size,
        )
        return Listing(tasks, ""), total

    async def _summary(self, task: Task) -> dict[str, Any]:
        attempts = await self._services.catalog.max_attempts(task.id.function)
        return views.summary(task, max_attempts=attempts)

    async def _shown(self, task: Task) -> dict[str, Any]:
        """A task with contents that are small enough for a list."""
        if max(task.input_bytes, task.result_bytes) <= SHOWN_BYTES:
            return {**await details(self._services, task), "content_omitted": False}
        empty = {"content": "", "result": None, "input": None, "output": None}
        return {**await self._summary(task), **empty, "content_omitted": True}

    async def get_task(self, task_id: str, wait: Wait = 0) -> Reply:
        """Get a task.

        With ``?wait=`` the answer comes when the task has ended, or after so many seconds.
        """
        found = parse_id(task_id)
        if wait:
            seconds = min(wait, self._services.settings.wait_max_s)
            await wait_for_end(self._services, found, wait_s=seconds)
        _, body = await shown(self._services, found)
        return reply(body)

    async def get_task_input(self, task_id: str) -> Response:
        """Get a task's input as it was stored."""
        found = parse_id(task_id)
        task = await self._services.queue.get(found)
        if task.input_ref:
            return await self._blob(task.input_ref)
        return Reply(await self._services.queue.input(found) or b"null")

    async def get_task_result(self, task_id: str, wait: Wait = 0) -> Response:
        """Get a task's result.

        200 with the result; 202 while there is none yet; 409 if the task ended without one; 410 if it is no
        longer stored.
        """
        seconds = min(wait, self._services.settings.wait_max_s)
        task = await wait_for_end(self._services, parse_id(task_id), wait_s=seconds)
        if task.state not in TERMINAL:
            body = {"task_id": str(task.id), "state": task.state, "progress": task.progress}
            return reply(body, status=ACCEPTED, headers={"Retry-After": "1"})
        if task.state is not TaskState.COMPLETED:
            raise _unsuccessful(task)
        if task.result_ref:
            try:
                return await self._blob(task.result_ref)
            except BlobNotFound as error:
                raise ResultGone(str(error)) from error
        raw = await self._services.queue.result(task.id)
        if not raw:
            raise ResultGone(f"task {task.id}: the result is no longer stored")
        return Reply(raw)

    async def _blob(self, ref: str) -> Response:
        """A blob as it comes, never all in memory; its last byte only if all of it is what was stored."""
        found = await self._services.blobs.stat(ref)
        return StreamingResponse(
            withheld(self._services.blobs.open(ref)),
            media_type="application/json",
            headers={"Content-Length": str(found.bytes)},
        )

    async def retry_task(
        self, task_id: str, body: Annotated[TaskRetryRequest | None, Body()] = None
    ) -> Reply:
        """Retry a task that is FAILED or in the DLQ."""
        found = parse_id(task_id)
        reset = body is not None and body.reset_retry_count
        await self._services.queue.redrive(found, reset_failures=reset)
        self._services.meter.redriven(found.function)
        return reply({"task_id": str(found), "state": TaskState.PENDING})

    async def cancel_task(self, task_id: str) -> Reply:
        """Cancel a task that is waiting or running.

        A running one is told at its worker's next heartbeat; whatever it still returns is not stored.
        """
        found = parse_id(task_id)
        before = await self._services.queue.cancel(found, reason="by request over REST")
        body = {"task_id": str(found), "state": TaskState.CANCELLED, "previous_state": before}
        return reply(body)

    async def delete_task(self, task_id: str) -> Reply:
        """Delete a task with its input and result, whatever its state."""
        found = parse_id(task_id)
        before = await self._services.queue.delete(found)
        body = {
            "task_id": str(found),
            "message": f"Task {found} deleted",
            "previous_state": before,
        }
        return reply(body)


def _unsuccessful(task: Task) -> TaskNotSuccessful:
    return TaskNotSuccessful(
        f"task {task.id}: {task.state}" + (f": {task.error}" if task.error else ""),
        extra={"task_id": str(task.id), "state": task.state, "error_type": task.error_class},
    )


def _page(
    asked: ListQuery, tasks: Sequence[dict[str, Any]], total: int, cursor: str
) -> dict[str, Any]:
    return {
        "tasks": tasks,
        "page": asked.page,
        "page_size": asked.page_size,
        "total_items": total,
        "total_pages": math.ceil(total / asked.page_size),
        "status": asked.state,
        "next_cursor": cursor,
    }

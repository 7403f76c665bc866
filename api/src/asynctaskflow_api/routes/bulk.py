"""One action on many tasks: a dry run says how many and which, its token carries it out in bounded steps."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, assert_never

import orjson
from fastapi import Body
from starlette.requests import Request

from asynctaskflow.errors import AsyncTaskFlowError, InvalidTransition, TaskNotFound
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_api import confirmation, problems
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.problems import BadRequest, ConfirmTokenStale
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routes.tasks import parse_id, to_ms
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import BulkAction, BulkActionResponse

SAMPLE = 10
STEP = 100
AT_ONCE = 16
BUDGET_S = 10.0
SHOWN_ERRORS = 20
STATES: dict[str, tuple[TaskState, ...]] = {
    "redrive": (TaskState.DLQ,),
    "retry": (TaskState.DLQ, TaskState.FAILED),
    "cancel": (TaskState.PENDING, TaskState.SCHEDULED, TaskState.ACTIVE),
    "delete": tuple(TaskState),
}


@dataclass(slots=True)
class Tally:
    """What became of the tasks so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[dict[str, str]] = field(default_factory=list)

    @property
    def handled(self) -> int:
        """Tasks looked at."""
        return self.outcomes.total()

    def note(self, task_id: TaskId, error: AsyncTaskFlowError | None) -> None:
        """Count one outcome."""
        match error:
            case None:
                self.outcomes["done"] += 1
                return
            case TaskNotFound():
                self.outcomes["gone"] += 1
            case InvalidTransition():
                self.outcomes["refused"] += 1
            case _:
                self.outcomes["failed"] += 1
        if len(self.errors) < SHOWN_ERRORS:
            code = problems.kind_of(error).code
            self.errors.append({"task_id": str(task_id), "code": code, "detail": str(error)})


class BulkRoutes:
    """The handler for bulk actions."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register it."""
        routes.add(
            "POST",
            "/api/v1/tasks/bulk",
            self.act_on_tasks,
            role=Role.ADMIN,
            tag="task-management",
            model=BulkActionResponse,
            failures=(404, 409),
            unbounded=True,
        )

    async def act_on_tasks(self, request: Request, asked: Annotated[BulkAction, Body()]) -> Reply:
        """Retry, redrive, cancel or delete many tasks.

        With ``dry_run`` (the default): how many match, a sample, and a token. Then the same with
        ``dry_run: false`` and ``confirm_token``: at most ``limit`` tasks and ten seconds a call; repeat while
        ``more`` is true. Only tasks that matched at the time of the dry run are touched.
        """
        subject = _subject(asked)
        filters = await self._filters(asked)
        now_ms = await self._now_ms(asked)
        if asked.dry_run:
            token = confirmation.confirm(subject, now_ms=now_ms)
            return await self._dry_run(asked, filters, str(token))
        until_ms = confirmation.check(asked.confirm_token, subject, now_ms=now_ms)
        if until_ms is None:
            raise ConfirmTokenStale("confirm_token: not that of a recent dry run of this action")
        bounded = [_until(where, until_ms) for where in filters]
        return await self._carry_out(request, asked, bounded)

    async def _filters(self, asked: BulkAction) -> list[TaskFilter]:
        """One filter for each state that the action is about; none when ids are listed."""
        if (asked.filter is None) == (asked.task_ids is None):
            raise BadRequest("give either filter or task_ids")
        if asked.filter is None:
            return []
        given = asked.filter
        await self._services.catalog.spec(given.function)
        states = STATES[asked.action]
        if given.state is not None and given.state not in states:
            allowed = ", ".join(states)
            raise BadRequest(
                f"{asked.action}: state {given.state} does not allow it, only {allowed}"
            )
        if given.error_class and given.state is None:
            raise BadRequest("error_class: needs a state")
        return [
            TaskFilter(
                given.function,
                state,
                since_ms=to_ms(given.since),
                until_ms=to_ms(given.until),
                id_prefix=given.id_prefix,
                error_class=given.error_class,
            )
            for state in ([given.state] if given.state else states)
        ]

    async def _now_ms(self, asked: BulkAction) -> int:
        """By Redis' clock, which is the one that tasks are stamped with."""
        if asked.filter is None:
            return self._services.clock.wall_ms()
        return (await self._services.queue.depths(asked.filter.function)).now_ms

    async def _dry_run(self, asked: BulkAction, filters: Sequence[TaskFilter], token: str) -> Reply:
        ids = [parse_id(text) for text in asked.task_ids or ()]
        matched, sample = len(ids), ids[:SAMPLE]
        for where in filters:
            matched += await self._counted(where)
            if len(sample) < SAMPLE:
                page = await self._services.queue.list_tasks(where, limit=SAMPLE - len(sample))
                sample += [task.id for task in page.tasks]
        return reply(
            {
                "action": asked.action,
                "dry_run": True,
                "matched": matched,
                "sample": [str(one) for one in sample],
                "confirm_token": token,
            }
        )

    async def _counted(self, where: TaskFilter) -> int:
        try:
            return await self._services.queue.count(where)
        except ValueError as error:
            raise BadRequest(str(error)) from error

    async def _carry_out(
        self, request: Request, asked: BulkAction, filters: Sequence[TaskFilter]
    ) -> Reply:
        tally, more = Tally(), False
        ends_s = self._services.clock.mono_s() + BUDGET_S
        async for step in self._steps(asked, filters):
            left = asked.limit - tally.handled
            late = self._services.clock.mono_s() >= ends_s
            if left <= 0 or late or await request.is_disconnected():
                more = True
                break
            await self._handle(asked, step[:left], tally)
            more = more or len(step) > left
        for function, number in _redriven(asked, tally, filters):
            self._services.meter.redriven(function, number)
        matched = sum([await self._counted(where) for where in filters])
        return reply(
            {
                "action": asked.action,
                "dry_run": False,
                "matched": matched,
                "outcomes": dict(tally.outcomes),
                "errors": tally.errors,
                "more": more and bool(matched or asked.task_ids),
                "confirm_token": asked.confirm_token,
            }
        )

    async def _steps(
        self, asked: BulkAction, filters: Sequence[TaskFilter]
    ) -> AsyncIterator[list[TaskId]]:
        """The tasks, some at a time. A page is read before its tasks leave the index that it is read from."""
        ids = [parse_id(text) for text in asked.task_ids or ()]
        for start in range(0, len(ids), STEP):
            yield ids[start : start + STEP]
        for where in filters:
            cursor = ""
            while True:
                page = await self._services.queue.list_tasks(where, limit=STEP, cursor=cursor)
                if page.tasks:
                    yield [task.id for task in page.tasks]
                cursor = page.cursor
                if not cursor:
                    break

    async def _handle(self, asked: BulkAction, ids: Sequence[TaskId], tally: Tally) -> None:
        clock = self._services.clock
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            began_s = clock.mono_s()
            errors = await asyncio.gather(*(self._act(asked, one) for one in some))
            for task_id, error in zip(some, errors, strict=True):
                tally.note(task_id, error)
            if asked.rate:
                await asyncio.sleep(max(0.0, len(some) / asked.rate - (clock.mono_s() - began_s)))

    async def _act(self, asked: BulkAction, task_id: TaskId) -> AsyncTaskFlowError | None:
        queue = self._services.queue
        try:
            match asked.action:
                case "retry" | "redrive":
                    await queue.redrive(task_id, reset_failures=asked.reset_failures)
                case "cancel":
                    await queue.cancel(task_id, reason="bulk, over REST")
                case "delete":
                    await queue.delete(task_id)
                case never:
                    assert_never(never)
        except AsyncTaskFlowError as error:
            return error
        return None


def _subject(asked: BulkAction) -> bytes:
    given: Any = (
        asked.filter.model_dump(mode="json") if asked.filter else sorted(asked.task_ids or ())
    )
    return orjson.dumps([asked.action, given, asked.reset_failures], option=orjson.OPT_SORT_KEYS)


def _until(where: TaskFilter, until_ms: int) -> TaskFilter:
    """SCHEDULED is indexed by a time to come, which says nothing of when the task came."""
    if where.state is TaskState.SCHEDULED:
        return where
    latest = min(where.until_ms or until_ms + 1, until_ms + 1)
    return replace(where, until_ms=latest)


def _redriven(
    asked: BulkAction, tally: Tally, filters: Sequence[TaskFilter]
) -> list[tuple[str, int]]:
    done = tally.outcomes["done"]
    if asked.action not in {"retry", "redrive"} or not done:
        return []
    functions = {where.function for where in filters}
    if asked.task_ids:
        return list(Counter(parse_id(one).function for one in asked.task_ids).items())
    return [(function, done) for function in functions]

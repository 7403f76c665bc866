"""Accepting tasks: the seed's two routes, the generic one, and many at once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow_api import json_bounds, problems
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.body import bounds, read_json, read_json_text
from asynctaskflow_api.catalog import Known
from asynctaskflow_api.input_check import MOST_LOOKS
from asynctaskflow_api.problems import BadRequest, BodyTooLarge, Unprocessable, invalid_fields
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import (
    BulkSubmitResponse,
    SummarizeRequest,
    TaskResponse,
)
from asynctaskflow_api.submission import Options, keep_uploads, new_task, read_options, submit

CREATED, ACCEPTED, MULTI = 201, 202, 207
SUMMARIZE = "summarize"
SEED_NAMES = {"text": "content"}
NDJSON = "application/x-ndjson"
TURN = 200
IDEMPOTENCY = ("Idempotency-Key", "Prefer", "traceparent")
REQUEST = TypeAdapter(SummarizeRequest)
JSON_BODY: dict[str, Any] = {"application/json": {"schema": {}}}
BULK_BODY = {
    "application/json": {
        "schema": {"type": "array", "items": {}},
        "example": [{"text": "first"}, {"text": "second"}],
    },
    "application/x-ndjson": {"schema": {"type": "string"}},
}
SUMMARIZE_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/SummarizeRequest"}}}
WAITED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The task has ended (asked for with wait)",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TaskDetail"}}},
    },
    ACCEPTED: {
        "description": "Accepted, not ended yet",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TaskResponse"}}},
    },
}


class SubmitRoutes:
    """Handlers that accept tasks."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services
        self._bounds = bounds(services.settings)
        settings = services.settings
        self._bulk_bounds = json_bounds.Bounds(
            max_depth=settings.json_max_depth + 1,
            max_keys=settings.json_max_keys * settings.bulk_max_tasks,
        )
        self._wait_max_s = services.settings.wait_max_s

    def mount(self, routes: Routes) -> None:
        """Register them; the hot paths first, since routes are tried in order."""
        common: dict[str, Any] = {
            "role": Role.WRITE,
            "failures": (404, 408, 413, 415, 429),
            "unbounded": True,
            "lean": True,
        }
        one: dict[str, Any] = {"model": TaskResponse, "headers": IDEMPOTENCY, "query": QUERY}
        routes.add(
            "POST",
            "/api/v1/tasks/summarize/",
            self.create_summarization_task,
            tag="application",
            status=CREATED,
            responses=WAITED,
            body={"required": True, "content": SUMMARIZE_BODY},
            **one,
            **common,
        )
        path, tag = "/api/v1/functions/{name}/tasks", "functions"
        routes.add(
            "POST",
            path,
            self.create_task,
            tag=tag,
            status=ACCEPTED,
            responses={200: WAITED[200]},
            body={"required": True, "content": JSON_BODY},
            **one,
            **common,
        )
        self._mount_bulk(routes, path + "/bulk", tag, common)

    def _mount_bulk(self, routes: Routes, path: str, tag: str, common: dict[str, Any]) -> None:
        routes.add(
            "POST",
            path,
            self.create_tasks,
            tag=tag,
            status=MULTI,
            model=BulkSubmitResponse,
            body={"required": True, "content": BULK_BODY},
            headers=("traceparent",),
            query=QUERY[:3],
            **common,
        )

    async def create_summarization_task(self, request: Request) -> Reply:
        """Summarize a text.

        The seed's route. Answers 201 at once; with ``?wait=`` (or ``Prefer: wait=``) 200 and the result, or 202.
        """
        options = read_options(request, wait_max_s=self._wait_max_s)
        value = await read_json(request, self._services.settings, self._bounds)
        given = summarize_input(value)
        text = json_bounds.canonical(given)
        known = await self._services.catalog.known(SUMMARIZE)
        known.inputs.refuse(given, size_bytes=len(text), names=SEED_NAMES)
        return await submit(self._services, SUMMARIZE, text, options, status=CREATED)

    async def create_task(self, request: Request) -> Reply:
        """Submit a task to a function.

        The body is the function's input, any JSON that its input schema allows; otherwise 422 names the fields. The
        same ``Idempotency-Key`` with the same input gives the same task (``Idempotency-Replayed: true``), with another
        input 422.
        """
        options = read_options(request, wait_max_s=self._wait_max_s)
        value = await read_json(request, self._services.settings, self._bounds)
        given = json_bounds.canonical(value)
        name = request.path_params["name"]
        known = await self._services.catalog.known(name)
        known.inputs.refuse(value, size_bytes=len(given))
        await keep_uploads(self._services, value)
        return await submit(self._services, name, given, options, status=ACCEPTED)

    async def create_tasks(self, request: Request) -> Reply:
        """Submit many tasks to a function.

        A JSON array of inputs, or one input a line (``application/x-ndjson``). Each has its own outcome, in the
        order given; a refused one also names its ``index``, from 0, and its fields.
        """
        settings, name = self._services.settings, request.path_params["name"]
        options = read_options(request, wait_max_s=0)
        if options.key:
            raise BadRequest("Idempotency-Key: not for bulk submissions")
        known = await self._services.catalog.known(name)
        text = await read_json_text(request, settings, max_bytes=settings.bulk_max_bytes)
        prepared: list[NewTask | Exception] = []
        preparation = Preparation(name, known, options)
        for item in self._items(request, text):
            if len(prepared) == settings.bulk_max_tasks:
                raise BodyTooLarge(f"at most {settings.bulk_max_tasks} tasks at once")
            prepared.append(preparation.of(item, index=len(prepared)))
            if len(prepared) % TURN == 0:
                await asyncio.sleep(0)  # let others in: a big bulk takes long to read
        return await self._enqueue_all(name, prepared)

    def _items(self, request: Request, text: bytes) -> Iterator[Any]:
        """The inputs, or why one cannot be read."""
        if request.headers.get("content-type", "").startswith(NDJSON):
            yield from (self._line(line) for line in text.split(b"\n") if line.strip())
            return
        found = self._bulk_bounds.read(text)
        if not isinstance(found, list):
            raise Unprocessable("body: expected an array of inputs")
        yield from found

    def _line(self, line: bytes) -> Any:
        try:
            return self._bounds.read(line)
        except (json_bounds.BadJson, json_bounds.UnfitJson) as error:
            return error

    async def _enqueue_all(self, name: str, prepared: list[NewTask | Exception]) -> Reply:
        good = [one for one in prepared if isinstance(one, NewTask)]
        answers = iter(await self._services.queue.enqueue_many(good) if good else ())
        outcomes = [next(answers) if isinstance(one, NewTask) else one for one in prepared]
        accepted = sum(isinstance(one, Accepted) for one in outcomes)
        self._services.meter.enqueued(name, accepted)
        body = {
            "accepted": accepted,
            "rejected": len(outcomes) - accepted,
            "items": [_item(one, index) for index, one in enumerate(outcomes)],
        }
        return reply(body, status=MULTI)


QUERY: tuple[dict[str, Any], ...] = tuple(
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": text,
        "schema": {"type": kind, "minimum": 0},
    }
    for name, kind, text in (
        ("delay_seconds", "number", "Start no earlier than this from now."),
        ("max_age_seconds", "number", "End FAILED if not started by then; 0: the function's own."),
        ("max_attempts", "integer", "Failures allowed; 0: the function's own."),
        ("wait", "number", "Answer when the task has ended, or after so many seconds."),
    )
)


def summarize_input(value: Any) -> dict[str, Any]:
    """The seed's request as the function's input.

    Raises:
        Unprocessable: names the fields.
    """
    try:
        asked = REQUEST.validate_python(value)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_url=False, include_input=False)) from error
    if not asked.content or asked.content.isspace():
        raise invalid_fields([{"loc": ("content",), "msg": "is blank", "type": "blank"}])
    given: dict[str, Any] = {"text": asked.content}
    if asked.length is not None:
        given["length"] = asked.length
    if asked.sentences is not None:
        given["sentences"] = asked.sentences
    return given


@dataclass(slots=True)
class Preparation:
    """Makes tasks of a bulk's inputs; once its looks are used up, inputs are no longer held against the schema."""

    name: str
    known: Known
    options: Options
    looks_left: int = MOST_LOOKS

    def of(self, value: Any, *, index: int) -> NewTask | Exception:
        """The task, or why there is none."""
        if isinstance(value, Exception):
            return value
        try:
            given = json_bounds.canonical(value)
            self._refuse(value, size_bytes=len(given), index=index)
            return new_task(self.name, self.known.spec, given, self.options)
        except (json_bounds.UnfitJson, problems.ApiError) as error:
            return error

    def _refuse(self, value: Any, *, size_bytes: int, index: int) -> None:
        self.looks_left -= self.known.inputs.looks(size_bytes)
        if self.looks_left >= 0:
            self.known.inputs.refuse(value, size_bytes=size_bytes, at=(index,))


def _item(outcome: Accepted | Exception, index: int) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return {
            "task_id": str(outcome.id),
            "state": outcome.state,
            "created": outcome.created,
        }
    kind = problems.kind_of(outcome)
    told = isinstance(outcome, AsyncTaskFlowError | ValueError | problems.ApiError)
    extra = outcome.extra if isinstance(outcome, problems.ApiError) else {}
    return {
        "index": index,
        "problem": {
            "status": kind.status,
            "code": kind.code,
            "title": kind.title,
            "detail": str(outcome) if told and kind is not problems.INTERNAL else "",
            **extra,
        },
    }

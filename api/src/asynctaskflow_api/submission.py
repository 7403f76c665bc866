"""From a request to an accepted task: options, limits, enqueue, and the wait for an outcome."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from uuid_utils import uuid7

from asynctaskflow.blobs import attachments
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TERMINAL, Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import Accepted, Event, NewTask
from asynctaskflow_api import views
from asynctaskflow_api.backend import Services
from asynctaskflow_api.problems import BadRequest, BodyTooLarge, Unprocessable
from asynctaskflow_api.reply import Reply, reply

KEY = re.compile(r"[\x21-\x7e]{1,255}")
WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})(?:$|[,;\s])")
LONGEST_DELAY_S = 31_536_000.0
MOST_ATTEMPTS = 100
LOCATION = b"location"


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says beside the input.

    Attributes:
        wait_s: answer when the task has ended, or after so long.
        preferred: the wait was asked for by ``Prefer``, and the answer says that it was granted.
    """

    key: str = ""
    traceparent: str = ""
    delay_s: float = 0.0
    max_age_s: float = 0.0
    max_attempts: int = 0
    wait_s: float = 0.0
    preferred: bool = False


def read_options(request: Request, *, wait_max_s: float) -> Options:
    """Options from the query and the headers.

    Raises:
        BadRequest: a value out of range, or an unreadable key.
    """
    key, wait = "", ""
    for name, value in request.scope["headers"]:
        if name == b"idempotency-key":
            key = _key(value.decode("latin-1"))
        elif name == b"prefer":
            found = WAIT.search(value.decode("latin-1"))
            wait = found[1] if found else ""
    given: Mapping[str, str] = {}
    if request.scope["query_string"]:
        given = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
    asked = "wait" in given
    return Options(
        key=key,
        traceparent=request.scope.get("traceparent", ""),
        delay_s=_number(given, "delay_seconds", LONGEST_DELAY_S),
        max_age_s=_number(given, "max_age_seconds", LONGEST_DELAY_S),
        max_attempts=int(_number(given, "max_attempts", MOST_ATTEMPTS)),
        wait_s=min(_number(given, "wait", 1e6) if asked else float(wait or 0), wait_max_s),
        preferred=bool(wait) and not asked,
    )


def _key(text: str) -> str:
    if not KEY.fullmatch(text):
        raise BadRequest("Idempotency-Key: expected 1 to 255 visible ASCII characters")
    return text


def _number(given: Mapping[str, str], name: str, most: float) -> float:
    text = given.get(name)
    if text is None:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise BadRequest(f"{name}: expected a number from 0 to {most:g}")
    return value


def new_task(function: str, spec: FunctionSpec, given: bytes, options: Options) -> NewTask:
    """A task within the function's limits.

    Raises:
        BodyTooLarge: the input is more than the function takes inline.
    """
    limit = spec.queue.input_max_bytes
    if len(given) > limit:
        raise BodyTooLarge(
            f"{function} takes at most {limit} bytes inline", extra={"max_bytes": limit}
        )
    return NewTask(
        function,
        given,
        uuid=str(uuid7()),
        delay_s=options.delay_s,
        max_age_s=options.max_age_s or spec.timeouts.max_age_seconds,
        max_attempts=options.max_attempts,
        idempotency_key=options.key,
        traceparent=options.traceparent,
    )


async def submit(
    services: Services, function: str, given: bytes, options: Options, *, status: int
) -> Reply:
    """Accept a task; answer now, or with its outcome if the caller waits.

    Raises:
        FunctionNotFound, QueueFull, IdempotencyConflict, QueueUnavailable, BodyTooLarge
    """
    limit_s = services.settings.request_timeout_s
    async with asyncio.timeout(limit_s):
        spec = await services.catalog.spec(function)
        task = new_task(function, spec, given, options)
        if not options.wait_s:
            return acceptance(await _enqueue(services, task), status)
    if not options.key:
        return await _follow(services, task, options)
    async with asyncio.timeout(limit_s):
        accepted = await _enqueue(services, task)
    return await outcome(services, accepted, options)  # the key may stand for an older task


async def _follow(services: Services, task: NewTask, options: Options) -> Reply:
    """Listen first, then enqueue: the end of a task of our own naming cannot be missed."""
    limit_s = services.settings.request_timeout_s
    task_id = TaskId(task.function, task.uuid or "")
    async with services.hub.awaiting(task_id, within_s=limit_s) as ended:
        async with asyncio.timeout(limit_s):
            accepted = await _enqueue(services, task)
        await _until(ended, wait_s=options.wait_s)
    return await _answer(services, accepted, options)


async def _enqueue(services: Services, task: NewTask) -> Accepted:
    accepted = await services.queue.enqueue(task)
    if accepted.created:
        services.meter.enqueued(task.function)
    return accepted


def acceptance(accepted: Accepted, status: int) -> Reply:
    """The answer to an accepted task. Ids need no escaping, so the body is put together by hand."""
    task_id = str(accepted.id)
    path = views.TASKS + task_id
    created = "true" if accepted.created else "false"
    body = (
        f'{{"task_id":"{task_id}","state":"{accepted.state}","created":{created},'
        f'"links":{{"self":"{path}","result":"{path}/result"}}}}'
    )
    headers = [(LOCATION, path.encode())]
    if not accepted.created:
        headers.append((b"idempotency-replayed", b"true"))
    return Reply(body.encode(), status=status, headers=headers)


async def keep_uploads(services: Services, value: Any) -> None:
    """Keep the uploads that an input names (fields ``…_ref``) for as long as its task.

    Raises:
        Unprocessable: one is not there.
    """
    try:
        await attachments.keep_uploads(services.blobs, attachments.named_uploads(value))
    except attachments.UploadMissing as error:
        raise Unprocessable(f"body.{error}") from error


async def outcome(services: Services, accepted: Accepted, options: Options) -> Reply:
    """The answer to an accepted task, once it has ended or the caller has waited long enough."""
    await wait_for_end(services, accepted.id, wait_s=options.wait_s)
    return await _answer(services, accepted, options)


async def _answer(services: Services, accepted: Accepted, options: Options) -> Reply:
    state, body = await shown(services, accepted.id)
    ended = state in TERMINAL
    headers = {"Location": views.TASKS + str(accepted.id)}
    if not accepted.created:
        headers["Idempotency-Replayed"] = "true"
    if options.preferred:
        headers["Preference-Applied"] = f"wait={options.wait_s:g}"
    if not ended:
        headers["Retry-After"] = "1"
    return reply(
        {**body, "created": accepted.created}, status=200 if ended else 202, headers=headers
    )


async def wait_for_end(services: Services, task_id: TaskId, *, wait_s: float) -> Task:
    """The task when it has ended, or as it is after ``wait_s`` seconds.

    Raises:
        TaskNotFound, QueueUnavailable
    """
    limit_s = services.settings.request_timeout_s
    if not wait_s:
        async with asyncio.timeout(limit_s):
            return await services.queue.get(task_id)
    async with services.hub.awaiting(task_id, within_s=limit_s) as ended:
        task = await services.queue.get(task_id)
        if task.state in TERMINAL:
            return task
        await _until(ended, wait_s=wait_s)
    return await services.queue.get(task_id)


async def _until(ended: asyncio.Future[Event | None], *, wait_s: float) -> None:
    """Wait for the event, the end of the caller's patience, or the end of this process."""
    patience = asyncio.get_running_loop().call_later(wait_s, _let_go, ended)
    try:
        await ended
    finally:
        patience.cancel()


def _let_go(ended: asyncio.Future[Event | None]) -> None:
    if not ended.done():
        ended.set_result(None)


async def shown(services: Services, task_id: TaskId) -> tuple[TaskState, dict[str, Any]]:
    """A task's state, and the task with content and result, read at once.

    Raises:
        TaskNotFound, QueueUnavailable
    """
    async with asyncio.timeout(services.settings.request_timeout_s):
        task, given, result = await services.queue.whole(task_id)
        attempts = await services.catalog.max_attempts(task_id.function)
    return task.state, views.detail(task, given, result, max_attempts=attempts)


async def details(services: Services, task: Task) -> dict[str, Any]:
    """The task with its content and result, which is not asked for while there cannot be one."""
    reads = [services.queue.input(task.id)]
    if task.state is TaskState.COMPLETED:
        reads.append(services.queue.result(task.id))
    given, result, *_ = [*await asyncio.gather(*reads), b""]
    attempts = await services.catalog.max_attempts(task.id.function)
    return views.detail(task, given, result, max_attempts=attempts)

"""What tests of the API repeat: settings of an API that times nothing, and tasks submitted over REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import FastAPI
from pydantic import SecretStr

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

SPEC = FunctionSpec(handler="some.module:handler")


def patient_settings(redis_url: str, **changes: Any) -> ApiSettings:
    """Settings without keys, whose deadlines a stalled test machine does not reach.

    Args:
        changes: settings by name, in place of these.
    """
    patient: dict[str, Any] = {"auth": "off", "redis_timeout_s": 10, "request_timeout_s": 30}
    return ApiSettings(redis_url=SecretStr(redis_url), **{**patient, **changes})


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that runs in this process."""
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def submit(http: httpx2.AsyncClient, value: Any = 1, **options: Any) -> str:
    """Submit one task of the function ``echo``; its id.

    Args:
        options: more for the request, such as ``headers``.
    """
    answer = await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json=value, **options)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


async def dead_letter(
    q: QueueUnderTest, http: httpx2.AsyncClient, number: int = 1, *, name: str = "boom"
) -> list[str]:
    """Submit that many tasks and fail them for good with the error class ``name``; their ids."""
    ids = [await submit(http, n) for n in range(number)]
    for task in await q.claim(number):
        await q.fail(task, TaskState.DLQ, name=name)
    return ids

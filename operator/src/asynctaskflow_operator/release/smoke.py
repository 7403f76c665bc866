"""Submits one text to a function over REST and waits for its result: what ``helm test`` runs."""

import secrets
import time
from typing import Any

import httpx2

TEXT = (
    "Rivers carry sand to the coast. Dams hold the sand back. So the coast behind a dammed river is worn "
    "away by the waves. Some towns now pay to have sand brought in by lorry."
)
REQUEST_S = 40.0
WAIT_S = 30
AGAIN_S = 1.0
# While the release starts: the function is not registered yet, or a part is not ready.
STARTING = frozenset({404, 429, 502, 503, 504})
UNENDED = frozenset({"PENDING", "ACTIVE", "SCHEDULED"})
ENDED_WELL = "COMPLETED"


class SmokeFailed(Exception):
    """The installation does not do its work; the message says what was seen."""


class _NotYet(Exception):
    """It is worth trying again."""


def smoke(
    url: str,
    function: str,
    *,
    key: str,
    timeout_s: float,
    again_s: float = AGAIN_S,
    transport: httpx2.BaseTransport | None = None,
) -> str:
    """What was seen, in one line: the result of a task, or that the API is ready.

    Args:
        function: takes a text, as summarize does; blank: only readiness is looked at.
        key: of the API; blank: only readiness is looked at.
        timeout_s: for all of it.
        again_s: pause before the next try.

    Raises:
        SmokeFailed
    """
    deadline_s = time.monotonic() + timeout_s
    # One idempotency key for all tries: they are one task.
    headers = {"Idempotency-Key": f"smoke-{secrets.token_hex(8)}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    with httpx2.Client(
        base_url=url, timeout=REQUEST_S, headers=headers, transport=transport
    ) as client:
        while True:
            try:
                return _result(client, function) if function and key else _ready(client)
            except (_NotYet, httpx2.TransportError) as error:
                if time.monotonic() > deadline_s:
                    raise SmokeFailed(f"not within {timeout_s:g} s: {error}") from error
            time.sleep(again_s)


def _ready(client: httpx2.Client) -> str:
    answer = client.get("/ready")
    if answer.is_error:
        raise _NotYet(f"/ready answers {answer.status_code}")
    return "the API is ready; without a key no task was submitted"


def _result(client: httpx2.Client, function: str) -> str:
    answer = client.post(
        f"/api/v1/functions/{function}/tasks",
        params={"wait": WAIT_S},
        json={"text": TEXT},
    )
    if answer.status_code in STARTING:
        raise _NotYet(f"{answer.status_code} {answer.text[:200]}")
    if answer.is_error:
        raise SmokeFailed(f"{answer.status_code} {answer.text[:500]}")
    task: dict[str, Any] = answer.json()
    if task.get("state") in UNENDED:
        raise _NotYet(f"task {task.get('task_id')} is {task['state']}")
    if task.get("state") != ENDED_WELL:
        raise SmokeFailed(f"task {task.get('task_id')}: {task.get('state')} {task.get('error')}")
    return f"task {task.get('task_id')}: {task['state']} {task.get('result')}"

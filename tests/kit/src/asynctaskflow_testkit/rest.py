"""A client of the API as the promises ask for one: it repeats what had no answer, with the same key."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2

from asynctaskflow_testkit.ledger import Ledger

CLIENT_TIMEOUT_S = 5.0
RETRY_PAUSE_S = 0.1
ACCEPTED = frozenset({200, 201, 202})
NO_ANSWER = 0


@dataclass(slots=True)
class RestSubmitter:
    """Submits tasks of one function and writes every answer to the ledger.

    Attributes:
        codes: HTTP status -> how often; 0: no answer.
        slowest_s: longest time to an answer, whatever it was.
        accepted_at_s: task id -> when its 2xx arrived (monotonic).
    """

    base_url: str
    function: str
    ledger: Ledger
    codes: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    accepted_at_s: dict[str, float] = field(default_factory=dict)

    async def post(
        self, client: httpx2.AsyncClient, body: object, *, key: str
    ) -> httpx2.Response | None:
        """One attempt; ``None`` without an answer."""
        began = time.monotonic()
        url = f"{self.base_url}/api/v1/functions/{self.function}/tasks"
        try:
            answer = await client.post(url, json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            self.codes[NO_ANSWER] += 1
            return None
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.codes[answer.status_code] += 1
        return answer

    async def submit(self, client: httpx2.AsyncClient, body: object, stop: asyncio.Event) -> None:
        """One task with a key of its own, repeated until it is accepted or ``stop`` is set."""
        key = str(uuid4())
        while not stop.is_set():
            answer = await self.post(client, body, key=key)
            if answer is not None and answer.status_code in ACCEPTED:
                task_id = str(answer.json()["task_id"])
                self.ledger.submitted(task_id, key=key, code=answer.status_code)
                self.accepted_at_s[task_id] = time.monotonic()
                return
            await asyncio.sleep(RETRY_PAUSE_S)
        self.ledger.submitted("", key=key, code=503)

    async def submit_until(
        self, stop: asyncio.Event, body: object, *, lanes: int, pause_s: float
    ) -> None:
        """Several at a time, one after the other, until ``stop``."""

        async def lane(client: httpx2.AsyncClient) -> None:
            while not stop.is_set():
                await self.submit(client, body, stop)
                await asyncio.sleep(pause_s)

        async with httpx2.AsyncClient(timeout=CLIENT_TIMEOUT_S) as client:
            await asyncio.gather(*(lane(client) for _ in range(lanes)))

"""The simulated API: accepts connections, keeps the account, and plays what the script says.

| Path | |
|---|---|
| POST …/chat/completions | plays the next step |
| GET …/key, …/auth/key, …/credits, …/models | the account; plays the next step of the account's own queue, if any |
| GET /_sim/calls | what came: arrival, key fingerprint, outcome |
| POST /_sim/script | ``{"target": "chat"|"account", "steps": [...]}``, appended to the queue |
| PUT /_sim/behaviour | what happens without a script |
| POST /_sim/reset | empty queues, no calls, default behaviour |
"""

import asyncio
import math
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow_openrouter.simulator.answers import MODEL, answer_to, chat_completion
from asynctaskflow_openrouter.simulator.journal import Call, Journal, fingerprint
from asynctaskflow_openrouter.simulator.quota import Window
from asynctaskflow_openrouter.simulator.replies import Peer, play
from asynctaskflow_openrouter.simulator.script import Behaviour, Kind, Script, Step
from asynctaskflow_openrouter.simulator.wire import (
    BadRequest,
    Request,
    json_bytes,
    read_request,
    response_bytes,
)

LOOPBACK = "127.0.0.1"


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    target: Literal["chat", "account"] = "chat"
    steps: tuple[Step, ...]


class Simulator:
    """One server. Use it as an async context manager; all its state is open to tests.

    Attributes:
        script: steps of chat completions.
        account_script: steps of ``/key`` and ``/credits``.
        journal: what came.
        port: once started.
        connections: open right now.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        """Prepare; ``port`` 0 takes a free one."""
        self._initial = behaviour or Behaviour()
        self._clock = clock or SystemClock()
        self._host = host
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[Any]] = set()
        self._window = Window()
        self._answered = 0
        self.port = port
        self.script = Script(self._initial)
        self.account_script = Script(Behaviour())
        self.journal = Journal()

    @property
    def base_url(self) -> str:
        """What ``OPENROUTER_BASE_URL`` is set to."""
        return f"http://{self._host}:{self.port}/api/v1"

    @property
    def connections(self) -> int:
        """Clients that are connected now."""
        return len(self._peers)

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def reset(self) -> None:
        """As freshly started."""
        self.script.clear()
        self.account_script.clear()
        self.script.behave(self._initial)
        self.journal.clear()
        self._window.clear()
        self._answered = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._peers.add(task)
            task.add_done_callback(self._peers.discard)
        try:
            await self._converse(Peer(reader, writer))
        except BadRequest as error:
            writer.write(_problem(400, str(error)))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went, or the simulator stops: both end the connection
        finally:
            writer.close()

    async def _converse(self, peer: Peer) -> None:
        while (request := await read_request(peer.reader)) is not None:
            if not await self._respond(peer, request):
                return

    async def _respond(self, peer: Peer, request: Request) -> bool:
        if request.path.startswith("/_sim/"):
            await peer.send(self._control(request))
            return True
        if request.path.endswith("/chat/completions") and request.method == "POST":
            return await self._chat(peer, request)
        return await self._account(peer, request)

    async def _chat(self, peer: Peer, request: Request) -> bool:
        body = _json_object(request.body)
        refusal = self._refusal(request, body)
        if refusal is not None:
            outcome, status, response = refusal
            self._note(request, outcome=outcome, status=status, body=body)
            await peer.send(response)
            return True
        step = self.script.next()
        self._note(request, outcome=step.kind, status=_status_of(step), body=body)
        await asyncio.sleep(step.latency_s)
        answer = self._answer(body, step)
        return await play(peer, step, answer, now_ms=self._clock.wall_ms())

    def _refusal(self, request: Request, body: dict[str, Any]) -> tuple[str, int, bytes] | None:
        """What a sound provider refuses, in the order in which it would."""
        behaviour = self.script.behaviour
        if not self._is_known(request.key):
            return "unauthorized", 401, _problem(401, "No auth credentials found")
        if not isinstance(body.get("messages"), list) or body.get("stream"):
            return "rejected", 400, _problem(400, "messages missing, or stream asked for")
        if (rest := self._rest()) is not None and rest <= 0:
            return "broke", 402, _problem(402, "Insufficient credits")
        wait_s = self._window.admit(
            self._clock.mono_s(), limit=behaviour.limit_requests, window_s=behaviour.limit_window_s
        )
        if wait_s > 0:
            headers = {"Retry-After": str(math.ceil(wait_s))}
            return "limited", 429, _problem(429, "Rate limit exceeded", headers)
        return None

    def _answer(self, body: dict[str, Any], step: Step) -> dict[str, Any]:
        messages = [message for message in body["messages"] if isinstance(message, dict)]
        text = step.message if step.kind is Kind.ANSWER and step.message else answer_to(messages)
        if step.kind is Kind.ANSWER:
            self._answered += 1
        return chat_completion(
            text,
            prompt_chars=len(orjson.dumps(messages)),
            cost_usd=self.script.behaviour.cost_per_call,
            number=self._answered,
        )

    async def _account(self, peer: Peer, request: Request) -> bool:
        status, value = self._account_view(request)
        scripted = len(self.account_script) > 0 and status == 200
        step = self.account_script.next() if scripted else Step()
        self._note(request, outcome=step.kind, status=_status_of(step) if scripted else status)
        await asyncio.sleep(step.latency_s)
        if step.kind is Kind.ANSWER:
            await peer.send(json_bytes(status, value))
            return True
        return await play(peer, step, value, now_ms=self._clock.wall_ms())

    def _account_view(self, request: Request) -> tuple[int, dict[str, Any]]:
        what = request.path.rsplit("/", 1)[-1]
        if request.method != "GET" or what not in {"key", "credits", "models"}:
            return 404, _error(404, "No such endpoint")
        if what == "models":
            return 200, {"data": [{"id": MODEL, "name": "Simulator"}]}
        if not self._is_known(request.key):
            return 401, _error(401, "No auth credentials found")
        bought = self.script.behaviour.credits
        if what == "credits":
            return 200, {"data": {"total_credits": bought or 0.0, "total_usage": self._spent()}}
        return 200, {"data": self._key_view(bought)}

    def _key_view(self, bought: float | None) -> dict[str, Any]:
        behaviour = self.script.behaviour
        view: dict[str, Any] = {
            "label": "simulated key",
            "limit": bought,
            "limit_remaining": self._rest(),
            "usage": self._spent(),
            "usage_daily": self._spent(),
            "usage_monthly": self._spent(),
            "is_free_tier": bought is None,
        }
        if behaviour.limit_requests and behaviour.report_limit:
            interval = f"{behaviour.limit_window_s:g}s"
            view["rate_limit"] = {"requests": behaviour.limit_requests, "interval": interval}
        return view

    def _spent(self) -> float:
        """A free account spends nothing."""
        behaviour = self.script.behaviour
        return 0.0 if behaviour.credits is None else self._answered * behaviour.cost_per_call

    def _rest(self) -> float | None:
        bought = self.script.behaviour.credits
        return None if bought is None else bought - self._spent()

    def _is_known(self, key: str) -> bool:
        valid = self.script.behaviour.valid_keys
        return bool(key) and (not valid or key in valid)

    def _control(self, request: Request) -> bytes:
        try:
            match (request.method, request.path.removeprefix("/_sim/")):
                case ("GET", "calls"):
                    return json_bytes(200, {"calls": self.journal.as_json()})
                case ("POST", "script"):
                    order = _Order.model_validate_json(request.body)
                    (self.script if order.target == "chat" else self.account_script).add(
                        *order.steps
                    )
                case ("PUT", "behaviour"):
                    self.script.behave(Behaviour.model_validate_json(request.body))
                case ("POST", "reset"):
                    self.reset()
                case _:
                    return _problem(404, "no such control")
        except ValidationError as error:
            return _problem(422, str(error))
        return response_bytes(204, b"")

    def _note(
        self, request: Request, *, outcome: str, status: int, body: dict[str, Any] | None = None
    ) -> None:
        self.journal.note(
            Call(
                arrived_s=self._clock.mono_s(),
                wall_ms=self._clock.wall_ms(),
                method=request.method,
                path=request.path,
                credential=fingerprint(request.key),
                outcome=outcome,
                status=status,
                model=str((body or {}).get("model", "")),
                call_id=request.headers.get("idempotency-key", ""),
                host=request.headers.get("host", ""),
            )
        )


def _status_of(step: Step) -> int:
    return {Kind.STATUS: step.status, Kind.REDIRECT: 307}.get(step.kind, 200)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message}}


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> bytes:
    return json_bytes(status, _error(status, message), headers=headers)

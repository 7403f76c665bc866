"""Talks to the REST API: one call, one answer, every failure as a ``CommandError`` with a hint."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

import httpx2

from asynctaskflow_cli.exits import CommandError, Exit
from asynctaskflow_cli.settings import DEFAULT_TIMEOUT_S, CliSettings
from asynctaskflow_cli.stack import record

NOT_RUNNING = "start the local stack with 'atf up', or name an API with --server or ATF_SERVER"
Json = Any
STREAM_SILENCE_S = 40.0
CODES = {404: Exit.NOT_FOUND, 408: Exit.TIMEOUT, 504: Exit.TIMEOUT, 422: Exit.USAGE}
HINTS = {
    401: "set ATF_API_KEY",
    403: "this key may not do that",
    409: "'atf get TASK' shows the task's state",
    429: "the queue is full or the limit reached; try again later",
    503: "'atf doctor' says what is the matter",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Json
    headers: Mapping[str, str]


class Api:
    """One API; use as a context manager."""

    def __init__(
        self, url: str, *, api_key: str = "", timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Nothing is sent yet."""
        headers = {"Accept": "application/json, application/problem+json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self.url = url
        self._http = httpx2.Client(
            base_url=url, headers=headers, timeout=timeout_s, trust_env=False
        )

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: object) -> Json:
        """GET; parameters that are ``None`` or empty are left out."""
        return self.call("GET", path, params=params).body

    def post(self, path: str, body: Json = None, **params: object) -> Json:
        """POST JSON."""
        return self.call("POST", path, body=body, params=params).body

    def delete(self, path: str) -> Json:
        """DELETE."""
        return self.call("DELETE", path).body

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        file: tuple[str, IO[bytes], str] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request.

        Args:
            file: (name, content, media type) of a multipart upload.

        Raises:
            CommandError: no answer, or a problem.
        """
        given = {
            name: _text(value) for name, value in (params or {}).items() if value not in (None, "")
        }
        with self._reached():
            response = self._http.request(
                method,
                path,
                json=body,
                params=given,
                headers=dict(headers or {}),
                files={"file": file} if file else None,
                timeout=DEFAULT_TIMEOUT_S if timeout_s is None else timeout_s,
            )
        answer = Answer(response.status_code, _json(response), response.headers)
        if not response.is_success:
            raise problem(answer)
        return answer

    @contextmanager
    def stream(
        self, path: str, *, last_event_id: str = "", timeout_s: float | None = None
    ) -> Iterator[httpx2.Response]:
        """An open event stream; silence of more than two heartbeats counts as lost.

        Raises:
            CommandError: no answer, or a problem.
        """
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        silence_s = min(STREAM_SILENCE_S, timeout_s or STREAM_SILENCE_S)
        with (
            self._reached(),
            self._http.stream("GET", path, headers=headers, timeout=silence_s) as response,
        ):
            if not response.is_success:
                response.read()
                raise problem(Answer(response.status_code, _json(response), response.headers))
            yield response

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException as error:
            raise CommandError(f"{self.url} did not answer in time", code=Exit.TIMEOUT) from error
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unreachable(
                f"cannot reach the API at {self.url}: {error}", hint=NOT_RUNNING
            ) from error


class Unreachable(CommandError):
    """The API did not take the connection, or dropped it."""


def problem(answer: Answer) -> CommandError:
    """An RFC 9457 problem as ``title: detail`` with a hint."""
    body = answer.body if isinstance(answer.body, dict) else {}
    title = str(body.get("title") or f"HTTP {answer.status}")
    detail = _detail(body)
    text = f"{title}: {detail}" if detail and detail != title else title
    hint = str(body.get("hint") or HINTS.get(answer.status, ""))
    code = CODES.get(answer.status, Exit.ERROR)
    return CommandError(text, code=code, hint=hint, status=answer.status)


def _detail(body: Mapping[str, object]) -> str:
    errors = body.get("errors")
    detail = body.get("detail")
    if isinstance(errors, list) and errors:
        return "; ".join(_field(error) for error in cast("list[object]", errors[:5]))
    return detail if isinstance(detail, str) else str(detail or "")


def _field(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    where = error.get("pointer") or error.get("field") or error.get("loc") or ""
    if isinstance(where, list):
        where = ".".join(map(str, where))
    what = error.get("detail") or error.get("message") or error.get("msg") or ""
    return f"{where}: {what}" if where else str(what)


def _json(response: httpx2.Response) -> Json:
    if "json" not in response.headers.get("content-type", ""):
        return response.text or None
    return response.json()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def connect(settings: CliSettings, server: str = "") -> Api:
    """The API that the user means: ``--server``, ``ATF_SERVER``, else the local stack.

    Raises:
        CommandError: none is named and no local stack runs.
    """
    url = server.rstrip("/") or settings.server
    if not url:
        stack = record.read(settings.state_dir)
        if stack is None:
            raise CommandError("no API: no local stack runs here", hint=NOT_RUNNING)
        url = stack.api_url
    return Api(url, api_key=settings.api_key)

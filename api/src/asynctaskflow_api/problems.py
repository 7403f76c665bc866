"""Every error answer: one table from errors to statuses, one shape (RFC 9457 ``application/problem+json``).

Nothing else in the project knows the status of an error. Texts of unexpected errors never leave the process.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from asynctaskflow import errors
from asynctaskflow.blobs.port import BlobNotFound, BlobsUnavailable, BlobTooLarge
from asynctaskflow.dependencies.messages import DependencyNotFound
from asynctaskflow_api.access import TokensUnavailable
from asynctaskflow_api.json_bounds import BadJson, UnfitJson

ExceptionHandler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://asynctaskflow.dev/problems/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MESSAGE_CHARS = 500
ERRORS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of error looks like from outside.

    Attributes:
        code: stable slug; clients switch on it.
        retry_after_s: sent as ``Retry-After``; 0: none.
        hint: what to do about it.
    """

    status: int
    code: str
    title: str
    retry_after_s: int = 0
    hint: str = ""


class ApiError(Exception):
    """A refusal that only exists over HTTP.

    Attributes:
        kind: its row of the table.
        extra: further members of the problem.
        headers: further headers of the answer.
    """

    kind: Kind

    def __init__(
        self,
        detail: str = "",
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer says."""
        super().__init__(detail)
        self.extra = extra or {}
        self.headers = headers or {}


class Unauthenticated(ApiError):
    """No credential, or one that nobody has."""

    kind = Kind(401, "unauthenticated", "Credentials are missing or not valid")


class Forbidden(ApiError):
    """The credential is good for less than this."""

    kind = Kind(403, "forbidden", "The credential does not allow this")


class CrossSite(ApiError):
    """A browser sent this on behalf of another site."""

    kind = Kind(403, "cross_site", "Requests of other sites are refused")


class BadRequest(ApiError):
    """A parameter or a combination of parameters makes no sense."""

    kind = Kind(400, "bad_request", "The request makes no sense")


class Unprocessable(ApiError):
    """Understood, and not acceptable."""

    kind = Kind(422, "validation_error", "The request is not acceptable")


class NotFound(ApiError):
    """Nothing here."""

    kind = Kind(404, "not_found", "Not found")


class UploadNotNamed(ApiError):
    """The task's input has no such field, or another kind of value there."""

    kind = Kind(404, "upload_not_named", "The input names no such upload")


class UploadGone(ApiError):
    """The task names an upload that is no longer stored."""

    kind = Kind(404, "upload_gone", "The upload is gone")


class BodyTimeout(ApiError):
    """The body stopped arriving."""

    kind = Kind(408, "body_timeout", "The body did not arrive in time")


class TaskNotSuccessful(ApiError):
    """The task ended without a result."""

    kind = Kind(409, "task_not_successful", "The task ended without a result")


class ResultGone(ApiError):
    """The result was stored and is no longer."""

    kind = Kind(410, "result_gone", "The result is no longer stored")


class BodyTooLarge(ApiError):
    """More bytes than accepted."""

    kind = Kind(
        413, "body_too_large", "The body is too large", hint="large inputs go to /api/v1/uploads"
    )


class WrongMediaType(ApiError):
    """Another format than this operation takes."""

    kind = Kind(415, "wrong_media_type", "This media type is not accepted here")


class NotAPdf(ApiError):
    """The seed's answer to a part that is not labelled as a PDF."""

    kind = Kind(400, "not_a_pdf", "Only PDF files are accepted")


class NotThatFormat(ApiError):
    """The bytes are not what their label says."""

    kind = Kind(415, "content_mismatch", "The content is not what its type says")


class NotReady(ApiError):
    """The process cannot do its work now."""

    kind = Kind(503, "not_ready", "Not ready", retry_after_s=1)


class TooManyAtOnce(ApiError):
    """A bound on concurrent use is reached."""

    kind = Kind(429, "too_many_at_once", "Too many at once", retry_after_s=2)


class ConfirmTokenStale(ApiError):
    """The confirmation is of another dry run, or too old."""

    kind = Kind(
        409, "confirm_token_stale", "The confirmation does not fit", hint="repeat the dry run"
    )


UNAVAILABLE = Kind(
    503,
    "queue_unavailable",
    "The queue does not answer",
    retry_after_s=1,
    hint="repeat with the same Idempotency-Key",
)
INVALID = Unprocessable.kind
INTERNAL = Kind(500, "internal_error", "Something went wrong here")

TABLE: Mapping[type[Exception], Kind] = {
    errors.TaskNotFound: Kind(404, "task_not_found", "No such task"),
    BlobNotFound: Kind(404, "blob_not_found", "No such upload"),
    BlobTooLarge: BodyTooLarge.kind,
    BlobsUnavailable: Kind(503, "blobs_unavailable", "The blob store does not answer", 2),
    DependencyNotFound: Kind(404, "dependency_not_found", "No such dependency"),
    errors.FunctionNotFound: Kind(404, "function_not_found", "No such function"),
    errors.InvalidTransition: Kind(409, "invalid_transition", "The task's state does not allow it"),
    errors.IdempotencyConflict: Kind(
        422,
        "idempotency_conflict",
        "The Idempotency-Key stands for another input",
        hint="use a new key for a new input",
    ),
    errors.QueueFull: Kind(429, "queue_full", "The queue is full", retry_after_s=5),
    errors.QueueUnavailable: UNAVAILABLE,
    TokensUnavailable: Kind(
        503,
        "tokens_unavailable",
        "Kubernetes tokens cannot be checked now",
        retry_after_s=2,
        hint="nothing was done; API keys are accepted meanwhile",
    ),
    TimeoutError: UNAVAILABLE,
    BadJson: Kind(400, "bad_json", "The body is not JSON"),
    UnfitJson: Kind(422, "json_out_of_bounds", "The body is JSON beyond the limits"),
    errors.AsyncTaskFlowError: INTERNAL,
}

OF_STATUS: Mapping[int, Kind] = {
    400: Kind(400, "bad_request", "The request cannot be read"),
    404: NotFound.kind,
    405: Kind(405, "method_not_allowed", "This path does not take that method"),
    413: BodyTooLarge.kind,
}


class FieldError(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="Where: ``body.content``, ``query.limit``.")
    detail: str
    type: str = ""


class Problem(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": TYPE_BASE + "task_not_found",
                "title": "No such task",
                "status": 404,
                "code": "task_not_found",
                "detail": "task echo-01890000-0000-7000-8000-000000000000: not found",
                "instance": "/api/v1/tasks/echo-01890000-0000-7000-8000-000000000000",
                "request_id": "5f1c9a7be0d24c6d",
            }
        },
    )
    type: str
    title: str
    status: int
    code: str = Field(description="Stable slug of the kind of error.")
    detail: str = ""
    instance: str = Field("", description="Path of the request.")
    request_id: str = ""
    hint: str = ""
    outcome: str = Field("", description="``unknown``: a write may have happened.")
    errors: list[FieldError] = []


def kind_of(error: Exception) -> Kind:
    """The row for an error, by its nearest listed class."""
    if isinstance(error, ApiError):
        return error.kind
    return next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), INTERNAL)


def response(
    request: Request,
    kind: Kind,
    *,
    detail: str = "",
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that describes an error."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + kind.code,
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": detail[:MESSAGE_CHARS],
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
    }
    if kind.hint:
        body["hint"] = kind.hint
    if kind is UNAVAILABLE and request.method not in SAFE_METHODS:
        body["outcome"] = "unknown"
    body |= extra or {}
    return Response(
        orjson.dumps(body),
        kind.status,
        {**_headers(kind), **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def _headers(kind: Kind) -> dict[str, str]:
    headers = {"Retry-After": str(kind.retry_after_s)} if kind.retry_after_s else {}
    if kind.status == Unauthenticated.kind.status:
        headers["WWW-Authenticate"] = f'Bearer realm="asynctaskflow", error="{kind.code}"'
    return headers


async def on_known_error(request: Request, error: Exception) -> Response:
    """Answer an error of the table, or one of this module."""
    extra = error.extra if isinstance(error, ApiError) else None
    headers = error.headers if isinstance(error, ApiError) else None
    kind = kind_of(error)
    detail = "" if kind is INTERNAL else str(error)
    return response(request, kind, detail=detail, extra=extra, headers=headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework refused: unknown path, wrong method, unreadable form."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    kind = OF_STATUS.get(error.status_code) or Kind(error.status_code, "refused", "Refused")
    detail = "" if kind.status in {404, 405} else str(error.detail)
    return response(request, kind, detail=detail, headers=error.headers)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer what does not fit the declared parameters."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    found = [_field_error(one) for one in error.errors()[:ERRORS_SHOWN]]
    detail = f"{found[0]['pointer']}: {found[0]['detail']}" if found else ""
    return response(request, INVALID, detail=detail, extra={"errors": found})


async def on_defect(request: Request, error: Exception) -> Response:  # noqa: ARG001 - must not leak
    """Answer an error that nobody expected; the server logs it."""
    return response(request, INTERNAL)


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    pointer = ".".join(str(part) for part in error.get("loc", ()))
    return {"pointer": pointer, "detail": str(error.get("msg")), "type": str(error.get("type"))}


def invalid_fields(found: Sequence[Mapping[str, Any]]) -> Unprocessable:
    """The error for a body that Pydantic refused (``ValidationError.errors()``)."""
    listed = [_field_error({**one, "loc": ("body", *one["loc"])}) for one in found[:ERRORS_SHOWN]]
    detail = f"{listed[0]['pointer']}: {listed[0]['detail']}" if listed else ""
    return Unprocessable(detail, extra={"errors": listed})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for OpenAPI, all of the one shape."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    titles = {kind.status: kind.title for kind in _all_kinds()}
    return {
        status: {"description": titles.get(status, "Problem"), "content": content}
        for status in statuses
    }


def _all_kinds() -> list[Kind]:
    return [*(cls.kind for cls in ApiError.__subclasses__()), *TABLE.values(), *OF_STATUS.values()]


KNOWN = (errors.AsyncTaskFlowError, ApiError, TimeoutError, BadJson, UnfitJson)

HANDLERS: dict[int | type[Exception], ExceptionHandler] = {
    **dict.fromkeys(KNOWN, on_known_error),
    RequestValidationError: on_invalid_request,
    HTTPException: on_http_exception,
    Exception: on_defect,
}

"""Every error of the domain has its answer, and the document knows every answer."""

import inspect
import json

import pytest
from starlette.requests import Request

from asynctaskflow import errors
from asynctaskflow_api import problems
from asynctaskflow_api.app import openapi_document
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_api.submission import read_options

DOCUMENT = openapi_document(ApiSettings())
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
SEED = [
    ("get", "/"),
    ("post", "/api/v1/tasks/summarize/"),
    ("post", "/api/v1/tasks/pdfxtract"),
    ("get", "/api/v1/tasks/"),
    ("get", "/api/v1/tasks/summaries/"),
    ("get", "/api/v1/tasks/{task_id}"),
    ("post", "/api/v1/tasks/{task_id}/retry"),
    ("delete", "/api/v1/tasks/{task_id}"),
    ("post", "/api/v1/tasks/requeue-orphaned"),
    ("get", "/api/v1/queues/status"),
    ("get", "/api/v1/queues/{queue_name}/tasks"),
    ("get", "/api/v1/queues/dlq"),
    ("get", "/api/v1/queues/status/stream"),
    ("get", "/api/v1/workers/"),
    ("post", "/api/v1/workers/reset-circuit-breaker"),
    ("post", "/api/v1/workers/open-circuit-breaker"),
    ("get", "/api/v1/redis/pool-stats"),
    ("get", "/api/v1/redis/health"),
    ("get", "/api/v1/openrouter/status"),
    ("get", "/api/v1/openrouter/metrics"),
    ("get", "/health"),
    ("get", "/live"),
    ("get", "/ready"),
]


@pytest.mark.parametrize(("method", "path"), SEED)
def test_every_operation_of_the_seed_is_here(method, path):
    assert method in DOCUMENT["paths"][path]


def test_every_error_that_a_port_raises_has_a_row_of_its_own():
    raised = {
        errors.TaskNotFound,
        errors.FunctionNotFound,
        errors.InvalidTransition,
        errors.IdempotencyConflict,
        errors.QueueFull,
        errors.QueueUnavailable,
    }

    assert raised <= problems.TABLE.keys()


def test_codes_name_one_status_each():
    kinds = problems._all_kinds()
    statuses: dict[str, set[int]] = {}
    for kind in kinds:
        statuses.setdefault(kind.code, set()).add(kind.status)

    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_is_named_tagged_and_declares_its_problems(path, method, operation):
    assert operation["operationId"].isidentifier()
    assert operation["tags"]
    assert operation["summary"]
    for status in ("401", "422", "500", "503"):
        assert "application/problem+json" in operation["responses"][status]["content"]


def test_operation_ids_are_unique_and_every_reference_leads_somewhere():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    text = json.dumps(DOCUMENT)
    wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert len(set(ids)) == len(ids)
    assert wanted <= DOCUMENT["components"]["schemas"].keys()
    assert "HTTPValidationError" not in text


def test_no_domain_error_is_answered_outside_the_table():
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    for cls in (one for one in found if issubclass(one, Exception)):
        assert problems.kind_of(cls.__new__(cls)).status >= 400


def request(query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "headers": raw, "query_string": query.encode(), "method": "POST"}
    return Request(scope)


@pytest.mark.parametrize(
    ("query", "prefer", "wait_s"),
    [
        ("", "", 0),
        ("wait=2.5", "", 2.5),
        ("wait=9999", "", 60),
        ("", "respond-async, wait=7", 7),
        ("", "wait=99999", 60),
        ("wait=1", "wait=9", 1),
        ("", "waiting=9", 0),
    ],
)
def test_a_wait_comes_from_the_query_or_the_prefer_header(query, prefer, wait_s):
    assert read_options(request(query, prefer=prefer), wait_max_s=60).wait_s == wait_s


@pytest.mark.parametrize("query", ["wait=-1", "wait=x", "delay_seconds=nan", "max_attempts=101"])
def test_an_option_out_of_range_is_refused(query):
    with pytest.raises(problems.BadRequest):
        read_options(request(query), wait_max_s=60)


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "\u00e9"])
def test_an_idempotency_key_must_be_short_visible_ascii(key):
    with pytest.raises(problems.BadRequest):
        read_options(request(idempotency_key=key), wait_max_s=60)

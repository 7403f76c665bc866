"""The OpenAPI document: what FastAPI derives, with credentials, problems and shapes that it cannot see."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from asynctaskflow_api.event_schema import FeedEvent
from asynctaskflow_api.problems import FieldError, Problem
from asynctaskflow_api.routing import BEARER
from asynctaskflow_api.schema import SummarizeRequest, TaskDetail, TaskResponse

SCHEMA = "#/components/schemas/{model}"
DESCRIPTION = (
    "Submit tasks to functions, follow and steer them. Every error is an RFC 9457 problem with a stable `code`. "
    "Lists are newest first and go on with `next_cursor`."
)
TAGS = [
    {"name": "application", "description": "The two functions that ship, on the seed's paths."},
    {"name": "functions", "description": "Any function: submit, one or many; pause and resume."},
    {"name": "task-management", "description": "Tasks, one by one and in bulk."},
    {"name": "queues", "description": "Depths, the dead-letter queue, the status stream."},
    {
        "name": "events",
        "description": "Every transition, as server-sent events; Kubernetes Events.",
    },
    {"name": "uploads", "description": "Large inputs by reference."},
    {"name": "dependencies", "description": "Breakers and limiters of external services."},
    {"name": "workers-management", "description": "Workers, and switches for all breakers."},
    {"name": "openrouter", "description": "The LLM service."},
    {"name": "redis", "description": "The store."},
    {"name": "health", "description": "Probes, metrics, version."},
]


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            summary="REST front door of AsyncTaskFlow",
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
        )
        components = found.setdefault("components", {})
        _add_shapes(components.setdefault("schemas", {}))
        components["securitySchemes"] = {
            BEARER: {
                "type": "http",
                "scheme": "bearer",
                "description": (
                    "An API key: atf_<id>_<secret>. Also taken as X-API-Key. Where the installation says so, a "
                    "Kubernetes token: the rights of its user in the installation's namespace decide."
                ),
            }
        }
        app.openapi_schema = found
    return app.openapi_schema


def _add_shapes(schemas: dict[str, Any]) -> None:
    for model in (Problem, FieldError, FeedEvent, SummarizeRequest, TaskResponse, TaskDetail):
        shape = model.model_json_schema(ref_template=SCHEMA)
        for name, part in shape.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas.setdefault(model.__name__, shape)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)

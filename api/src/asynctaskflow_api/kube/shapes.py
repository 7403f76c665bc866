"""What we show of Kubernetes objects: a Function's conditions, workers and pods, and Events.

Decides from values alone; `facts` reads them. Names lead from an object to its Function, as the operator gives them:
``atf-<function>`` for the Deployment, and what Kubernetes appends for ReplicaSets and pods.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from asynctaskflow.model.task import FUNCTION_NAME, TASK_UUID
from asynctaskflow_api.kube.objects import Condition, Deployment, Event, Function, Pod
from asynctaskflow_api.kube.trouble import finding, is_ready, needs_help, phase_of

FUNCTION_LABEL = "asynctaskflow.dev/function"
PREFIX = "atf-"
# The letters of k8s.io/apimachinery/pkg/util/rand, of which both suffixes are made.
LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
REPLICA_SET = f"-{LETTERS}{{1,10}}"
POD = f"{REPLICA_SET}-{LETTERS}{{5}}"
PATTERNS = {
    "Function": re.compile(f"({FUNCTION_NAME.pattern})"),
    "Task": re.compile(f"({FUNCTION_NAME.pattern})-{TASK_UUID.pattern}"),
    "Deployment": re.compile(f"{PREFIX}({FUNCTION_NAME.pattern})"),
    "ReplicaSet": re.compile(f"{PREFIX}({FUNCTION_NAME.pattern}){REPLICA_SET}"),
    "Pod": re.compile(f"{PREFIX}({FUNCTION_NAME.pattern}){POD}"),
}
WORKERS = frozenset({"Deployment", "ReplicaSet", "Pod"})
PODS_SHOWN = 100
EVENTS_SHOWN = 50
LONG_AGO = datetime.min.replace(tzinfo=UTC)
Shape = dict[str, Any]


def deployment_name(function: str) -> str:
    """The name of a Function's Deployment."""
    return PREFIX + function


def function_of(event: Event) -> str | None:
    """The function that an Event's object belongs to by its name; ``None`` where it does not tell."""
    pattern = PATTERNS.get(event.about.kind)
    found = pattern.fullmatch(event.about.name) if pattern else None
    return found[1] if found else None


def is_ours(event: Event, functions: Collection[str]) -> bool:
    """Whether an Event is about something of ours; others may have Deployments whose names begin like ours.

    Args:
        functions: names of all functions.
    """
    if event.about.kind in WORKERS:
        return function_of(event) in functions
    return event.about.kind in {"Function", "Dependency", "Task"}


def conditions(function: Function, deployment: Deployment | None) -> list[Shape]:
    """The Function's conditions, then those of its Deployment."""
    ours = [_condition("Function", one) for one in function.status.conditions]
    theirs = deployment.status.conditions if deployment else ()
    return ours + [_condition("Deployment", one) for one in theirs]


def workers(deployment: Deployment | None) -> Shape | None:
    """How many pods there should be and are, and of which image; ``None``: there is no Deployment."""
    if deployment is None:
        return None
    containers = deployment.spec.template.spec.containers
    return {
        "desired": deployment.spec.replicas,
        "ready": deployment.status.ready,
        "updated": deployment.status.updated,
        "image": containers[0].image if containers else "",
    }


def worst_first(pods: Iterable[Pod]) -> list[Pod]:
    """Those that need help, then those that are not ready, then the others; newest first among equals."""
    newest = sorted(pods, key=lambda one: one.metadata.created or LONG_AGO, reverse=True)
    return sorted(newest, key=lambda one: (not needs_help(one), is_ready(one)))


def pod(one: Pod) -> Shape:
    """One pod with what keeps it from working."""
    found = finding(one)
    statuses = one.status.main_containers
    return {
        "name": one.metadata.name,
        "phase": phase_of(one),
        "ready": is_ready(one),
        "needs_help": needs_help(one),
        "restarts": sum(status.restarts for status in statuses),
        "node": one.spec.node or None,
        "reason": found.reason,
        "message": found.message,
        "created_at": _text(one.metadata.created),
    }


def events(found: Iterable[Event], *, limit: int) -> list[Shape]:
    """The newest Events, each once, newest first."""
    once = {one.metadata.uid or one.metadata.name: one for one in found}
    newest = sorted(once.values(), key=_last_seen, reverse=True)
    return [_event(one) for one in newest[:limit]]


def _event(one: Event) -> Shape:
    return {
        "at": _text(_last_seen(one)),
        "type": one.type,
        "reason": one.reason,
        "message": one.message or "",
        "object": f"{one.about.kind}/{one.about.name}",
        "count": (one.series.count if one.series else one.count) or 1,
        "function": function_of(one),
    }


def _last_seen(one: Event) -> datetime:
    series = one.series.last if one.series else None
    return series or one.last or one.at or one.first or one.metadata.created or LONG_AGO


def _condition(of: str, one: Condition) -> Shape:
    return {
        "of": of,
        "type": one.type,
        "status": one.status,
        "reason": one.reason,
        "message": one.message,
        "since": _text(one.since),
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else None

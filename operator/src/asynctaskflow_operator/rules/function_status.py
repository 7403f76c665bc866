"""``Function.status`` from what was seen and decided; and which changes of it are worth a write at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow.scaling import Decision, DecisionRecord, DependencySight, Limit
from asynctaskflow.taskqueue.messages import QueueDepths
from asynctaskflow_operator.rules.conditions import Condition, merged, timestamp

STATES = {"closed": "Closed", "open": "Open", "half_open": "HalfOpen"}
SEVERITY = ("Closed", "Unknown", "HalfOpen", "Open")
QUEUE_FIELDS = {
    "pending": TaskState.PENDING,
    "scheduled": TaskState.SCHEDULED,
    "active": TaskState.ACTIVE,
    "completed": TaskState.COMPLETED,
    "failed": TaskState.FAILED,
    "dlq": TaskState.DLQ,
    "cancelled": TaskState.CANCELLED,
}
RESTRAINED = frozenset(
    {Limit.RATE_LIMIT, Limit.BREAKER, Limit.QUEUE_UNREADABLE, Limit.PAUSED, Limit.MODE}
)
VOLATILE = frozenset({"queue", "busyReplicas", "tasks"})


@dataclass(frozen=True, slots=True)
class Crew:
    """A Function's pods in numbers."""

    replicas: int = 0
    ready: int = 0
    busy: int = 0
    draining: int = 0


@dataclass(frozen=True, slots=True)
class FunctionSight:
    """Everything that a Function's status says.

    Attributes:
        problem: why the spec cannot be followed; empty if it is.
        depths: ``None``: the queue could not be read.
        dependency_names: those of the spec; ``dependencies`` has the ones that are known.
        selector: label selector of the worker pods, as text.
        shown, skipped, visibility: Task resources, and what is to be said about those that are missing.
    """

    generation: int
    selector: str
    problem: str = ""
    deleting: bool = False
    spec: FunctionSpec | None = None
    crew: Crew = Crew()
    depths: QueueDepths | None = None
    decision: Decision | None = None
    records: Sequence[DecisionRecord] = ()
    dependencies: Sequence[DependencySight] = ()
    shown: int = 0
    skipped: int = 0
    visibility: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)


def function_status(sight: FunctionSight, *, now_s: float) -> dict[str, Any]:
    """The status as it is to be written; fields without a value are ``None``."""
    named = sight.spec.dependencies if sight.spec else ()
    dependencies = _dependencies(named, sight, now_s=now_s)
    breaker = max((one["state"] for one in dependencies), key=SEVERITY.index, default="")
    return {
        "observedGeneration": sight.generation,
        "replicas": sight.crew.replicas,
        "readyReplicas": sight.crew.ready,
        "busyReplicas": sight.crew.busy,
        "drainingReplicas": sight.crew.draining,
        "desiredReplicas": sight.decision.replicas if sight.decision else None,
        "selector": sight.selector,
        "queue": _queue(sight.depths) if sight.depths else sight.before.get("queue"),
        "dependencies": dependencies,
        "breaker": breaker,
        "scaling": _scaling(sight.decision, sight.records),
        "tasks": {"shown": sight.shown, "skipped": sight.skipped, "message": sight.visibility},
        "conditions": merged(
            _conditions(sight, breaker, dependencies),
            sight.before.get("conditions", ()),
            generation=sight.generation,
            now_s=now_s,
        ),
    }


def is_news(status: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether something has changed that people act on; mere counts can wait."""
    return any(
        _comparable(name, status.get(name)) != _comparable(name, before.get(name))
        for name in status.keys() | before.keys()
        if name not in VOLATILE
    )


def is_change(status: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether there is anything to write at all; the time of the look alone is nothing."""
    return any(
        _comparable(name, status.get(name)) != _comparable(name, before.get(name))
        for name in status.keys() | before.keys()
    )


def _comparable(name: str, value: Any) -> Any:
    if name == "queue" and value:
        return {key: part for key, part in value.items() if key not in {"asOf", "oldestSeconds"}}
    if name == "scaling" and value:
        last = value.get("last") or {}
        return {
            "to": last.get("to"),
            "limitedBy": last.get("limitedBy"),
            "history": value.get("history"),
        }
    return value or None


def _queue(depths: QueueDepths) -> dict[str, Any]:
    counts = {name: depths.states[state] for name, state in QUEUE_FIELDS.items()}
    return {
        **counts,
        "oldestSeconds": round(depths.oldest_pending_ms / 1000, 1),
        "paused": depths.paused,
        "asOf": timestamp(depths.now_ms / 1000),
    }


def _dependencies(
    named: Sequence[str], sight: FunctionSight, *, now_s: float
) -> list[dict[str, Any]]:
    states = {one.name: STATES[one.breaker] for one in sight.dependencies}
    known = {one["name"]: one for one in sight.before.get("dependencies", ())}
    shown = []
    for name in named:
        state, last = states.get(name, "Unknown"), known.get(name, {})
        same = last.get("state") == state
        shown.append(
            {"name": name, "state": state, "since": last["since"] if same else timestamp(now_s)}
        )
    return shown


def _scaling(decision: Decision | None, records: Sequence[DecisionRecord]) -> dict[str, Any] | None:
    if decision is None or not records:
        return None
    latest = records[0]
    until_s = decision.next_scale_down_s
    last = {
        **_line(latest),
        "acts": latest.acts,
        "inputs": {name: value for name, value in latest.inputs.items() if value is not None},
        "candidates": [{"signal": c.signal, "replicas": c.replicas} for c in latest.candidates],
        "nextScaleDownTime": None if until_s is None else timestamp(until_s),
    }
    return {"last": last, "history": [_line(record) for record in records]}


def _line(record: DecisionRecord) -> dict[str, Any]:
    return {
        "time": timestamp(record.at_ms / 1000),
        "from": record.previous,
        "to": record.replicas,
        "reason": record.reason,
        "limitedBy": record.limited_by,
    }


def _conditions(
    sight: FunctionSight, breaker: str, dependencies: Sequence[Mapping[str, Any]]
) -> list[Condition]:
    return [
        _ready(sight),
        _scaling_active(sight),
        _queue_readable(sight),
        _healthy(breaker, dependencies),
    ]


def _ready(sight: FunctionSight) -> Condition:
    if sight.problem:
        return Condition("Ready", status=False, reason="InvalidSpec", message=sight.problem)
    if sight.deleting:
        return Condition("Ready", status=False, reason="Deleting", message="New tasks are refused.")
    crew, wanted = sight.crew, sight.decision.replicas if sight.decision else 0
    if wanted and not crew.ready:
        text = f"none of {crew.replicas or wanted} workers is up"
        return Condition("Ready", status=False, reason="NoWorkerReady", message=text)
    text = (
        f"{crew.ready} of {wanted} workers are up"
        if wanted
        else "workers start with the first task"
    )
    return Condition("Ready", status=True, reason="Accepting", message=text)


def _queue_readable(sight: FunctionSight) -> Condition:
    if sight.depths:
        return Condition("QueueReadable", status=True, reason="Read")
    if sight.problem:
        return Condition("QueueReadable", None, "NotRead", "The spec cannot be followed.")
    return Condition("QueueReadable", None, "Unreadable", "Redis does not answer; workers stay.")


def _scaling_active(sight: FunctionSight) -> Condition:
    decision = sight.decision
    if decision is None:
        return Condition("ScalingActive", None, "NotDecidedYet")
    if not decision.acts or decision.limited_by in RESTRAINED:
        limit = decision.limited_by if decision.limited_by in RESTRAINED else Limit.MODE
        return Condition("ScalingActive", status=False, reason=str(limit), message=decision.reason)
    return Condition("ScalingActive", status=True, reason="FollowsDemand")


def _healthy(breaker: str, dependencies: Sequence[Mapping[str, Any]]) -> Condition:
    if not dependencies:
        return Condition("DependenciesHealthy", status=True, reason="NoDependencies")
    sick = [f"{one['name']} is {one['state']}" for one in dependencies if one["state"] != "Closed"]
    if not sick:
        return Condition("DependenciesHealthy", status=True, reason="Closed")
    status = None if breaker == "Unknown" else False
    return Condition("DependenciesHealthy", status, f"Breaker{breaker}", "; ".join(sick))

"""Resources that must not be let in: what a person may get wrong, and what one may try on purpose.

Each is a good manifest with one thing changed. ``says`` is what the refusal must name. ``cluster_only`` marks
what only the API server refuses: the models convert some types, and leave some rules to the custom resource.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

API_VERSION = "asynctaskflow.dev/v1alpha1"
UUID = "0199c0de-0000-7000-8000-000000000001"
GOOD: Mapping[str, Mapping[str, Any]] = {
    "Function": {"image": "registry.example/echo:1", "handler": "echo.main:echo"},
    "Dependency": {"rateLimit": {"requests": 10, "intervalSeconds": 1}},
    "Task": {"function": "echo", "input": {"text": "hello"}},
}


class Change(Enum):
    """A change that is no value."""

    ABSENT = "the field is left out"


ABSENT = Change.ABSENT
# (What, what the message names, change of the spec[, name of the resource]).
Rows = list[tuple[Any, ...]]
# Dotted path of a field under spec, which the message names -> (what, value).
Values = dict[str, list[tuple[str, Any]]]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One resource.

    Attributes:
        what: what is wrong with it, for people.
        says: part of the message that refuses it: the field.
        spec: merged into a good ``spec``; ``ABSENT`` takes a field out.
    """

    what: str
    kind: str
    says: str
    spec: Any = field(default_factory=dict)
    name: str = "hostile"
    cluster_only: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"

    @property
    def manifest(self) -> dict[str, Any]:
        """The whole resource."""
        return manifest_of(self.kind, self.spec, name=self.name)


def manifest_of(kind: str, change: Any = None, *, name: str = "good") -> dict[str, Any]:
    """A good resource with a change merged into its spec; a change that is no mapping replaces it."""
    spec = merged(GOOD[kind], {} if change is None else change)
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        **({} if spec is ABSENT else {"spec": spec}),
    }


def merged(old: Any, new: Any) -> Any:
    """``new`` laid over ``old``, mapping by mapping."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return deepcopy(new)
    both = {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in both.items() if value is not ABSENT}


def _of(kind: str, rows: Rows, *, cluster_only: bool = False) -> Iterator[Hostile]:
    for what, says, spec, *names in rows:
        name = names[0] if names else "hostile"
        yield Hostile(what, kind, says, spec, name=name, cluster_only=cluster_only)


def _nested(path: str, value: Any) -> dict[str, Any]:
    """A spec of one nested field, from its dotted path."""
    *outer, last = path.split(".")
    spec: dict[str, Any] = {last: value}
    for name in reversed(outer):
        spec = {name: spec}
    return spec


FUNCTION_FIELDS: Values = {
    "handler": [
        ("no handler", ABSENT),
        ("a handler without a colon", "no colon"),
        ("an empty handler", ""),
        ("a handler that is a list", ["a:b"]),
        ("a handler of 300 characters", "a:" + "b" * 298),
        ("a handler with more behind it", "a:b; import os"),
        ("a handler of two lines", "a:b\nc"),
    ],
    "image": [("an image that is a number", 5), ("an image of 513 characters", "a" * 513)],
    "description": [("a description of 2000 characters", "a" * 2000)],
    "env": [("65 variables", {f"A{number}": "" for number in range(65)})],
    "env.A": [("a variable that is a number", 1), ("a variable that is an object", {"from": "b"})],
    "dependencies": [
        ("nine dependencies", [f"d{number}" for number in range(9)]),
        ("a dependency that is an object", [{"name": "a"}]),
        ("dependencies that are a text", "openrouter"),
        ("a dependency of another namespace", ["other/openrouter"]),
        ("a dependency in capitals", ["OpenRouter"]),
        ("a dependency of 41 characters", ["a" * 41]),
    ],
    "concurrency.slotsPerWorker": [("no slots", 0), ("257 slots", 257), ("half a slot", 0.5)],
    "concurrency.isolation": [("an unknown isolation", "thread")],
    "concurrency.slots": [("a misspelt nested field", 4)],
    "timeouts.attemptSeconds": [
        ("no time", 0),
        ("two days", 172_800),
        ("an endless time", "inf s"),
    ],
    "timeouts.leaseSeconds": [("a lease shorter than a heartbeat", 0.1), ("a day's lease", 86_400)],
    "timeouts.maxAgeSeconds": [("a negative age", -1)],
    "timeouts.graceSeconds": [("two hours of grace", 7200)],
    "retry.maxAttempts": [("no attempt", 0), ("101 attempts", 101)],
    "retry.initialSeconds": [("no first delay", 0)],
    "retry.factor": [("delays that shrink", 0.5), ("delays that explode", 11)],
    "retry.schedules": [("33 schedules", {f"c{number}": [1] for number in range(33)})],
    "retry.schedules.timeout": [
        ("an empty schedule", []),
        ("a schedule that is a number", 5),
        ("a schedule of words", ["soon"]),
    ],
    "queue.maxDepth": [("a queue of no task", 0)],
    "queue.inputMaxBytes": [("inputs over 64 MiB", 67_108_865)],
    "queue.maxDeliveries": [("no delivery", 0), ("21 deliveries", 21)],
    "scaling.mode": [("an unknown mode", "active")],
    "scaling.minReplicas": [("a negative minimum", -1)],
    "scaling.maxReplicas": [("a maximum of none", 0), ("1001 workers", 1001)],
    "scaling.idleSeconds": [("negative idleness", -1)],
    "scaling.target.drainSeconds": [("a negative drain", -1)],
    "scaling.up.maxStep": [("a negative step", -1)],
    "scaling.down.stabilizationSeconds": [("two hours of stabilization", 7200)],
    "scaling.onBreakerOpen": [("an unknown reaction", "Panic")],
    "scaling.warm": [
        ("nine warm windows", [{"cron": "0 8 * * *", "durationSeconds": 1, "replicas": 1}] * 9),
        ("a cron of 101 characters", [{"cron": "*" * 101, "durationSeconds": 1, "replicas": 1}]),
        ("a window of no worker", [{"cron": "0 8 * * *", "durationSeconds": 1, "replicas": 0}]),
        ("a window without a length", [{"cron": "0 8 * * *", "replicas": 1}]),
    ],
    "history.completedTtlSeconds": [("results that are gone at once", 0)],
    "history.resourceLimit": [("5001 resources in etcd", 5001)],
    "runtime.imagePullPolicy": [("an unknown pull policy", "Sometimes")],
    "runtime.imagePullSecrets": [("five pull secrets", ["a", "b", "c", "d", "e"])],
    "runtime.secrets": [("a secret of another namespace", ["kube-system/token"])],
    "runtime.resources.limits.cpu": [("a negative processor", "-1"), ("words", "two cores")],
    "runtime.resources.limits.memory": [("memory in words", "lots"), ("a tenth", "1e-1Gi")],
    "runtime.scratchMebibytes": [("no scratch space", 0)],
    "runtime.hostNetwork": [("the node's network", True)],
    "runtime.podSpec": [("a pod spec", {"hostPID": True})],
    "runtime.serviceAccountName": [("another service account", "asynctaskflow-operator")],
    "runtime.securityContext": [("a privileged container", {"privileged": True})],
    "command": [("a command", ["sh", "-c", "id"])],
    "volumes": [("a volume of the node", [{"hostPath": {"path": "/"}}])],
    "replicas": [("a negative number of workers", -1), ("1001 forced workers", 1001)],
    "visibility": [("an unknown visibility", "auto")],
    "onDelete.tasks": [("an unknown end", "Keep")],
    "inputSchema": [("a schema that is a text", "object")],
    "hanlder": [("a misspelt field", "a:b")],
}

FUNCTION_CLUSTER_FIELDS: Values = {
    "image": [
        ("no image", ABSENT),
        ("an empty image", ""),
        ("an image with a blank", "echo:1 --privileged"),
        ("an image with a shell's word", "$(id)"),
    ],
    "env": [("a variable with an equals sign", {"A=B": "x"}), ("a variable 1A", {"1A": "x"})],
    "env.A": [("a variable of 9000 characters", "a" * 9000)],
    "dependencies": [("a dependency twice", ["openrouter", "openrouter"])],
    "concurrency.slotsPerWorker": [("slots as a text", "4")],
    "retry.schedules": [("an error class in capitals", {"Timeout": [1]})],
    "retry.schedules.timeout": [("a negative delay", [-1])],
    "queue.maxDepth": [("a queue without end", 10**12)],
    "scaling.warm": [
        ("a cron of four fields", [{"cron": "0 8 * *", "durationSeconds": 1, "replicas": 1}]),
        ("a cron by name", [{"cron": "@daily", "durationSeconds": 1, "replicas": 1}]),
    ],
    "runtime.secrets": [("a secret twice", ["a", "a"])],
    "paused": [("paused as a text", "yes")],
}

FUNCTION_CLUSTER: Rows = [
    ("a minimum over the maximum", "spec.scaling.minReplicas", {"scaling": {"minReplicas": 11}}),
    (
        "a lease far longer than an attempt",
        "spec.timeouts.leaseSeconds",
        {"timeouts": {"leaseSeconds": 3600, "attemptSeconds": 10}},
    ),
    ("a first delay over the highest", "spec.retry.initialSeconds", {"retry": {"maxSeconds": 1}}),
    (
        "more processor than allowed",
        "spec.runtime.resources.requests.cpu",
        {"runtime": {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1500m"}}}},
    ),
    (
        "more memory than allowed by default",
        "spec.runtime.resources.requests.memory",
        {"runtime": {"resources": {"requests": {"memory": "1Gi"}}}},
    ),
]

NAMES: Rows = [
    ("a name of 41 characters", "metadata.name", {}, "a" * 41),
    ("a name with a dot", "metadata.name", {}, "a.b"),
    ("a name in capitals", "metadata.name", {}, "Echo"),
    ("a name that ends with a dash", "metadata.name", {}, "a-"),
    ("no spec", "spec", ABSENT),
    ("a spec that is a list", "spec", ["a"]),
]

DEPENDENCY: Rows = [
    ("a limit without an interval", "intervalSeconds", {"rateLimit": {"intervalSeconds": ABSENT}}),
    ("a limit of no request", "rateLimit.requests", {"rateLimit": {"requests": 0}}),
    ("a negative limit", "rateLimit.requests", {"rateLimit": {"requests": -5}}),
    ("an interval of no time", "rateLimit.intervalSeconds", {"rateLimit": {"intervalSeconds": 0}}),
    ("a limit that is a text", "rateLimit", {"rateLimit": "10/s"}),
    ("a negative bucket", "rateLimit.capacity", {"rateLimit": {"capacity": -1}}),
    ("a breaker that opens without failures", "failureRatio", {"breaker": {"failureRatio": 0}}),
    ("more failures than calls", "failureRatio", {"breaker": {"failureRatio": 1.5}}),
    ("a breaker that judges no call", "minCalls", {"breaker": {"minCalls": 0}}),
    ("a window of no time", "windowSeconds", {"breaker": {"windowSeconds": 0}}),
    ("a window of a day", "windowSeconds", {"breaker": {"windowSeconds": 86_400}}),
    ("a breaker open for no time", "openSeconds", {"breaker": {"openSeconds": 0}}),
    ("a breaker that never probes", "halfOpenProbes", {"breaker": {"halfOpenProbes": 0}}),
    ("a permit of no time", "permitSeconds", {"breaker": {"permitSeconds": 0}}),
    ("a wait of an hour in a slot", "maxWaitSeconds", {"maxWaitSeconds": 3600}),
    ("an unknown override", "override", {"override": "Off"}),
    ("an address", "url", {"url": "http://169.254.169.254/"}),
]

DEPENDENCY_CLUSTER: Rows = [
    ("a bucket that lets nothing through", "rateLimit.capacity", {"rateLimit": {"capacity": 0.5}}),
    ("less than one request a day", "rateLimit.requests", {"rateLimit": {"requests": 1e-9}}),
    ("a limit that is none", "rateLimit.requests", {"rateLimit": {"requests": 1e9}}),
]

TASK: Rows = [
    ("no input", "spec", {"input": ABSENT}),
    ("two inputs", "inputRef", {"inputRef": "redis:echo/0199"}),
    ("an input and a task", "taskId", {"taskId": f"echo-{UUID}"}),
    ("no function", "function", {"function": ABSENT}),
    ("a function of another namespace", "function", {"function": "other/echo"}),
    ("a function in capitals", "function", {"function": "Echo"}),
    ("a function of 41 characters", "function", {"function": "a" * 41}),
    ("a function that closes the hash tag", "function", {"function": "a}b"}),
    ("an input that is a text", "input", {"input": "hello"}),
    ("an input that is a list", "input", {"input": [1]}),
    ("an input of 65 fields", "input", {"input": {f"f{number}": 0 for number in range(65)}}),
    ("a reference to a web page", "inputRef", {"input": ABSENT, "inputRef": "http://a/b"}),
    ("a reference that climbs", "inputRef", {"input": ABSENT, "inputRef": "redis:a/../../b"}),
    ("a reference to a file", "inputRef", {"input": ABSENT, "inputRef": "file:///etc/passwd"}),
    ("an empty reference", "inputRef", {"input": ABSENT, "inputRef": ""}),
    ("a task of another namespace", "taskId", {"input": ABSENT, "taskId": f"other/echo-{UUID}"}),
    ("a start without a time", "startAfter", {"startAfter": "tomorrow"}),
    ("a negative age", "maxAgeSeconds", {"maxAgeSeconds": -1}),
    ("101 attempts", "maxAttempts", {"maxAttempts": 101}),
    ("an unknown wish", "desiredState", {"desiredState": "Paused"}),
    ("a negative redrive", "redrives", {"redrives": -1}),
    ("1001 redrives", "redrives", {"redrives": 1001}),
    ("a negative time to live", "ttlSecondsAfterFinished", {"ttlSecondsAfterFinished": -1}),
    ("a field of somebody else's", "priority", {"priority": 9}),
    ("no spec", "spec", ABSENT),
]

TASK_CLUSTER: Rows = [
    ("a task of another function", "taskId", {"input": ABSENT, "taskId": f"other-{UUID}"}),
    ("a task with no UUID", "taskId", {"input": ABSENT, "taskId": "echo-1"}),
    (
        "a task of a function whose name begins the same",
        "taskId",
        {"input": ABSENT, "taskId": f"echo-two-{UUID}"},
    ),
    ("a start that is a number", "startAfter", {"startAfter": 1_700_000_000}),
]


def _paths(table: Values) -> Rows:
    return [
        (what, f"spec.{path}", _nested(path, value))
        for path, rows in table.items()
        for what, value in rows
    ]


HOSTILE = [
    *_of("Function", _paths(FUNCTION_FIELDS)),
    *_of("Function", _paths(FUNCTION_CLUSTER_FIELDS), cluster_only=True),
    *_of("Function", FUNCTION_CLUSTER, cluster_only=True),
    *_of("Function", NAMES),
    *_of("Dependency", NAMES),
    *_of("Dependency", DEPENDENCY),
    *_of("Dependency", DEPENDENCY_CLUSTER, cluster_only=True),
    *_of("Task", TASK),
    *_of("Task", TASK_CLUSTER, cluster_only=True),
]

"""What the operator knows of each Function: its spec, its pods, and what was decided last. In memory only.

Losing it costs nothing: it is filled from the watches and from Redis again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.scaling import (
    Decision,
    DecisionRecord,
    DependencySight,
    LoadSample,
    Memory,
    Policy,
)
from asynctaskflow.taskqueue.messages import QueueDepths
from asynctaskflow_operator.rules.workers import PodSight

LAST_KEPT = 5


@dataclass(slots=True)
class Workers:
    """A Function's Deployment and pods.

    Attributes:
        asked: replicas in the Deployment's spec; ``None`` while there is none.
        generation: of the Deployment's spec when ``asked`` was right.
        offered: idle pods that were marked for removal -> when (monotonic seconds).
        applied: what the API server made of each object that was applied, to notice when someone edits it.
    """

    asked: int | None = None
    generation: int = 0
    pods: dict[str, PodSight] = field(default_factory=dict)
    offered: dict[str, float] = field(default_factory=dict)
    applied: dict[str, Any] = field(default_factory=dict)

    @property
    def staying(self) -> list[PodSight]:
        """Pods that are not being deleted."""
        return [pod for pod in self.pods.values() if not pod.terminating]

    @property
    def ready(self) -> int:
        """Pods that are up and stay."""
        return sum(pod.ready for pod in self.staying)


@dataclass(slots=True)
class Managed:
    """One Function.

    Attributes:
        spec: ``None`` while what the resource says is not usable; ``problem`` says why.
        depths: the queue at the last look; ``None``: it could not be read.
        records: the last decisions that were news, newest first.
        sampled: the last load that was.
        seen_status: the status that the watch showed last.
    """

    name: str
    uid: str
    generation: int = 0
    spec: FunctionSpec | None = None
    policy: Policy | None = None
    problem: str = ""
    deleting: bool = False
    registered: bool = False
    workers: Workers = field(default_factory=Workers)
    memory: Memory = field(default_factory=Memory)
    p50_run_s: float = 0.0
    last_arrival_s: float | None = None
    depths: QueueDepths | None = None
    busy: int = 0
    dependencies: tuple[DependencySight, ...] = ()
    decision: Decision | None = None
    records: tuple[DecisionRecord, ...] = ()
    sampled: LoadSample | None = None
    seen_status: dict[str, Any] = field(default_factory=dict)

    def follow(self, spec: FunctionSpec) -> None:
        """Take over a new spec.

        Raises:
            ValueError: a warm window's cron expression is not one.
        """
        self.policy = Policy.of(spec)
        self.spec, self.problem = spec, ""

    def keep(self, record: DecisionRecord) -> None:
        """Remember a decision that is news."""
        self.records = (record, *self.records)[:LAST_KEPT]

    @property
    def sleeps(self) -> bool:
        """Nothing runs and only a task can change that: no need to decide anything meanwhile."""
        policy, workers = self.policy, self.workers
        if policy is None or workers.asked or workers.pods:
            return False
        if self.decision is None or self.depths is None:
            return False
        needs_nobody = not (policy.forced or policy.warm or policy.scaling.min_replicas)
        return needs_nobody and not self.decision.replicas


class Book:
    """All Functions of the namespace, by name."""

    def __init__(self) -> None:
        """Empty."""
        self._managed: dict[str, Managed] = {}
        self._workers: dict[str, Workers] = {}

    def get(self, name: str) -> Managed | None:
        """One Function; ``None`` if it is not known (yet)."""
        return self._managed.get(name)

    def add(self, name: str, *, uid: str) -> Managed:
        """The entry of a Function; a new one if it is not known, or if a namesake was replaced."""
        known = self._managed.get(name)
        if known is None or known.uid != uid:
            known = self._managed[name] = Managed(name, uid, workers=self.workers(name))
        return known

    def workers(self, name: str) -> Workers:
        """Deployment and pods of a Function, which a watch may show before the Function itself."""
        return self._workers.setdefault(name, Workers())

    def remove(self, name: str) -> None:
        """Forget a Function; fine if it is gone."""
        self._managed.pop(name, None)
        self._workers.pop(name, None)

    def __iter__(self) -> Iterator[Managed]:
        return iter(tuple(self._managed.values()))

    def __len__(self) -> int:
        return len(self._managed)

    def names(self) -> list[str]:
        """Sorted names."""
        return sorted(self._managed)

    def users_of(self, dependency: str) -> list[str]:
        """Functions that name a dependency."""
        return [
            one.name for one in self if one.spec is not None and dependency in one.spec.dependencies
        ]

    def spec(self, name: str) -> FunctionSpec | None:
        """The usable spec of a Function, if it has one."""
        known = self._managed.get(name)
        return known.spec if known else None

    def is_open(self, name: str) -> bool:
        """Whether it takes new tasks."""
        known = self._managed.get(name)
        return known is not None and known.registered and not known.deleting

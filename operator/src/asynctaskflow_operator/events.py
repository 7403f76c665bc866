"""Posts Kubernetes Events about Functions and Dependencies: few, with stable reasons, and numbers in the message."""

import itertools
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from asynctaskflow.clock import Clock
from asynctaskflow_operator.kube.kinds import API_VERSION, Kind
from asynctaskflow_operator.kube.outbox import Key, Outbox, Rank
from asynctaskflow_operator.kube.port import Kube, KubeConflict, Manifest

COMPONENT = "asynctaskflow-operator"
MESSAGE_CHARS = 1024
WAITING_MAX = (
    200  # beyond that the oldest news is dropped: Events are a courtesy, status is the record
)


class EventKind(StrEnum):
    """What ``type`` an Event has."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class About:
    """The object that an Event is about."""

    kind: Kind
    name: str
    uid: str


class Events:
    """Sends Events through the outbox, within its budget and after everything else."""

    def __init__(
        self, kube: Kube, outbox: Outbox, *, namespace: str, pod: str, clock: Clock
    ) -> None:
        """Register as the deliverer of Events."""
        self._kube = kube
        self._outbox = outbox
        self._namespace = namespace
        self._pod = pod
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: dict[str, Manifest] = {}
        self._order: deque[str] = deque()
        self._uids: dict[tuple[Kind, str], str] = {}
        outbox.route(Kind.EVENT, "create", self._send)

    def know(self, about: About) -> None:
        """The uid of an object, without which its Events are not shown beside it."""
        self._uids[about.kind, about.name] = about.uid

    def forget(self, kind: Kind, name: str) -> None:
        """The object is gone."""
        self._uids.pop((kind, name), None)

    def post(
        self, name: str, kind: EventKind, reason: str, message: str, *, of: Kind = Kind.FUNCTION
    ) -> None:
        """Say that something has happened to an object."""
        uid = self._uids.get((of, name), "")
        key = f"{name}.{self._clock.wall_ms():x}.{next(self._numbers):x}"
        self._waiting[key] = self._manifest(key, About(of, name, uid), kind, reason, message)
        self._order.append(key)
        while len(self._order) > WAITING_MAX:
            self._discard(self._order.popleft())
        self._outbox.put(Key(Kind.EVENT, "create", key), rank=Rank.CREATION)

    async def _send(self, key: str) -> None:
        manifest = self._waiting.get(key)
        if manifest is not None:
            with suppress(KubeConflict):  # it was taken, and only the answer was lost
                await self._kube.create(manifest)
            self._waiting.pop(key, None)

    def _discard(self, key: str) -> None:
        if self._waiting.pop(key, None) is not None:
            self._outbox.drop(Key(Kind.EVENT, "create", key))

    def _manifest(
        self, key: str, about: About, kind: EventKind, reason: str, message: str
    ) -> Manifest:
        now = datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC)
        stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": key, "namespace": self._namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": about.kind.text,
                "name": about.name,
                "namespace": self._namespace,
                "uid": about.uid,
            },
            "type": kind.value,
            "reason": reason,
            "message": message[:MESSAGE_CHARS],
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._pod,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }

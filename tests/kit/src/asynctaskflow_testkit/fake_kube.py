"""``Kube`` in memory: the few rules of an API server that the operator builds on, for tests of what it decides.

Passes the same contract tests as the client on a real server. Checks no schema, and fills in no defaults.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from copy import deepcopy
from itertools import count
from typing import Any
from uuid import uuid4

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import (
    KubeConflict,
    KubeNotFound,
    KubeRefused,
    KubeUnavailable,
    Manifest,
)

CREATED = "2026-01-01T00:00:00Z"
HAS_STATUS = frozenset({Kind.TASK, Kind.FUNCTION, Kind.DEPENDENCY, Kind.DEPLOYMENT, Kind.POD})
Change = tuple[str, Manifest]


class FakeKube:
    """One namespace.

    Attributes:
        away: answer nothing from now on.
        writes: verb and kind -> how many were sent, answered or not.
        reads: name -> how often an object of that name was asked for.
        broken: names whose objects make the client fail in a way that nobody foresaw.
        picky: refuse every status that has a result.
    """

    def __init__(self) -> None:
        """Empty."""
        self.away = False
        self.writes: Counter[tuple[str, Kind]] = Counter()
        self.reads: Counter[str] = Counter()
        self.broken: set[str] = set()
        self.picky = False
        self._objects: dict[tuple[Kind, str], Manifest] = {}
        self._versions = count(1)
        self._watches: dict[Kind, list[asyncio.Queue[Change]]] = {}

    async def get(self, kind: Kind, name: str) -> Manifest:
        self.reads[name] += 1
        await self._answer()
        return deepcopy(self._find(kind, name))

    async def list(self, kind: Kind, *, labels: Mapping[str, str] | None = None) -> list[Manifest]:
        await self._answer()
        wanted = (labels or {}).items()
        return [
            deepcopy(one)
            for (its_kind, _), one in sorted(self._objects.items(), key=lambda item: item[0][1])
            if its_kind is kind and wanted <= one["metadata"].get("labels", {}).items()
        ]

    async def create(self, manifest: Manifest) -> Manifest:
        kind = Kind.of(manifest)
        await self._write("create", kind)
        if (kind, manifest["metadata"]["name"]) in self._objects:
            raise KubeConflict(f"{manifest['metadata']['name']} exists")
        return self._add(kind, manifest)

    async def apply(self, manifest: Manifest) -> Manifest:
        kind, name = Kind.of(manifest), manifest["metadata"]["name"]
        await self._write("apply", kind)
        if (kind, name) not in self._objects:
            return self._add(kind, manifest)
        body = {part: value for part, value in manifest.items() if part != "status"}
        return self._merge(kind, name, body)

    async def patch(self, kind: Kind, name: str, body: Manifest) -> Manifest:
        await self._write("patch", kind)
        found = self._find(kind, name)
        version = body.get("metadata", {}).get("resourceVersion")
        if version and version != found["metadata"]["resourceVersion"]:
            raise KubeConflict(f"{name} has changed")
        hidden = {"status"} if kind in HAS_STATUS else set()
        return self._merge(kind, name, {p: v for p, v in body.items() if p not in hidden})

    async def replace_status(
        self, kind: Kind, name: str, status: Manifest, *, uid: str
    ) -> Manifest:
        await self._write("patch", kind)
        found = self._find(kind, name)
        if name in self.broken:
            raise RuntimeError(f"a defect that {name} brings to light")
        if found["metadata"]["uid"] != uid or (self.picky and "result" in status):
            raise KubeRefused(f"{name} has another uid, or its status is not valid")
        return self._store(kind, {**found, "status": deepcopy(status)}, before=found)

    async def delete(self, kind: Kind, name: str) -> None:
        await self._write("delete", kind)
        found = self._find(kind, name)
        del self._objects[kind, name]
        self._tell(kind, "DELETED", found)

    async def watch(self, kind: Kind) -> AsyncIterator[tuple[str | None, Manifest]]:
        """Everything that is there, then every change: as Kopf hands it on."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._watches.setdefault(kind, []).append(queue)
        present = [deepcopy(one) for (its, _), one in self._objects.items() if its is kind]
        try:
            for one in present:
                yield None, one
            while True:
                yield await queue.get()
        finally:
            self._watches[kind].remove(queue)

    def forget_silently(self, name: str, kind: Kind = Kind.TASK) -> None:
        """Delete an object while every watch is broken."""
        del self._objects[kind, name]

    def add_silently(self, manifest: Manifest) -> Manifest:
        """Have an object, with its status, that no watch has told of."""
        watches, self._watches = self._watches, {}
        kind, status = Kind.of(manifest), manifest.get("status")
        made = self._add(kind, manifest)
        if status:
            made = self._store(kind, {**made, "status": status}, before=made)
        self._watches = watches
        return made

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise KubeUnavailable("the fake API server is away")

    async def _write(self, verb: str, kind: Kind) -> None:
        self.writes[verb, kind] += 1
        await self._answer()

    def _find(self, kind: Kind, name: str) -> Manifest:
        with suppress(KeyError):
            return self._objects[kind, name]
        raise KubeNotFound(f"no {kind.text} {name}")

    def _add(self, kind: Kind, manifest: Manifest) -> Manifest:
        body = deepcopy(manifest)
        if kind in HAS_STATUS:
            body.pop("status", None)
        body["metadata"] |= {"uid": str(uuid4()), "creationTimestamp": CREATED, "generation": 1}
        return self._store(kind, body, before=None)

    def _merge(self, kind: Kind, name: str, body: Manifest) -> Manifest:
        found = self._find(kind, name)
        fixed = {key: found["metadata"][key] for key in ("uid", "name", "creationTimestamp")}
        merged = _merged(found, body)
        merged["metadata"] |= fixed
        if merged.get("spec") != found.get("spec"):
            merged["metadata"]["generation"] = found["metadata"]["generation"] + 1
        return self._store(kind, merged, before=found)

    def _store(self, kind: Kind, body: Manifest, *, before: Manifest | None) -> Manifest:
        if before == body:
            return deepcopy(body)
        version = str(next(self._versions))
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        self._objects[kind, body["metadata"]["name"]] = body
        self._tell(kind, "MODIFIED" if before else "ADDED", body)
        return deepcopy(body)

    def _tell(self, kind: Kind, what: str, body: Manifest) -> None:
        for queue in self._watches.get(kind, ()):
            queue.put_nowait((what, deepcopy(body)))


def _merged(old: Any, new: Any) -> Any:
    """RFC 7396: objects are merged, null takes a member away, anything else replaces."""
    if not isinstance(new, Mapping):
        return deepcopy(new)
    merged = dict(old) if isinstance(old, Mapping) else {}
    for name, part in new.items():
        if part is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), part)
    return merged

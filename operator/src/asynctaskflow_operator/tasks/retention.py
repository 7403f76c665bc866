"""Deletes the resources of finished tasks in time. Never touches a task: Redis keeps those by its own limits."""

import asyncio

from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Rank
from asynctaskflow_operator.kube.port import KubeNotFound
from asynctaskflow_operator.rules.task_history import Finished, outdated
from asynctaskflow_operator.rules.task_intent import TaskSight, sight
from asynctaskflow_operator.tasks.book import Entry
from asynctaskflow_operator.tasks.ground import TaskGround

LOOK_EVERY_S = 2.0
DEFAULT = History()


class Retention:
    """Looks at all finished resources every few seconds."""

    def __init__(self, ground: TaskGround) -> None:
        """Register as the deliverer of deletions."""
        self._book = ground.book
        self._kube = ground.kube
        self._outbox = ground.outbox
        self._functions = ground.functions
        self._clock = ground.clock
        self._gauges = ground.gauges
        self._resources_max = ground.resources_max
        ground.outbox.route(Kind.TASK, "delete", self._delete)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Have deleted what has been kept long enough."""
        self._gauges.shown(len(self._book))
        names = outdated(
            (_finished(entry) for entry in self._book if entry.over),
            self._history,
            now_s=self._clock.wall_ms() / 1000,
            resources=len(self._book),
            resources_max=self._resources_max,
        )
        for name in names:
            self._outbox.put(Key(Kind.TASK, "delete", name), rank=Rank.DELETION)

    def _history(self, function: str) -> History:
        spec = self._functions.spec(function)
        return spec.history if spec else DEFAULT

    async def _delete(self, name: str) -> None:
        """Look once more first: a namesake may have been applied, or a redrive wished for, a moment ago."""
        entry = self._book.get(name)
        if entry is None or not entry.over:
            return
        seen = entry.sight
        try:
            live = sight(await self._kube.get(Kind.TASK, name))
            if _is_done(live, seen):
                await self._kube.delete(Kind.TASK, name)
                self._book.remove(name, uid=seen.uid)
        except KubeNotFound:
            self._book.remove(name, uid=seen.uid)


def _is_done(live: TaskSight, seen: TaskSight) -> bool:
    return live.uid == seen.uid and live.ended and live.redrives <= seen.obeyed


def _finished(entry: Entry) -> Finished:
    seen = entry.sight
    return Finished(
        name=seen.name,
        function=seen.function,
        state=seen.state or TaskState.FAILED,
        finished_s=(seen.finished_ms or seen.created_ms) / 1000,
        ttl_s=seen.ttl_s,
    )

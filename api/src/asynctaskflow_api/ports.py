"""What the API needs of others. ``backend`` wires the real ones; routes know only these."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from asynctaskflow.dependencies.messages import CallDay, DependencyState, Transition
from asynctaskflow.model.ended import Ended
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import Task, TaskId
from asynctaskflow.resilience.breaker import Override
from asynctaskflow.taskqueue.messages import Event, EventPage, QueueDepths, TaskFilter
from asynctaskflow.taskqueue.protocol import Producer, Reader, Steering
from asynctaskflow_openrouter.state import ServiceStatus


class Queue(Producer, Steering, Reader, Protocol):
    """The task queue, as far as the API uses it; ``RedisQueue`` is one."""

    async def tasks(self, task_ids: Sequence[TaskId]) -> list[Task]:
        """The records of these tasks, in order; those that are gone are left out."""
        ...

    async def whole(self, task_id: TaskId) -> tuple[Task, bytes, bytes]:
        """The task, its input and, once it is COMPLETED, its result; raises ``TaskNotFound``."""
        ...

    async def entries(
        self, where: TaskFilter, *, first: int, limit: int
    ) -> list[tuple[str, float]]:
        """Uuids and index scores from number ``first`` (from 0) on, newest first; no id prefix."""
        ...

    async def all_depths(self, functions: list[str]) -> list[QueueDepths]:
        """Depths of several functions in one round trip."""
        ...

    async def ended(self, functions: Sequence[str], *, minutes: int) -> Ended:
        """How many tasks of these functions ended in each step of the last minutes, 1 to 1440."""
        ...

    async def past_events(self, after: Mapping[str, str], *, limit: int) -> list[Event]:
        """Events after the given stream id of each function that are there already, oldest first."""
        ...

    async def recent_events(
        self,
        functions: Sequence[str],
        *,
        limit: int,
        before: str = "",
        accepts: Callable[[Event], bool] = ...,
    ) -> EventPage:
        """The newest events, newest first; raises ``ValueError`` for a ``before`` that is no event's id."""
        ...

    async def last_event_id(self, function: str) -> str:
        """Id of the newest event, ``0-0`` if there is none."""
        ...

    async def first_event_id(self, function: str) -> str:
        """Id of the oldest event still kept, ``0-0`` if there is none."""
        ...

    async def open_spec(self, name: str) -> FunctionSpec:
        """The registered spec of a function that takes tasks; raises ``FunctionNotFound``."""
        ...

    async def requeue_orphaned(self, function: str) -> tuple[int, int]:
        """Queue PENDING tasks that stand in no list; (found, queued again)."""
        ...


class Dependencies(Protocol):
    """Breakers and limiters shared by all workers; ``RedisDependencies`` is one."""

    async def names(self) -> list[str]:
        """Registered dependencies, sorted."""
        ...

    async def state(self, name: str) -> DependencyState:
        """Everything about one; raises ``DependencyNotFound``."""
        ...

    async def states(self) -> list[DependencyState]:
        """Everything about all, by name."""
        ...

    async def transitions(self, name: str) -> list[Transition]:
        """The breaker's last transitions, newest first."""
        ...

    async def days(self, name: str) -> list[CallDay]:
        """Calls of the last seven days, newest first."""
        ...

    async def override(self, name: str, override: Override, *, reason: str = ...) -> bool:
        """Open, close, or let calls decide again; whether the breaker turned."""
        ...


class Provider(Protocol):
    """The LLM service's state and counters."""

    async def status(self, *, force_refresh: bool = False) -> ServiceStatus:
        """How the service is."""
        ...

    async def daily_metrics(self, *, days: int) -> Mapping[str, Mapping[str, float]]:
        """Counters per UTC day, newest first."""
        ...

    async def recent_errors(self, *, limit: int) -> list[dict[str, Any]]:
        """Failed calls of today, newest first."""
        ...


class Facts(Protocol):
    """What the cluster says of functions; fails never, and says in ``why`` what it cannot tell."""

    async def function(self, name: str) -> dict[str, Any]:
        """A ``ClusterFacts``."""
        ...

    async def events(self, functions: Collection[str], *, limit: int) -> dict[str, Any]:
        """A ``ClusterEvents``; ``functions`` are the names of all functions, by which workers are told."""
        ...

    async def aclose(self) -> None:
        """Let go of what is open."""
        ...


class Server(Protocol):
    """The Redis behind all of it."""

    async def ping_s(self) -> float:
        """Round trip in seconds; raises ``QueueUnavailable``."""
        ...

    async def refuse_unsafe(self) -> None:
        """Raises ``UnsafeServer`` for a server that would lose tasks."""
        ...

    def pool(self) -> Mapping[str, Any]:
        """Numbers of the connection pool."""
        ...

"""Keeps a worker's leases and its record alive from a thread of its own, with a client of its own."""

from collections.abc import Callable, Mapping, Sequence

from asynctaskflow.model import keys
from asynctaskflow.store.connection import SyncRedis, translated
from asynctaskflow.store.scripts import Argument
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.scripts import HAND_BACK, REAP_EXPIRED, RENEW

RECORD_LEASES = 10


class RedisLeaseKeeper:
    """One command renews every running task of one worker and says that the worker lives.

    Attributes:
        lease_ms: counts from the next renewal on; any thread may set it.
    """

    def __init__(
        self,
        client: SyncRedis,
        *,
        function: str,
        worker_id: str,
        lease_ms: int,
        on_revision: Callable[[str], object] | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            on_revision: told which revision of the function's spec each renewal has seen, on the thread that
                renews; an empty one is not told.
        """
        self._client = client
        self._function = function
        self._worker_id = worker_id
        self.lease_ms = lease_ms
        self._on_revision = on_revision
        self._keys = function_keys(function)

    def renew(
        self, record: Mapping[str, str | int | float], leases: Sequence[tuple[str, str]]
    ) -> set[str]:
        """Extend the leases of ``(uuid, lease)`` pairs and store the worker's record.

        Args:
            record: fields of ``WorkerInfo`` by name (state, started, host, pid, slots, active, …).
            leases: ``(uuid, lease)`` of each running task.

        Returns:
            uuids whose lease is lost: cancelled, deleted, or given to another worker.
        """
        args: list[Argument] = [
            self._worker_id,
            self.lease_ms,
            RECORD_LEASES * self.lease_ms,
            len(record),
        ]
        for name, value in record.items():
            args += [name, value]
        for uuid, lease in leases:
            args += [uuid, lease]
        script_keys = [
            *self._keys,
            keys.worker(self._function, self._worker_id),
            keys.workers(self._function),
        ]
        with translated():
            revision, *lost = RENEW.run_sync(self._client, script_keys, args)
        if revision and self._on_revision is not None:
            self._on_revision(revision.decode())
        return {uuid.decode() for uuid in lost}

    def hand_back(self, leases: Sequence[tuple[str, str]], *, reason: str) -> None:
        """Return running tasks from the thread, when the loop cannot do it any more."""
        script_keys = [*self._keys, *(keys.task(self._function, uuid) for uuid, _ in leases)]
        args: list[Argument] = []
        for uuid, lease in leases:
            args += [uuid, lease, reason, 0]
        with translated():
            HAND_BACK.run_sync(self._client, script_keys, args)

    def reap(self, *, max_deliveries: int) -> tuple[int, int, int]:
        """(queued again, dead-lettered, expired) of one ``reap_expired``."""
        with translated():
            again, dead, expired = REAP_EXPIRED.run_sync(self._client, self._keys, [max_deliveries])
        return int(again), int(dead), int(expired)

    def deregister(self) -> None:
        """Forget this worker: it has stopped on purpose and holds nothing."""
        with translated():
            self._client.delete(keys.worker(self._function, self._worker_id))
            self._client.zrem(keys.workers(self._function), self._worker_id)
            self._client.hdel(keys.claims(self._function), self._worker_id)

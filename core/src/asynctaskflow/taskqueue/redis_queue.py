"""The whole queue over one Redis: every port in one object, for processes that need more than one."""

from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.producer import RedisProducer
from asynctaskflow.taskqueue.reader import RedisReader
from asynctaskflow.taskqueue.registry import RedisRegistry
from asynctaskflow.taskqueue.steering import BlobDeleter, RedisSteering
from asynctaskflow.taskqueue.submission import DAY_MS


class RedisQueue(RedisProducer, RedisSteering, RedisReader, RedisRegistry):
    """``Producer``, ``Steering``, ``Upkeep``, ``Reader`` and the registry over Redis."""

    def __init__(
        self,
        client: AsyncRedis,
        *,
        blocking: AsyncRedis | None = None,
        blobs: BlobDeleter | None = None,
        durability: Durability | None = None,
        idempotency_ms: int = DAY_MS,
        timeout_s: float = 2.0,
    ) -> None:
        """Nothing is sent yet.

        Args:
            client: for commands, with deadlines.
            blocking: for reads that wait (events); a client of its own keeps them apart.
            blobs: where the large inputs and results of deleted tasks are.
            durability: what accepting a task means.
            idempotency_ms: how long an idempotency key is remembered.
            timeout_s: deadline of one script call that accepts tasks.
        """
        RedisProducer.__init__(
            self,
            client,
            blocking=blocking,
            durability=durability,
            idempotency_ms=idempotency_ms,
            timeout_s=timeout_s,
        )
        RedisSteering.__init__(self, client, blobs=blobs)
        RedisReader.__init__(self, client, blocking=blocking)

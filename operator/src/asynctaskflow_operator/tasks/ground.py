"""What every part of the Task side stands on."""

from dataclasses import dataclass

from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.clock import Clock
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.kube.port import Kube
from asynctaskflow_operator.tasks.book import TaskBook
from asynctaskflow_operator.tasks.lookup import FunctionLookup


@dataclass(frozen=True, slots=True)
class TaskGround:
    """Whom to ask and whom to tell; ``book`` is what the parts share.

    Attributes:
        resources_max: beyond these, no resource is made, and finished ones go early.
        writes_burst: what the whole write budget is.
    """

    book: TaskBook
    kube: Kube
    outbox: Outbox
    queue: RedisQueue
    blobs: BlobStore
    functions: FunctionLookup
    clock: Clock
    gauges: OperatorGauges
    resources_max: int
    writes_burst: int

"""A throw-away Redis Cluster on loopback: three primaries, each with a replica, and its faults."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from secrets import token_hex

from redis.crc import key_slot
from redis.exceptions import RedisError, ResponseError

from asynctaskflow_testkit.lifetime import LOOPBACK, Closing, free_port
from asynctaskflow_testkit.servers import Flavour, RedisServer, available
from asynctaskflow_testkit.waiting import until

SLOTS = 16_384
PRIMARIES = 3
NODES_FILE = "nodes.conf"
WHOLE_WITHIN_S = 30.0
NODE_TIMEOUT_MS = 1_000
MIGRATE_TIMEOUT_MS = 5_000

OPTIONS: Mapping[str, str] = {
    "cluster-enabled": "yes",
    "cluster-config-file": NODES_FILE,
    "cluster-node-timeout": str(NODE_TIMEOUT_MS),
    "cluster-replica-validity-factor": "0",
    "cluster-allow-replica-migration": "no",
    "repl-ping-replica-period": "1",
}


class ClusterNode(RedisServer):
    """A server with a second port for the cluster's own bus."""

    bus_port = 0
    name = ""

    def reserve(self) -> None:
        """Choose ports and the id that the other nodes know it by, without starting."""
        self.name = token_hex(20)
        self.port, self.bus_port = free_port(), free_port()

    @property
    def is_primary(self) -> bool:
        """Whether it holds the role now (not whether it answers for slots)."""
        return str(self.command("ROLE")[0]) == "master"

    def _arguments(self) -> dict[str, str]:
        return {**super()._arguments(), "cluster-port": str(self.bus_port)}


@dataclass(frozen=True, slots=True)
class Shard:
    """One primary, its replicas, and its slots as inclusive ranges."""

    primary: ClusterNode
    replicas: tuple[ClusterNode, ...]
    slots: tuple[tuple[int, int], ...]

    def holds(self, slot: int) -> bool:
        """Whether the slot is one of its."""
        return any(first <= slot <= last for first, last in self.slots)


class RedisCluster(Closing):
    """Three primaries with a replica each; see ``start_cluster``."""

    def __init__(self, nodes: Iterable[ClusterNode]) -> None:
        """Take running nodes of one cluster."""
        self.nodes = tuple(nodes)
        self.flavour = self.nodes[0].flavour

    @property
    def url(self) -> str:
        """As the product's settings take it; any living node leads to the others."""
        seed = next(node for node in self.nodes if node.alive)
        return f"redis+cluster://{LOOPBACK}:{seed.port}"

    def shards(self) -> list[Shard]:
        """Who holds which slots, as a living node sees it."""
        by_id = {node.name: node for node in self.nodes if node.alive}
        ranges: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for slots, members in _slot_map(self._any()).items():
            ranges.setdefault(members, []).append(slots)
        found = []
        for members, held in ranges.items():
            nodes = [by_id[member] for member in members if member in by_id]
            found.append(Shard(nodes[0], tuple(nodes[1:]), tuple(held)))
        return found

    def shard_of(self, key: str) -> Shard:
        """The shard that holds the key."""
        slot = key_slot(key.encode())
        return next(shard for shard in self.shards() if shard.holds(slot))

    def primary_of(self, key: str) -> ClusterNode:
        """The node that answers for the key."""
        return self.shard_of(key).primary

    def is_whole(self) -> bool:
        """Every node is up, every slot is served, every replica follows, and all nodes agree."""
        with suppress(RedisError, OSError):
            views = [_slot_map(node) for node in self.nodes]
            served = {member for members in views[0].values() for member in members}
            agreed = all(view == views[0] for view in views) and len(served) == len(self.nodes)
            return agreed and all(_is_settled(node) for node in self.nodes)
        return False

    def await_failover(self, lost: Shard) -> None:
        """Wait until a replica of a killed primary has its place and a majority knows it."""
        until(lambda: any(node.is_primary for node in lost.replicas), WHOLE_WITHIN_S)
        until(lambda: self._owner(lost.slots[0][0]) in lost.replicas, WHOLE_WITHIN_S)

    def heal(self) -> None:
        """Restart what a test killed or froze and wait until the cluster is whole again."""
        for node in self.nodes:
            node.thaw()
            if not node.alive:
                node.restart()
        until(self.is_whole, WHOLE_WITHIN_S, what="the cluster is whole")

    def flush(self) -> None:
        """Empty every primary."""
        for node in self.nodes:
            if node.is_primary:
                node.command("FLUSHALL")

    def migrate_slot(self, slot: int, target: ClusterNode, *, batch: int = 10) -> int:
        """Move one slot key by key, the way of every Redis and Valkey; returns the number of keys moved."""
        source = next(shard.primary for shard in self.shards() if shard.holds(slot))
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.name)
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.name)
        moved = 0
        while keys := source.command("CLUSTER", "GETKEYSINSLOT", slot, batch):
            source.command(
                "MIGRATE", LOOPBACK, target.port, "", 0, MIGRATE_TIMEOUT_MS, "KEYS", *keys
            )
            moved += len(keys)
        for node in [target, source, *self.nodes]:
            with suppress(ResponseError):  # a replica refuses; it learns from its primary
                node.command("CLUSTER", "SETSLOT", slot, "NODE", target.name)
        return moved

    def migrate_slot_atomically(self, slot: int, target: ClusterNode) -> None:
        """Move one slot in one step (Valkey 9) and wait until the target answers for it."""
        source = next(shard.primary for shard in self.shards() if shard.holds(slot))
        source.command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.name)
        until(lambda: self._owner(slot) is target, WHOLE_WITHIN_S, what=f"slot {slot} has moved")

    def close(self) -> None:
        """End all nodes and remove their data."""
        for node in self.nodes:
            node.close()

    def _owner(self, slot: int) -> ClusterNode:
        return next(shard.primary for shard in self.shards() if shard.holds(slot))

    def _any(self) -> ClusterNode:
        return next(node for node in self.nodes if node.alive)


def _slot_map(node: ClusterNode) -> dict[tuple[int, int], tuple[str, ...]]:
    """Slot range -> ids of its primary and replicas, as the node sees it."""
    rows = node.command("CLUSTER", "SLOTS")
    return {
        (int(first), int(last)): (str(primary[2]), *sorted(str(replica[2]) for replica in replicas))
        for first, last, primary, *replicas in rows
    }


def _is_settled(node: ClusterNode) -> bool:
    """The node sees a healthy cluster, and if it is a replica it has its primary's data."""
    if "cluster_state:ok" not in str(node.command("CLUSTER", "INFO")):
        return False
    nodes = str(node.command("CLUSTER", "NODES"))
    if "fail" in nodes or "handshake" in nodes:
        return False
    role = node.command("ROLE")
    return str(role[0]) == "master" or str(role[3]) == "connected"


def start_cluster(flavour: Flavour | None = None) -> RedisCluster:
    """A running, whole cluster of six nodes."""
    chosen = flavour or available()[0]
    with ExitStack() as stack:
        nodes = [ClusterNode(chosen, options=OPTIONS) for _ in range(2 * PRIMARIES)]
        for node in nodes:
            stack.callback(node.close)
            node.reserve()
        for node in nodes:
            (node.folder / NODES_FILE).write_text(_nodes_file(nodes, me=node))
            node.restart()
        cluster = RedisCluster(nodes)
        until(cluster.is_whole, WHOLE_WITHIN_S, what="the cluster is whole")
        stack.pop_all()
        return cluster


def _nodes_file(nodes: Sequence[ClusterNode], *, me: ClusterNode) -> str:
    """The cluster as each node would have saved it: nobody has to be introduced, which takes up to 10 s."""
    lines = []
    for number, node in enumerate(nodes):
        role, slots = f"slave {nodes[number % PRIMARIES].name}", ""
        if number < PRIMARIES:
            start, stop = number * SLOTS // PRIMARIES, (number + 1) * SLOTS // PRIMARIES - 1
            role, slots = "master -", f" {start}-{stop}"
        myself = "myself," if node is me else ""
        address = f"{LOOPBACK}:{node.port}@{node.bus_port}"
        lines.append(
            f"{node.name} {address} {myself}{role} 0 0 {number % PRIMARIES + 1} connected{slots}"
        )
    return "\n".join([*lines, f"vars currentEpoch {PRIMARIES} lastVoteEpoch 0", ""])

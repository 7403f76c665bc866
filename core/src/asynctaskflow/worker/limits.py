"""From a function's spec and this process's settings to the bounds of each part of a worker. Pure."""

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.worker.attempt import AttemptLimits
from asynctaskflow.worker.heartbeat import HeartbeatLimits
from asynctaskflow.worker.loop import LoopLimits

HEARTBEATS_PER_LEASE = 3
LONGEST_HEARTBEAT_S = 5.0  # it also tells what the worker does and brings changes of the spec
LEASE_MARGIN = 1 / 6


def loop_limits(spec: FunctionSpec, settings: WorkerSettings) -> LoopLimits:
    """Slots, lease, ticks."""
    return LoopLimits(
        slots=spec.concurrency.slots_per_worker,
        lease_s=spec.timeouts.lease_seconds,
        safety_tick_s=settings.safety_tick_s,
        max_tasks=settings.max_tasks,
    )


def heartbeat_limits(spec: FunctionSpec, settings: WorkerSettings) -> HeartbeatLimits:
    """How often to renew and to reap."""
    lease_s = spec.timeouts.lease_seconds
    usual_s = min(lease_s / HEARTBEATS_PER_LEASE, LONGEST_HEARTBEAT_S)
    return HeartbeatLimits(
        lease_s=lease_s,
        heartbeat_s=settings.heartbeat_s or usual_s,
        reaper_tick_s=settings.reaper_tick_s,
        stuck_after_s=settings.unwind_s,
        max_deliveries=spec.queue.max_deliveries,
    )


def attempt_limits(spec: FunctionSpec, settings: WorkerSettings) -> AttemptLimits:
    """Time and size of one attempt."""
    return AttemptLimits(
        timeout_s=spec.timeouts.attempt_seconds, inline_bytes=settings.max_inline_result_bytes
    )


def lease_margin_s(spec: FunctionSpec) -> float:
    """A lease this close to its end is not trusted any more."""
    return spec.timeouts.lease_seconds * LEASE_MARGIN


def lease_ms(spec: FunctionSpec) -> int:
    """The lease as the queue wants it."""
    return round(spec.timeouts.lease_seconds * 1000)

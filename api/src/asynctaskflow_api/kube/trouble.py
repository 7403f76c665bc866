"""Why a pod does not work: the first thing that keeps it from it, in the order in which a pod comes up.

Decides from values alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from asynctaskflow_api.kube.objects import ContainerStatus, Pod, Terminated

# What every pod goes through, and so no trouble in itself.
STARTING = frozenset({"ContainerCreating", "PodInitializing", "ContainersNotReady"})
GOING = "Terminating"
DONE = "Succeeded"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of a pod.

    Attributes:
        reason: CamelCase, as Kubernetes writes it; empty: nothing is to be said.
        message: for people; may be empty.
    """

    reason: str = ""
    message: str = ""


def is_ready(pod: Pod) -> bool:
    """Whether it works."""
    found = pod.condition("Ready")
    return found is not None and found.status == "True"


def phase_of(pod: Pod) -> str:
    """As kubectl shows it: a pod that is asked to go is still Running for Kubernetes."""
    return GOING if pod.metadata.deleted else pod.status.phase


def needs_help(pod: Pod) -> bool:
    """Whether it will hardly work by itself: neither ready, nor on its way there, nor on its way out."""
    if is_ready(pod) or phase_of(pod) in {GOING, DONE}:
        return False
    reason = finding(pod).reason
    return bool(reason) and reason not in STARTING


def finding(pod: Pod) -> Finding:
    """What keeps it from working; of one that works, how it ended before its last restart."""
    return next(_findings(pod), Finding())


def _findings(pod: Pod) -> Iterator[Finding]:
    """All there is to say, what matters most first."""
    status = pod.status
    if status.reason:  # the whole pod: evicted, its node lost
        yield Finding(status.reason, status.message)
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        yield Finding(scheduled.reason or "Unschedulable", scheduled.message)
    containers = (*status.first_containers, *status.main_containers)
    yield from filter(_is_bad, map(_waits_for, containers))
    for one in containers:
        if one.state.terminated is not None and one.state.terminated.exit_code:
            yield _end(one.state.terminated)
    yield from filter(lambda found: found.reason, map(_waits_for, containers))
    for one in containers:
        if one.before.terminated is not None:
            yield _end(one.before.terminated)
    ready = pod.condition("Ready")
    if ready is not None and ready.status != "True":
        yield Finding(ready.reason, ready.message)


def _is_bad(found: Finding) -> bool:
    return bool(found.reason) and found.reason not in STARTING


def _waits_for(container: ContainerStatus) -> Finding:
    """A back-off says how long it waits, and the end before it says why: both are told."""
    waiting, before = container.state.waiting, container.before.terminated
    if waiting is None:
        return Finding()
    if before is None:
        return Finding(waiting.reason, waiting.message)
    end = _end(before)
    told = f"{end.reason}: {end.message}" if end.reason else end.message
    return Finding(waiting.reason, "; ".join(filter(None, (told, waiting.message))))


def _end(ended: Terminated) -> Finding:
    said = f", {ended.message.strip()}" if ended.message else ""
    return Finding(ended.reason or "Terminated", f"exit code {ended.exit_code}{said}")

"""Takes an installation's resources away before its operator goes, so that nothing is stuck in its end.

The operator still runs: it lets Functions finish their tasks. What it does not finish in time is failed, and what even
then does not end is let go all the same. Data in Redis is not touched here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asynctaskflow_operator.kube.kinds import FINALIZER, Kind
from asynctaskflow_operator.kube.port import Kube, KubeNotFound, Manifest
from asynctaskflow_operator.release.manifests import KINDS, RELEASE_LABEL, Say

FAIL_AT_ONCE: Manifest = {"spec": {"onDelete": {"tasks": "Fail", "timeoutSeconds": 0}}}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What goes with a release, and how long each step may take.

    Attributes:
        operator: the operator's Deployment; blank: none runs.
        secrets: those to delete.
        timeout_s: for Functions to finish their tasks.
        fail_s: for the operator to fail what is left then.
        stop_s: for the operator to stop.
        look_s: between two looks.
    """

    release: str
    operator: str = ""
    secrets: tuple[str, ...] = ()
    timeout_s: float = 120.0
    fail_s: float = 20.0
    stop_s: float = 60.0
    look_s: float = 0.5


async def remove_all(kube: Kube, leaving: Leaving, say: Say) -> None:
    """Delete the values' resources and their tasks, wait for them, take our finalizer off all others.

    Args:
        say: told one line about each.

    Raises:
        KubeUnavailable, KubeRefused
    """
    ours = await _ours(kube, leaving.release)
    functions = {one["metadata"]["name"] for kind, one in ours if kind is Kind.FUNCTION}
    for kind, one in ours:
        await _quietly(kube.delete(kind, one["metadata"]["name"]))
        say(f"{kind.text} {one['metadata']['name']}: deleted")
    await _finish(kube, leaving, say)
    await _stop_operator(kube, leaving, say)
    for task in await kube.list(Kind.TASK):
        if task["spec"]["function"] in functions:
            await _quietly(kube.delete(Kind.TASK, task["metadata"]["name"]))
    await _let_go(kube, say)
    for name in leaving.secrets:
        await _quietly(kube.delete(Kind.SECRET, name))
        say(f"Secret {name}: deleted")


async def _finish(kube: Kube, leaving: Leaving, say: Say) -> None:
    """Wait for the values' resources to go; after the timeout their tasks are failed."""

    async def gone() -> bool:
        return not await _ours(kube, leaving.release)

    if await _in_time(gone, leaving.timeout_s, leaving.look_s):
        return
    for kind, one in await _ours(kube, leaving.release):
        if kind is Kind.FUNCTION:
            await _quietly(kube.patch(kind, one["metadata"]["name"], FAIL_AT_ONCE))
            say(f"Function {one['metadata']['name']}: not done in time, its tasks are failed")
    await _in_time(gone, leaving.fail_s, leaving.look_s)


async def _stop_operator(kube: Kube, leaving: Leaving, say: Say) -> None:
    """One that runs would put its finalizer back on what it looks after, and show tasks again that are deleted."""
    if not leaving.operator:
        return
    await _quietly(kube.patch(Kind.DEPLOYMENT, leaving.operator, {"spec": {"replicas": 0}}))
    labels = {
        "app.kubernetes.io/component": "operator",
        "app.kubernetes.io/instance": leaving.release,
    }

    async def stopped() -> bool:
        return not await kube.list(Kind.POD, labels=labels)

    if await _in_time(stopped, leaving.stop_s, leaving.look_s):
        say("operator: stopped")
    else:
        say("operator: still there; finalizers may come back")


async def _let_go(kube: Kube, say: Say) -> None:
    """Take our finalizer off everything that is left: nobody will answer for it."""
    for kind in KINDS:
        for one in await kube.list(kind):
            meta = one["metadata"]
            others = [name for name in meta.get("finalizers", ()) if name != FINALIZER]
            if len(others) == len(meta.get("finalizers", ())):
                continue
            body: Manifest = {"metadata": {"finalizers": others}}
            await _quietly(kube.patch(kind, meta["name"], body))
            say(f"{kind.text} {meta['name']}: finalizer taken off")


async def _ours(kube: Kube, release: str) -> list[tuple[Kind, Manifest]]:
    return [
        (kind, one)
        for kind in reversed(KINDS)
        for one in await kube.list(kind, labels={RELEASE_LABEL: release})
    ]


async def _in_time(
    condition: Callable[[], Awaitable[bool]], timeout_s: float, look_s: float
) -> bool:
    """Whether it came true within the time."""
    deadline_s = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() >= deadline_s:
            return False
        await asyncio.sleep(look_s)
    return True


async def _quietly(action: Awaitable[object]) -> None:
    """Done, or there was nothing to do."""
    try:
        await action
    except KubeNotFound:
        return

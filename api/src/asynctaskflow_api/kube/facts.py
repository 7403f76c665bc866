"""The cluster's facts about functions, read when somebody looks: bounded in time and size, shared by all who look.

Nothing else waits for it, and what fails is said in the answer. Only reads, only in our namespace.
"""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow_api.kube import shapes
from asynctaskflow_api.kube.objects import Deployment, Event, Function, Pod
from asynctaskflow_api.kube.reader import FactsUnavailable, Reader
from asynctaskflow_api.kube.reviews import ServiceAccount
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_api.shared import Shared

OURS, APPS, CORE = "apis/asynctaskflow.dev/v1alpha1", "apis/apps/v1", "api/v1"
# Three sieves for the whole namespace. Of pods only warnings: each start of a worker makes five Events that are none.
SIEVES = (
    "involvedObject.apiVersion=asynctaskflow.dev/v1alpha1",
    "involvedObject.apiVersion=apps/v1",
    "involvedObject.kind=Pod,type=Warning",
)
PAGES = 4  # of each sieve: Events come by name, so the newest are known only when all are there
CLOSELY = 5  # pods whose every Event is read
NOT_ALL = "There are more Events than are read; some may be missing."
LATE = "The API server does not answer in time."
OFF = "This API reads no cluster: it runs outside of one, or ATF_API_KUBE_FACTS is off."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """The namespace's Events; ``why`` says why there are none, or not all."""

    events: Sequence[Event]
    why: str


class NoFacts:
    """What is known of the cluster where it is not read."""

    def __init__(self, why: str, *, enabled: bool, namespace: str = "") -> None:
        """Keep what is said."""
        self._answer = _answer(why, enabled=enabled, namespace=namespace)

    async def function(self, name: str) -> dict[str, Any]:  # noqa: ARG002 - none is known
        """See ``Facts.function``."""
        return _nothing(self._answer)

    async def events(self, functions: Collection[str], *, limit: int) -> dict[str, Any]:  # noqa: ARG002
        """See ``Facts.events``."""
        return {**self._answer, "events": []}

    async def aclose(self) -> None:
        """Nothing is open."""


class KubeFacts:
    """What the API server says, at most two seconds old."""

    def __init__(self, reader: Reader, settings: ApiSettings, *, clock: Clock) -> None:
        """Nothing is sent yet."""
        self._reader = reader
        self._namespace = settings.kube_namespace
        self._timeout_s = settings.kube_facts_timeout_s
        self._failing: dict[str, bool] = {}
        kept_s = settings.kube_facts_kept_s
        self._functions = Shared(self._read_function, clock, kept_s=kept_s)
        self._sweeps = Shared(self._sweep, clock, kept_s=kept_s)

    async def aclose(self) -> None:
        """End what is being read, and let go of the connections."""
        await self._functions.aclose()
        await self._sweeps.aclose()
        await self._reader.aclose()

    async def function(self, name: str) -> dict[str, Any]:
        """See ``Facts.function``."""
        return await self._functions.get(name)

    async def events(self, functions: Collection[str], *, limit: int) -> dict[str, Any]:
        """See ``Facts.events``."""
        sweep = await self._sweeps.get("")
        ours = [one for one in sweep.events if shapes.is_ours(one, functions)]
        answer = self._said(sweep.why, available=not sweep.why or sweep.why == NOT_ALL)
        return {**answer, "events": shapes.events(ours, limit=limit)}

    async def _read_function(self, name: str) -> dict[str, Any]:
        until_s = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(until_s):
                function, deployment, (pods, _) = await _together(
                    self._reader.get(OURS, "functions", name, Function),
                    self._reader.get(APPS, "deployments", shapes.deployment_name(name), Deployment),
                    self._reader.listed(
                        CORE, "pods", Pod, labelSelector=f"{shapes.FUNCTION_LABEL}={name}"
                    ),
                )
        except (FactsUnavailable, TimeoutError) as error:
            return _nothing(
                self._said(self._note("functions", str(error) or LATE), available=False)
            )
        if function is None:
            why = f"There is no Function {name} in namespace {self._namespace}."
            return _nothing(self._said(why, available=False))
        self._note("functions", "")
        worst = shapes.worst_first(pods)
        events, why = await self._events_of(name, worst, until_s)
        return {
            **self._said(why, available=True),
            "conditions": shapes.conditions(function, deployment),
            "workers": shapes.workers(deployment),
            "pods": [shapes.pod(one) for one in worst[: shapes.PODS_SHOWN]],
            "events": shapes.events(events, limit=shapes.EVENTS_SHOWN),
        }

    async def _events_of(
        self, name: str, pods: Sequence[Pod], until_s: float
    ) -> tuple[list[Event], str]:
        """A function's Events, and why they may not be all; without them the rest is still worth showing."""
        try:
            async with asyncio.timeout_at(until_s):
                sweep, *closely = await _together(
                    self._sweeps.get(""),
                    *(self._pod_events(one.metadata.name) for one in pods[:CLOSELY]),
                )
        except (FactsUnavailable, TimeoutError) as error:
            return [], str(error) or LATE
        swept = [one for one in sweep.events if shapes.function_of(one) == name]
        ours = [one for one in swept if one.about.kind != "Task"]
        return ours + [event for events in closely for event in events], sweep.why

    async def _pod_events(self, pod: str) -> list[Event]:
        sieve = f"involvedObject.kind=Pod,involvedObject.name={pod}"
        found, _ = await self._reader.listed(CORE, "events", Event, fieldSelector=sieve)
        return found

    async def _sweep(self, _: str) -> _Sweep:
        try:
            async with asyncio.timeout(self._timeout_s):
                parts = await _together(
                    *(
                        self._reader.listed(CORE, "events", Event, pages=PAGES, fieldSelector=one)
                        for one in SIEVES
                    )
                )
        except (FactsUnavailable, TimeoutError) as error:
            return _Sweep([], self._note("events", str(error) or LATE))
        self._note("events", "")
        events = [event for found, _ in parts for event in found]
        return _Sweep(events, "" if all(whole for _, whole in parts) else NOT_ALL)

    def _said(self, why: str, *, available: bool) -> dict[str, Any]:
        answer = _answer(why, enabled=True, namespace=self._namespace)
        return {**answer, "available": available}

    def _note(self, part: str, why: str) -> str:
        """Log changes only: whoever looks, looks again every few seconds."""
        if bool(why) is not self._failing.get(part, False):
            self._failing[part] = bool(why)
            if why:
                _log.warning("cluster_facts_unavailable", part=part, reason=why)
            else:
                _log.info("cluster_facts_are_back", part=part)
        return why


def open_facts(settings: ApiSettings, clock: Clock) -> KubeFacts | NoFacts:
    """The real ones, read as this pod's service account; none where they are off or there is no account."""
    if not settings.kube_facts:
        return NoFacts(OFF, enabled=False)
    folder, namespace = settings.kube_account_dir, settings.kube_namespace
    try:
        account = ServiceAccount(folder)
    except OSError as error:
        why = f"This API has no service account to read the cluster with, in {folder}."
        _log.warning("cluster_facts_unavailable", reason=why, error=str(error))
        return NoFacts(why, enabled=True, namespace=namespace)
    reader = Reader(
        settings.kube_url, account, namespace=namespace, step_s=settings.kube_facts_timeout_s / 2
    )
    return KubeFacts(reader, settings, clock=clock)


def _answer(why: str, *, enabled: bool, namespace: str) -> dict[str, Any]:
    return {"enabled": enabled, "available": False, "why": why, "namespace": namespace}


def _nothing(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "conditions": [], "workers": None, "pods": [], "events": []}


async def _together(*reads: Awaitable[Any]) -> list[Any]:
    """All answers, once all are there or have failed; the first failure is raised."""
    found = await asyncio.gather(*reads, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found

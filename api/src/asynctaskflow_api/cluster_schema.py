"""The shapes of answers about the cluster, for the OpenAPI document."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from asynctaskflow_api.schema import Model


class ClusterCondition(Model):
    """One condition of a Function, or of its Deployment."""

    of: Literal["Function", "Deployment"]
    type: str
    status: str = Field(description="True, False or Unknown.")
    reason: str
    message: str
    since: datetime | None = Field(description="When the status last changed.")


class ClusterWorkers(Model):
    """The Deployment's numbers of pods."""

    desired: int
    ready: int
    updated: int = Field(description="Pods of the newest version.")
    image: str


class ClusterPod(Model):
    """One worker's pod."""

    name: str
    phase: str = Field(description="As kubectl shows it: Terminating too.")
    ready: bool
    needs_help: bool = Field(description="It will hardly become ready by itself.")
    restarts: int
    node: str | None
    reason: str = Field(
        description="The first thing that keeps it from working, such as OOMKilled."
    )
    message: str
    created_at: datetime | None


class ClusterEvent(Model):
    """A Kubernetes Event; they are kept for an hour by default."""

    at: datetime | None = Field(description="When it was last seen.")
    type: str = Field(description="Normal or Warning.")
    reason: str
    message: str
    object: str = Field(description="Kind and name.", examples=["Function/summarize"])
    count: int = Field(description="How often it was seen.")
    function: str | None = Field(description="Where the object's name tells.")


class ClusterAnswer(Model):
    """What every answer about the cluster says."""

    enabled: bool = Field(description="Whether this API is told to read the cluster at all.")
    available: bool = Field(description="Whether there is something to show.")
    why: str = Field(description="Why nothing, or not everything, is shown; else empty.")
    namespace: str


class ClusterFacts(ClusterAnswer):
    """A function as the cluster sees it."""

    conditions: list[ClusterCondition]
    workers: ClusterWorkers | None = Field(description="None: there is no Deployment.")
    pods: list[ClusterPod] = Field(description="Those in trouble first; at most 100.")
    events: list[ClusterEvent] = Field(description="Newest first; at most 50.")


class ClusterEvents(ClusterAnswer):
    """The namespace's Events about resources of ours, newest first."""

    events: list[ClusterEvent]

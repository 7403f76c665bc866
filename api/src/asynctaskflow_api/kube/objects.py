"""Kubernetes objects as the API server writes them, as far as we look: what is missing has a default.

Nothing here decides; `trouble` and `shapes` do.
"""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Metadata(_Part):
    """Of any object; ``deleted`` once it is asked to go."""

    name: str = ""
    uid: str = ""
    created: datetime | None = Field(None, alias="creationTimestamp")
    deleted: datetime | None = Field(None, alias="deletionTimestamp")


class Condition(_Part):
    """One condition of a status; ``status`` is True, False or Unknown."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: datetime | None = Field(None, alias="lastTransitionTime")


class Waiting(_Part):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class Terminated(_Part):
    """How a container has ended."""

    reason: str = ""
    message: str = ""
    exit_code: int = Field(0, alias="exitCode")


class ContainerState(_Part):
    """At most one of them is there; none: it runs."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Part):
    """One container of a pod, now and before its last restart."""

    ready: bool = False
    restarts: int = Field(0, alias="restartCount")
    state: ContainerState = ContainerState()
    before: ContainerState = Field(ContainerState(), alias="lastState")


class PodStatus(_Part):
    """What scheduler and kubelet say of a pod."""

    phase: str = "Unknown"
    reason: str = ""
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    first_containers: tuple[ContainerStatus, ...] = Field((), alias="initContainerStatuses")
    main_containers: tuple[ContainerStatus, ...] = Field((), alias="containerStatuses")


class PodSpec(_Part):
    """Where it is."""

    node: str = Field("", alias="nodeName")


class Pod(_Part):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def condition(self, kind: str) -> Condition | None:
        """Its condition of a type."""
        return next((one for one in self.status.conditions if one.type == kind), None)


class FunctionStatus(_Part):
    """What the operator says."""

    conditions: tuple[Condition, ...] = ()


class Function(_Part):
    """A Function of ours."""

    metadata: Metadata
    status: FunctionStatus = FunctionStatus()


class Container(_Part):
    """One container as it is asked for."""

    image: str = ""


class TemplateSpec(_Part):
    """What runs in each pod."""

    containers: tuple[Container, ...] = ()


class Template(_Part):
    """The pods of a Deployment."""

    spec: TemplateSpec = TemplateSpec()


class DeploymentSpec(_Part):
    """What is asked for; Kubernetes' own default is one."""

    replicas: int = 1
    template: Template = Template()


class DeploymentStatus(_Part):
    """What is there."""

    ready: int = Field(0, alias="readyReplicas")
    updated: int = Field(0, alias="updatedReplicas")
    conditions: tuple[Condition, ...] = ()


class Deployment(_Part):
    """A Deployment."""

    metadata: Metadata
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class Series(_Part):
    """An Event of the newer sort that goes on."""

    count: int = 1
    last: datetime | None = Field(None, alias="lastObservedTime")


class About(_Part):
    """The object that an Event is about."""

    kind: str = ""
    name: str = ""


class Event(_Part):
    """An Event, written by an older or a newer client: they keep time and count in different fields."""

    metadata: Metadata
    about: About = Field(About(), alias="involvedObject")
    type: str = "Normal"
    reason: str = ""
    message: str | None = ""
    count: int | None = None
    first: datetime | None = Field(None, alias="firstTimestamp")
    last: datetime | None = Field(None, alias="lastTimestamp")
    at: datetime | None = Field(None, alias="eventTime")
    series: Series | None = None


class Page(_Part):
    """Where a list goes on; empty: it has ended."""

    token: str = Field("", alias="continue")


class Listed(_Part, Generic[Item]):
    """One page of a list."""

    metadata: Page = Page()
    items: tuple[Item, ...] = ()

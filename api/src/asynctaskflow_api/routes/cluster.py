"""What the cluster knows of functions: never in the way of anything, and no failure where there is no cluster."""

from typing import Annotated

from fastapi import Query

from asynctaskflow.errors import FunctionNotFound, QueueUnavailable
from asynctaskflow.model.task import FUNCTION_NAME
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.cluster_schema import ClusterEvents, ClusterFacts
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes

Limit = Annotated[int, Query(ge=1, le=500, description="Events, newest first.")]
DEFAULT_LIMIT = 100


class ClusterRoutes:
    """Handlers for the cluster's facts."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them; both have a deadline of their own, which is longer than that of a request to Redis."""
        routes.add(
            "GET",
            "/api/v1/functions/{name}/cluster",
            self.get_function_cluster,
            role=Role.READ,
            tag="functions",
            model=ClusterFacts,
            failures=(404,),
            unbounded=True,
        )
        routes.add(
            "GET",
            "/api/v1/cluster/events",
            self.list_cluster_events,
            role=Role.READ,
            tag="events",
            model=ClusterEvents,
            unbounded=True,
        )

    async def get_function_cluster(self, name: str) -> Reply:
        """Get what the cluster says of a function: conditions, workers, pods with their trouble, Events.

        Read from the API server when asked for, at most two seconds old. Without a cluster, or without its answer:
        ``available`` is false, and ``why`` says why. It needs no Redis.
        """
        if not FUNCTION_NAME.fullmatch(name):
            raise FunctionNotFound(f"function {name[:60]!r}: not a name of one")
        return reply(await self._services.facts.function(name))

    async def list_cluster_events(self, limit: Limit = DEFAULT_LIMIT) -> Reply:
        """List the newest Kubernetes Events about functions, dependencies, tasks and workers.

        Of workers' pods only warnings. Without a cluster, or without its answer: ``available`` is false.
        """
        try:
            functions = await self._services.queue.functions()
        except QueueUnavailable:
            functions = []  # whose workers are whose is not known; the other Events still are
        return reply(await self._services.facts.events(functions, limit=limit))

"""What functions there are, and whether they hand out tasks."""

import asyncio
from typing import Any

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.taskqueue.messages import QueueDepths
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.function_schema import FunctionDetail, FunctionList
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import PauseResponse

FUNCTION = "/api/v1/functions/{name}"
SCHEMAS = {"inputSchema", "outputSchema"}
MS = 1000


class FunctionRoutes:
    """Handlers for functions."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        tag = "functions"
        routes.add(
            "GET",
            "/api/v1/functions",
            self.list_functions,
            role=Role.READ,
            tag=tag,
            model=FunctionList,
        )
        routes.add(
            "GET",
            FUNCTION,
            self.get_function,
            role=Role.READ,
            tag=tag,
            model=FunctionDetail,
            failures=(404,),
        )
        for action, handler in (("pause", self.pause_function), ("resume", self.resume_function)):
            routes.add(
                "POST",
                f"{FUNCTION}/{action}",
                handler,
                role=Role.ADMIN,
                tag=tag,
                model=PauseResponse,
                failures=(404,),
            )

    async def list_functions(self) -> Reply:
        """List functions with their queues and last scaling decisions."""
        queue = self._services.queue
        names = await queue.functions()
        depths, decisions = await asyncio.gather(
            queue.all_depths(names), self._services.scaling.recent_of(names, limit=1)
        )
        specs = await asyncio.gather(
            *(self._services.catalog.spec(one.function) for one in depths), return_exceptions=True
        )
        listed = [
            {
                **_summary(one, spec),
                "last_decision": views.scaling_decision(last[0]) if last else None,
            }
            for one, spec, last in zip(depths, specs, decisions, strict=True)
            if isinstance(spec, FunctionSpec)
        ]
        for spec in specs:
            if isinstance(spec, BaseException) and not isinstance(spec, FunctionNotFound):
                raise spec
        return reply({"functions": listed})

    async def get_function(self, name: str) -> Reply:
        """Get a function: manifest, schemas, queues, workers."""
        known = await self._services.catalog.known(name)
        spec, queue = known.spec, self._services.queue
        depths, workers = await asyncio.gather(queue.depths(name), queue.workers(name))
        stale_ms = round(spec.timeouts.lease_seconds * MS)
        dumped = spec.model_dump(mode="json", by_alias=True)
        return reply(
            {
                **_summary(depths, spec),
                "spec": {key: value for key, value in dumped.items() if key not in SCHEMAS},
                "input_schema": spec.input_schema,
                "output_schema": spec.output_schema,
                "input_checked": not known.inputs.unchecked,
                "input_unchecked_reason": known.inputs.unchecked,
                "workers": [views.worker(one, stale_ms=stale_ms) for one in workers],
            }
        )

    async def pause_function(self, name: str) -> Reply:
        """Stop handing out tasks of a function; submitting goes on."""
        await self._services.catalog.spec(name)
        await self._services.queue.pause(name)
        return reply({"function": name, "paused": True})

    async def resume_function(self, name: str) -> Reply:
        """Hand out tasks of a function again."""
        await self._services.catalog.spec(name)
        await self._services.queue.resume(name)
        return reply({"function": name, "paused": False})


def _summary(depths: QueueDepths, spec: FunctionSpec) -> dict[str, Any]:
    return {
        "name": depths.function,
        "description": spec.description,
        "dependencies": list(spec.dependencies),
        "paused": depths.paused,
        "depths": views.function_depths(depths),
        "max_replicas": spec.scaling.max_replicas,
    }

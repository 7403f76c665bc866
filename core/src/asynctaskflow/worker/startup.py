"""What a worker does before its first claim: reach a safe Redis, and learn how its function is to be run."""

from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from asynctaskflow.errors import FunctionNotFound, QueueUnavailable, UnsafeServer
from asynctaskflow.logs import get_logger
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.store.connection import AsyncRedis, probe
from asynctaskflow.taskqueue.registry import RedisRegistry
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.stopping import Stopping


async def prepare(
    client: AsyncRedis,
    definition: FunctionDefinition[Any, Any, Any],
    own: FunctionSpec | None,
    *,
    handler: str,
    may_register: bool,
    link: Link,
    stopping: Stopping,
    roll: Callable[[], float],
) -> FunctionSpec | None:
    """The function's spec, as soon as Redis answers and is safe; ``None`` if a stop came first.

    Args:
        own: from this worker's manifest; it wins over what is registered.
        handler: ``module:function``, for a function that nobody has registered.
        may_register: make such a function known. Not in a pod: there the operator does, and a pod that starts while
            its Function is deleted would bring it back.
    """
    while not stopping.asked:
        try:
            await probe(client)
            spec = await _agree(
                RedisRegistry(client), definition, own, handler, may_register=may_register
            )
        except (QueueUnavailable, UnsafeServer, RedisError) as error:
            await stopping.pause(link.failed(error, roll=roll()))
        else:
            link.answered()
            return spec
    return None


async def _agree(
    registry: RedisRegistry,
    definition: FunctionDefinition[Any, Any, Any],
    own: FunctionSpec | None,
    handler: str,
    *,
    may_register: bool,
) -> FunctionSpec:
    """Read the registered spec; fill in what only the worker knows: that it exists, and its schemas."""
    try:
        registered = await registry.spec(definition.name)
    except FunctionNotFound:
        registered = None
    spec = own or registered or FunctionSpec(handler=handler, dependencies=definition.dependencies)
    if registered is None and not may_register:
        return spec
    if registered is None or _schemas(registered) != _schemas_of(definition):
        base = registered or spec
        inputs, outputs = _schemas_of(definition)
        told = base.model_copy(update={"input_schema": inputs, "output_schema": outputs})
        await registry.register(definition.name, told)
        get_logger().info("function_registered", function=definition.name)
    return spec


def _schemas(spec: FunctionSpec) -> tuple[dict[str, Any], dict[str, Any]]:
    return spec.input_schema, spec.output_schema


def _schemas_of(
    definition: FunctionDefinition[Any, Any, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    return definition.input_schema(), definition.output_schema()

"""A script and commands behind it on one connection to the node that owns a slot of a Redis Cluster.

For commands that speak of what their own connection has written (WAIT, WAITAOF). The cluster clients' pipelines
send what was redirected again one by one, each on any connection: behind a script that ran elsewhere, WAIT has
nothing to wait for and confirms at once. Here a redirected script is sent again with all that belongs behind it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio.cluster import PipelineCommand
from redis.exceptions import (
    AskError,
    ConnectionError,  # noqa: A004 - the client's own name
    MovedError,
    NoScriptError,
    RedisError,
    TimeoutError,  # noqa: A004 - the client's own name
    TryAgainError,
)

from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.store.lane import Call
from asynctaskflow.store.scripts import Argument

Words = Sequence[Argument]

PAUSE_S = 0.05
TRIES = 3  # connections that were lost; every script tolerates to run again
# A slot moves key by key: a script's keys are together again only when it has moved.
SLOT_MOVES = (AskError, TryAgainError)


async def run_on_owner(
    client: AsyncRedis, call: Call, behind: Sequence[Words], *, timeout_s: float
) -> list[Any]:
    """The script's reply, then those to the commands behind it, refusals of these among them as values.

    Raises:
        redis.exceptions.RedisError: the script was refused, or no node answered.
        TimeoutError: the slot had no owner within the deadline.
    """
    async with asyncio.timeout(timeout_s):
        await client.initialize()
        script, tries = _evalsha(call), 0
        while True:
            node = client.get_node_from_key(call.keys[0])
            try:
                replies = await _exchange(node, [script, *behind])
            except (ConnectionError, TimeoutError) as error:
                tries += 1
                await client.nodes_manager.initialize(last_failed_node_name=node.name)
                if tries == TRIES or isinstance(error, TimeoutError):
                    raise
                await asyncio.sleep(PAUSE_S)
                continue
            match replies[0]:
                case NoScriptError():
                    script = _eval(call)
                case MovedError() as moved:
                    await client.nodes_manager.move_slot(moved)
                case error if isinstance(error, SLOT_MOVES):
                    await asyncio.sleep(PAUSE_S)
                case RedisError() as refusal:
                    raise refusal
                case _:
                    return replies


async def _exchange(node: Any, commands: Sequence[Words]) -> list[Any]:
    sent = [PipelineCommand(position, *words) for position, words in enumerate(commands)]
    await node.execute_pipeline(sent)
    for command in sent:
        if isinstance(command.result, ConnectionError | TimeoutError):
            raise command.result
    return [command.result for command in sent]


def _evalsha(call: Call) -> Words:
    return ("EVALSHA", call.script.sha, len(call.keys), *call.keys, *call.args)


def _eval(call: Call) -> Words:
    return ("EVAL", call.script.source, len(call.keys), *call.keys, *call.args)

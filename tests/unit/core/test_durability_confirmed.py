"""What counts as a confirmation of a write."""

import pytest
from redis.exceptions import ResponseError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.durability import Durability

STRICT = Durability.strict(fsync=True)


def test_a_write_is_confirmed_by_a_replica_in_memory_and_on_disk():
    assert STRICT.confirmed([["reply"], 1, [1, 1]]) == ["reply"]


@pytest.mark.parametrize("waits", [[0, [1, 1]], [1, [1, 0]]], ids=["in memory", "on disk"])
def test_a_write_that_no_replica_has_is_not_confirmed(waits):
    with pytest.raises(QueueUnavailable, match="outcome unknown"):
        STRICT.confirmed(["reply", *waits])


def test_a_node_without_waitaof_confirms_what_it_can():
    unknown = ResponseError("unknown command 'WAITAOF', with args beginning with: '1' '1' '1000' ")

    assert STRICT.confirmed(["reply", 1, unknown]) == "reply"


def test_a_refused_confirmation_is_none():
    with pytest.raises(QueueUnavailable, match="not confirmed"):
        STRICT.confirmed(["reply", ResponseError("NOREPLICAS"), [1, 1]])

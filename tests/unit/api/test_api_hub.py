"""Who listens to events gets all of them, or is told; nobody holds more than its share."""

from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api.streams.hub import Listener
from asynctaskflow_api.streams.position import Frame


def frame(number: int, function: str = "f") -> Frame:
    event = Event(f"{number}-0", function, "u", "enqueued", "", "PENDING", number)
    return Frame(event, event.stream_id, "", {})


def test_a_listener_that_falls_behind_is_lost_and_holds_nothing_more():
    listener = Listener(lambda _: True, limit=2)
    for number in range(5):
        listener.offer(frame(number))

    assert listener.lost
    assert listener.arrived.is_set()
    assert listener.take() == []


def test_a_listener_gets_what_it_accepts_in_order_and_once():
    listener = Listener(lambda event: event.function == "f", limit=2)
    first, second = frame(1), frame(3)
    for one in (first, frame(2, "other"), second):
        listener.offer(one)

    assert listener.take() == [first, second]
    assert listener.take() == []
    assert not listener.arrived.is_set()
    assert not listener.lost

"""Events as server-sent events, in two dialects: the seed's status stream and the full feed. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api.streams.position import Frame
from asynctaskflow_api.views import iso

STATUS_STREAM = "status"
FEED = "feed"
PING = b": ping\n\n"
NO_UUID = {"", "-"}


def entry(data: Mapping[str, Any], *, event: str = "", cursor: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    mark = f"id: {cursor}\n" if cursor else ""
    return f"{mark}{head}data: ".encode() + orjson.dumps(data) + b"\n\n"


def reset(reason: str, *, cursor: str) -> bytes:
    """Tell a client that events are missing: read everything anew, then go on from here."""
    return entry({"type": "reset", "reason": reason}, event="reset", cursor=cursor)


def task_id(event: Event) -> str | None:
    """Id of the task that an event is about, if it is about one."""
    return None if event.uuid in NO_UUID else f"{event.function}-{event.uuid}"


def status(frame: Frame, depths: Mapping[str, int]) -> bytes:
    """The seed's dialect: ``data:`` alone, its ``type`` inside; more fields than the seed had."""
    if STATUS_STREAM not in frame.rendered:
        data = _status_data(frame.event, depths)
        frame.rendered[STATUS_STREAM] = entry(data, cursor=frame.cursor)
    return frame.rendered[STATUS_STREAM]


def _status_data(event: Event, depths: Mapping[str, int]) -> dict[str, Any]:
    common = {
        "function": event.function,
        "task_type": event.function,
        "task_id": task_id(event),
        "queue_depths": depths,
        "timestamp": iso(event.at_ms),
        "kind": event.kind,
    }
    match event.kind:
        case "enqueued":
            return {"type": "task_created", "state": event.new, **common}
        case "progress":
            progress = {"progress": event.progress, "note": event.note}
            return {"type": "task_progress", **common, **progress}
        case "paused" | "resumed":
            return {"type": f"function_{event.kind}", **common}
        case _:
            change = {
                "old_state": event.old or None,
                "new_state": event.new or None,
                "error_type": event.error_class or None,
                "worker_id": event.worker or None,
            }
            return {"type": "task_state_changed", **common, **change}


def feed(frame: Frame) -> bytes:
    """The full feed: ``event: task`` or ``event: function``, every field."""
    if FEED not in frame.rendered:
        event = frame.event
        name = "function" if event.uuid in NO_UUID else "task"
        frame.rendered[FEED] = entry(feed_data(event), event=name, cursor=frame.cursor)
    return frame.rendered[FEED]


def feed_data(event: Event) -> dict[str, Any]:
    """The event as a ``FeedEvent``."""
    return {
        "id": event.id,
        "kind": event.kind,
        "function": event.function,
        "task_id": task_id(event),
        "old_state": event.old or None,
        "new_state": event.new or None,
        "at": iso(event.at_ms),
        "attempt": event.attempt,
        "worker": event.worker,
        "error_class": event.error_class,
        "progress": event.progress,
        "note": event.note,
    }

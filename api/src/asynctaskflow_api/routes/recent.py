"""What happened lately: the past of the event feed, from the streams that it reads."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from asynctaskflow.taskqueue.messages import Event, EventKind
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.event_schema import RecentEvents
from asynctaskflow_api.problems import BadRequest
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routes.tasks import parse_id
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.streams import formats

MOST = 500
Functions = Annotated[
    list[str], Query(max_length=100, description="Only of these; may repeat. None: of all.")
]
Kinds = Annotated[
    list[EventKind],
    Query(max_length=20, description="Only these; may repeat. None: all but progress."),
]
OneTask = Annotated[str, Query(max_length=80, description="Only this task's.")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Before = Annotated[
    str, Query(max_length=100, description="Only older ones: `next_cursor`, or an event's `id`.")
]


class RecentRoutes:
    """The handler for past events."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register it."""
        routes.add(
            "GET",
            "/api/v1/events/recent",
            self.list_recent_events,
            role=Role.READ,
            tag="events",
            model=RecentEvents,
            failures=(404,),
        )

    async def list_recent_events(
        self,
        function: Functions = [],  # noqa: B006 - FastAPI copies it
        task: OneTask = "",
        kind: Kinds = [],  # noqa: B006 - FastAPI copies it
        limit: Limit = 200,
        before: Before = "",
    ) -> Reply:
        """List what happened lately, newest first, as the event feed tells it.

        About the last 10,000 transitions of each function are kept. Progress reports are left out unless `kind` asks
        for them: a long task would bury all the rest. A page may be short and still have a `next_cursor`: no more
        than one entry of each function's stream and 4,096 others are read for one.
        """
        queue = self._services.queue
        wanted = parse_id(task) if task else None
        names = [wanted.function] if wanted else function
        functions = [one for one in await queue.functions() if not names or one in names]
        uuid = wanted.uuid if wanted else ""
        try:
            page = await queue.recent_events(
                functions,
                limit=limit,
                before=before,
                accepts=lambda event: _is_wanted(event, uuid, kind),
            )
        except ValueError as error:
            raise BadRequest(f"before: {error}") from error
        return reply(
            {
                "events": [formats.feed_data(event) for event in page.events],
                "next_cursor": page.cursor,
            }
        )


def _is_wanted(event: Event, uuid: str, kinds: Sequence[str]) -> bool:
    if uuid and event.uuid != uuid:
        return False
    return event.kind in kinds if kinds else event.kind != "progress"

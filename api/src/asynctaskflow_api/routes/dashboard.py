"""The dashboard's pages: one file under every address of its own, and nothing where it is not installed."""

from starlette.responses import Response

from asynctaskflow_api.access import Role
from asynctaskflow_api.dashboard import PAGES, Dashboard
from asynctaskflow_api.routing import Routes


class DashboardRoutes:
    """The handler for pages; ``/`` is shared with programs and so belongs to ``HealthRoutes``."""

    def __init__(self, dashboard: Dashboard) -> None:
        """Keep the dashboard."""
        self._dashboard = dashboard

    def mount(self, routes: Routes) -> None:
        """Register it under each address."""
        for path in PAGES:
            routes.add("GET", path, self.get_page, role=Role.PUBLIC, tag="health", shown=False)

    async def get_page(self) -> Response:
        """Get the dashboard, which reads the address itself."""
        return self._dashboard.index()

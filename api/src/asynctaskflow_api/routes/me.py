"""Who calls: so that a client offers only what its credential allows."""

from starlette.requests import Request

from asynctaskflow_api.access import Principal, Role
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import Me


class MeRoutes:
    """The handler for the caller's own credential."""

    def mount(self, routes: Routes) -> None:
        """Register it."""
        routes.add("GET", "/api/v1/me", self.get_me, role=Role.READ, tag="health", model=Me)

    async def get_me(self, request: Request) -> Reply:
        """Get the name and role of the credential that this request carries."""
        principal: Principal = request.scope["principal"]
        return reply({"name": principal.name, "role": principal.role.name.lower()})

"""Stands before every operation: who calls, and is it a browser speaking for another site?"""

from urllib.parse import urlsplit

from starlette.types import Scope

from asynctaskflow_api.access import Authenticator, Role
from asynctaskflow_api.problems import SAFE_METHODS, CrossSite, Forbidden, Unauthenticated

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """Admits requests, or raises.

    Args:
        hosts: names that a browser may use while there is no authentication; ``None``: any. Stops pages of
            other sites whose name was made to point here (DNS rebinding).
        origins: sites that may send changes from a browser beside our own.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        *,
        hosts: frozenset[str] | None = None,
        origins: frozenset[str] = frozenset(),
    ) -> None:
        """Keep the rules."""
        self._authenticator = authenticator
        self._hosts = hosts
        self._origins = origins

    async def admit(self, scope: Scope, role: Role) -> None:
        """Let the request pass.

        Raises:
            Unauthenticated, Forbidden, CrossSite, TokensUnavailable
        """
        token, origin, host, site = _credentials(scope)
        if self._hosts is not None and _name(host) not in self._hosts:
            raise CrossSite(f"host {_name(host)[:100]!r} is not one of this API's names")
        if scope["method"] not in SAFE_METHODS and not self._is_ours(origin, host, site):
            raise CrossSite("a page of another site may not send changes")
        if role is Role.PUBLIC:
            return
        principal = await self._authenticator.principal(token)
        if principal is None:
            raise Unauthenticated(f"send {self._authenticator.accepts}")
        if principal.role < role:
            raise Forbidden(principal.refusal(role))
        scope["principal"] = principal

    def _is_ours(self, origin: str, host: str, site: str) -> bool:
        if origin and origin in self._origins:
            return True
        if site in {"cross-site", "same-site"}:
            return False
        return not origin or urlsplit(origin).netloc == host


def _credentials(scope: Scope) -> tuple[str, str, str, str]:
    token = origin = host = site = ""
    for name, value in scope["headers"]:
        match name:
            case b"authorization":
                kind, _, rest = value.decode("latin-1").partition(" ")
                token = rest.strip() if kind.lower() == "bearer" else token
            case b"x-api-key":
                token = token or value.decode("latin-1").strip()
            case b"origin":
                origin = value.decode("latin-1")
            case b"host":
                host = value.decode("latin-1").lower()
            case b"sec-fetch-site":
                site = value.decode("latin-1")
    return token, origin, host, site


def _name(host: str) -> str:
    """The name without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
